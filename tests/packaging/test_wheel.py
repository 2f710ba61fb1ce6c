"""The wheel, as it is built from this checkout."""

import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"service", "cache", "index"}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
ABOUT = f"nearhit-{VERSION}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, opened."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.iterdir()
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_holds_three_packages_and_nothing_beside_them(wheel):
    """Generic names at the top level are those of the three packages alone."""
    assert {name.split("/")[0] for name in wheel.namelist()} == PACKAGES | {ABOUT}


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_packages_are_typed(wheel, package):
    """Each package says that its annotations are meant to be used."""
    assert {f"{package}/__init__.py", f"{package}/py.typed"} <= set(wheel.namelist())


def test_every_module_is_in_it(wheel):
    """No ignore pattern keeps a module of the checkout out."""
    modules = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }

    assert modules - set(wheel.namelist()) == set()


def test_the_demos_weights_are_in_it(wheel):
    """Without them the demo of an installed nearhit could not rank."""
    assert "service/demo/clip/weights.safetensors" in wheel.namelist()


def test_pages_are_in_it(wheel):
    """The static files of the pages travel with the code that serves them."""
    web = {path.relative_to(ROOT).as_posix() for path in (ROOT / "service/web").iterdir()}

    assert "service/web/index.html" in web
    assert web - set(wheel.namelist()) == set()


def test_can_not_be_uploaded_by_mistake(wheel):
    """The classifier makes public indexes refuse it."""
    metadata = Parser().parsestr(wheel.read(f"{ABOUT}/METADATA").decode())

    assert "Private :: Do Not Upload" in metadata.get_all("Classifier")


def test_brings_the_command(wheel):
    """The console script is there, and names a module of the wheel."""
    scripts = wheel.read(f"{ABOUT}/entry_points.txt").decode()

    assert "nearhit = service.cli:main" in scripts.splitlines()
    assert "service/cli/__init__.py" in wheel.namelist()
