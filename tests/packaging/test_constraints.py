"""The pins in constraints.txt."""

import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
NAMED = [*PROJECT["dependencies"], *(text for extra in EXTRAS.values() for text in extra)]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def needed() -> set[str]:
    """Names of all that the project and its extras `offline` and `dev` need, transitively."""
    waiting = [*PROJECT["dependencies"], *EXTRAS["offline"], *EXTRAS["dev"]]
    seen: set[str] = set()
    found = set()
    while waiting:
        text = waiting.pop()
        if text in seen:
            continue
        seen.add(text)
        requirement = Requirement(text)
        found.add(canonicalize_name(requirement.name))
        waiting += [
            needs
            for needs in distribution(requirement.name).requires or []
            if applies(Requirement(needs), requirement.extras)
        ]
    return found


def applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})


def test_everything_needed_is_pinned():
    """What runs and what tests is the same everywhere, transitive packages included."""
    assert needed() - pins().keys() == set()


@pytest.mark.parametrize("text", NAMED)
def test_pins_are_versions_the_project_takes(text):
    """No pin contradicts pyproject.toml."""
    requirement = Requirement(text)

    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_pins_name_no_build():
    """A CPU and a CUDA build of a version both satisfy its pin."""
    assert not any("+" in version for version in pins().values())
