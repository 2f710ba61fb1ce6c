"""The generic names `service`, `cache` and `index` mean this checkout."""

import importlib
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.tools import require

ROOT = Path(__file__).parents[2]
PACKAGES = ["service", "cache", "index"]


@pytest.mark.parametrize("name", PACKAGES)
def test_names_import_this_checkout(name):
    """What is tested is what stands beside the tests."""
    package = importlib.import_module(name)

    assert Path(package.__file__) == ROOT / name / "__init__.py"


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_distribution_has_the_names(name):
    """No dependency brings a package that ours would hide, or that would hide ours."""
    assert set(packages_distributions().get(name, [])) <= {"nearhit"}


@pytest.mark.parametrize(
    "path",
    ["cache/clock.py", "cache/build/x.py", "service/dist/x.py", "index/.cache/x.py", "tests/x.py"],
)
def test_ignore_patterns_hide_no_module(path):
    """Patterns are anchored: a folder named like an artefact is not one inside a package."""
    assert ignored(path) is False


@pytest.mark.parametrize("path", [".venv/x", ".cache/nearhit.db", ".env", "cache/x.pyc"])
def test_ignore_patterns_hide_what_is_made(path):
    """What running and building leave behind stays out of the repository."""
    assert ignored(path) is True


def test_no_source_is_ignored():
    """Nothing under the packages is ignored but compiled files."""
    listed = git("ls-files", "--others", "--ignored", "--exclude-standard", *PACKAGES, "tests")

    assert [path for path in listed.splitlines() if not path.endswith(".pyc")] == []


def ignored(path: str) -> bool:
    asked = subprocess.run(
        [require("git"), "check-ignore", "--quiet", "--no-index", path], cwd=ROOT, check=False
    )
    assert asked.returncode in {0, 1}
    return asked.returncode == 0


def git(*arguments: str) -> str:
    return subprocess.run(
        [require("git"), *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
