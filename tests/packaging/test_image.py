"""The Dockerfile, read: there may be no engine to build it with."""

import fnmatch
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from service.settings import Settings

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """Return keyword and rest of each instruction, continued lines joined."""
    lines = [
        line
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if not line.lstrip().startswith("#")
    ]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    pairs = (line.partition(" ") for line in whole.splitlines() if line.strip())
    return [(keyword, rest.strip()) for keyword, _, rest in pairs]


def stages() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the stages: what follows FROM, and the instructions below it."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for keyword, rest in instructions():
        if keyword == "FROM":
            found.append((rest, []))
        else:
            found[-1][1].append((keyword, rest))
    return found


def final(keyword: str) -> list[str]:
    """Return the final stage's instructions of one keyword."""
    return [rest for name, rest in stages()[-1][1] if name == keyword]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in final("ENV") for pair in shlex.split(rest))


def copied() -> list[str]:
    """Return what is copied from the checkout, in any stage."""
    return [
        source
        for keyword, rest in instructions()
        if keyword == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]


def test_the_final_image_is_slim_and_brings_no_tools():
    """What builds stays behind: the last stage starts from the plain base."""
    assert len(stages()) > 1
    assert stages()[-1][0] == "python:3.11-slim"


def test_stages_that_are_named_exist():
    """Whatever copies or mounts from a stage names one that stands above."""
    names: set[str] = set()
    for base, steps in stages():
        used = {name for _, rest in steps for name in re.findall(r"(?:--|,)from=(\w+)", rest)}
        assert used <= names
        names |= set(base.partition(" AS ")[2].split())


def test_does_not_run_as_root():
    """The user is a fixed number, which Kubernetes can check."""
    (user,) = final("USER")

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_is_there(source):
    """Every source of a COPY exists in the checkout."""
    assert (ROOT / source).exists()


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_reaches_the_build(source):
    """The ignore file lets every source of a COPY through, and nothing else."""
    patterns = (ROOT / ".dockerignore").read_text().splitlines()

    assert "*" in patterns
    assert f"!/{source}" in patterns


@pytest.mark.parametrize("path", [".env", ".git/config", ".cache/nearhit.db", ".venv/pyvenv.cfg"])
def test_secrets_and_caches_stay_out(path):
    """Nothing of a checkout but its sources reaches the build."""
    let_through = [
        line.removeprefix("!/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]

    assert not any(fnmatch.fnmatch(path.split("/")[0], pattern) for pattern in let_through)


def test_every_package_is_copied():
    """What the wheel is made of is what the image is made of."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= set(copied())


def test_settings_are_real_and_valid(monkeypatch):
    """Every NEARHIT_ name is a field of Settings, and takes the value given."""
    values = {k: v for k, v in environment().items() if k.startswith("NEARHIT_")}
    for name, value in values.items():
        monkeypatch.setenv(name, value)

    settings = Settings(_env_file=None)

    fields = {name.removeprefix("NEARHIT_").lower() for name in values}
    assert fields <= settings.model_fields_set
    assert settings.host == "0.0.0.0"


def test_everything_kept_is_in_the_volumes():
    """Store, photos and models are written to folders that may be mounted."""
    (volumes,) = final("VOLUME")
    values = environment()

    assert json.loads(volumes) == ["/data", values["HF_HOME"]]
    assert values["NEARHIT_STORE"].startswith("sqlite:////data/")
    assert values["NEARHIT_PHOTO_FOLDER"].startswith("/data/")
    assert values["NEARHIT_MODEL_FOLDER"].startswith("/data/")


def test_no_secret_is_baked_in():
    """No key or token is an argument or a variable of the image."""
    said = [rest for keyword, rest in instructions() if keyword in {"ARG", "ENV"}]

    assert not re.search(r"KEY|TOKEN|SECRET|PASSWORD", " ".join(said))


def test_health_is_liveness():
    """The check asks /alive with what the image has: Python, no curl."""
    (check,) = final("HEALTHCHECK")
    program, flag, code = json.loads(check.partition("CMD ")[2])

    compile(code, "healthcheck", "exec")

    assert (program, flag) == ("python", "-c")
    assert "/alive" in code


def test_starts_serving():
    """The image is the command, and serves where it is told nothing else."""
    assert (final("ENTRYPOINT"), final("CMD")) == (['["nearhit"]'], ['["serve"]'])
