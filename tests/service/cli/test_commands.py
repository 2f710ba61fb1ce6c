"""The command line against a running service."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.app import create_app
from service.demo.lookalike import lookalike
from service.lifecycle import Service
from tests.servers import serve, wait_until_ready
from tests.settings import make_settings

NEARHIT = Path(sys.executable).with_name("nearhit")


def nearhit(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in a terminal wide enough for a table."""
    return subprocess.run(
        [str(NEARHIT), *arguments],
        env={"PATH": "", "COLUMNS": "160", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def url(
    drawn_photos: Path, tiny_models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A running service."""
    with serve(lookalike(drawn_photos)) as source:
        settings = make_settings(source, tiny_models, tmp_path_factory.mktemp("cli"))
        with serve(create_app(Service(settings))) as url:
            wait_until_ready(url)
            yield url


def test_search_prints_a_table_and_the_tier(url: str):
    """Score, photo, author and tags stand in a table, the way of the answer below it."""
    ran = nearhit("search", "horse", "a horse", "--k", "2", "--url", url)

    assert ran.returncode == 0, ran.stderr
    assert "score" in ran.stdout
    assert ran.stdout.count("horse, meadow") == 2
    assert "Answered from tier origin" in ran.stdout


def test_search_prints_json_on_request(url: str):
    """`--json` is the answer of the API, for programs."""
    ran = nearhit("search", "dog", "a dog", "--json", "--url", url)

    assert len(json.loads(ran.stdout)["results"]) == 3


def test_what_the_service_refuses_is_one_sentence(url: str):
    """The problem's own sentence, exit status 1, no traceback."""
    ran = nearhit("search", " ", "a horse", "--url", url)

    assert ran.returncode == 1
    assert "`t` is empty" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_stats_prints_tiers_and_sums(url: str):
    """Every tier has its row."""
    ran = nearhit("stats", "--url", url)

    assert ran.returncode == 0, ran.stderr
    assert all(tier in ran.stdout for tier in ("exact", "semantic", "pool", "origin"))
    assert "API calls made" in ran.stdout


@pytest.mark.parametrize("command", [["stats"], ["search", "horse", "a horse"]])
def test_without_a_service_the_way_to_start_one_is_said(command: list[str]):
    """A refused connection becomes a sentence that helps."""
    ran = nearhit(*command, "--url", "http://127.0.0.1:9")

    assert ran.returncode == 1
    assert "nearhit serve" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_wrong_setting_is_named():
    """A value out of bounds stops the command with the variable's name."""
    ran = nearhit("stats", NEARHIT_POOL_SIZE="1000")

    assert ran.returncode == 1
    assert "NEARHIT_POOL_SIZE" in ran.stderr


def test_models_list_tells_what_is_here(tiny_models: dict[str, Path]):
    """Each model the settings name, where it was found and its size."""
    ran = nearhit("models", "list", NEARHIT_CLIP_MODEL=str(tiny_models["clip"]))

    assert ran.returncode == 0, ran.stderr
    assert "offline package" in ran.stdout
    assert "folder" in ran.stdout


def test_models_pull_of_what_is_here_fetches_nothing(tiny_models: dict[str, Path]):
    """A model that is here is said to be."""
    ran = nearhit("models", "pull", NEARHIT_CLIP_MODEL=str(tiny_models["clip"]))

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("is here already") == 2


@pytest.mark.parametrize(
    "command", [[], ["serve"], ["search"], ["stats"], ["models"], ["models", "pull"]]
)
def test_help_is_there_for_every_command(command: list[str]):
    """Every command explains itself."""
    ran = nearhit(*command, "--help")

    assert ran.returncode == 0
    assert "Usage" in ran.stdout


def test_help_imports_nothing_heavy():
    """`--help` must be quick: no torch, FAISS, NumPy or web framework."""
    program = (
        "import sys; from service.cli import app; "
        "print({'torch', 'faiss', 'numpy', 'fastapi'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert ran.stdout.strip() == "set()"
