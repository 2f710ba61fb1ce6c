"""Documentation that cannot rot: what it names exists, and what exists is named."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from service.settings import Settings
from tests.tools import require

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FIELDS = Settings.model_fields
SPEAKING_OF_SETTINGS = [
    path
    for pattern in (
        "README.md",
        "CHANGELOG.md",
        "docs/**/*.md",
        "k8s/**/*",
        "Dockerfile",
        "compose.yaml",
        "Makefile",
        "service/web/*",
    )
    for path in sorted(ROOT.glob(pattern))
    if path.is_file()
]
# In two parts each, as this file is searched too
REGISTRIES = [
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("anaconda", "org"),
    ("download.pytorch", "org"),
    ("crates", "io"),
]


def rows(path: Path) -> dict[str, list[str]]:
    """Return the table rows of a page: further cells by the first, without backticks."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in path.read_text().splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]
    return {first.strip("`"): rest for first, *rest in cells}


def documented() -> dict[str, list[str]]:
    """Return the rows of the settings page by field name."""
    return {
        name.removeprefix("NEARHIT_").lower(): rest
        for name, rest in rows(ROOT / "docs/settings.md").items()
        if name.startswith("NEARHIT_")
    }


@pytest.mark.parametrize("path", SPEAKING_OF_SETTINGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_settings_that_are_named_exist(path):
    """Every NEARHIT_ name in pages, manifests and images is a field of Settings."""
    named = re.findall(r"NEARHIT_([A-Z][A-Z0-9_]*)", path.read_text())

    assert {name.lower() for name in named} - FIELDS.keys() == set()


def test_settings_that_exist_are_documented():
    """The settings page has one row a field, in the order of the class."""
    assert list(documented()) == list(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_documented_defaults_are_the_defaults(name, monkeypatch):
    """Setting the documented default changes nothing; unset means there is none."""
    default = documented()[name][0]
    if default == "*unset*":
        assert FIELDS[name].default is None
        return
    monkeypatch.setenv(f"NEARHIT_{name.upper()}", default.strip("`"))

    value = getattr(Settings(_env_file=None), name)

    assert value == FIELDS[name].default


@pytest.mark.parametrize("name", FIELDS)
def test_settings_say_what_they_do(name):
    """A setting has a sentence on the page and one in the class."""
    assert documented()[name][1].endswith(".")
    assert FIELDS[name].description


@pytest.mark.parametrize("section", ["runtime", *PROJECT["optional-dependencies"]])
def test_dependencies_say_why_they_are_here(section):
    """Each requirement has one line of why in its section, and nothing else has."""
    requirements = (
        PROJECT["dependencies"]
        if section == "runtime"
        else PROJECT["optional-dependencies"][section]
    )
    title = "Runtime" if section == "runtime" else f"Extra `{section}`"
    page = (ROOT / "docs/dependencies.md").read_text()
    part = page.split(f"## {title}\n")[1].split("\n## ")[0]

    told = re.findall(r"^\| ([\w-]+) \| \S.*\. \|$", part, re.MULTILINE)

    assert told == sorted(canonicalize_name(Requirement(text).name) for text in requirements)


def test_links_between_pages_lead_somewhere():
    """Every relative link in the pages names a file, and a heading that is there."""
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]

    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", page.read_text())
        if not leads_somewhere(page, target)
    ]

    assert broken == []


def leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = page.parent / name
    if not path.exists():
        return False
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE) if anchor else []
    slugs = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    return not anchor or anchor in slugs


def test_no_file_names_a_package_registry():
    """Where packages come from is for those who install to say."""
    hosts = [".".join(parts) for parts in REGISTRIES]

    assert [path for path, text in sources() if any(host in text for host in hosts)] == []


def test_no_file_names_a_folder_of_a_developer():
    """No absolute path of somebody's machine."""
    somebody = re.compile(r"(?<![\w.~/-])/(?:home|Users|root|work|workspace)/\w")

    assert [path for path, text in sources() if somebody.search(text)] == []


def sources() -> list[tuple[str, str]]:
    """Return path and text of every text file that is, or would be, in the repository."""
    listed = subprocess.run(
        [require("git"), "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    found = []
    for name in listed:
        try:
            found.append((name, (ROOT / name).read_text()))
        except (UnicodeDecodeError, FileNotFoundError):  # a picture, or deleted just now
            continue
    assert found
    return found
