"""The command line against a running service."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.command import fails, nearhit
from tests.servers import serve, serve_nearhit

ODD = "[/b] [red]x :smile: \x1b[31m"
PRINTED = "[/b] [red]x :smile:  [31m"
"""The same without what steers a terminal."""


@pytest.fixture(scope="module")
def url(
    drawn_photos: Path, tiny_models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A running service."""
    with serve_nearhit(drawn_photos, tiny_models, tmp_path_factory.mktemp("cli")) as url:
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

    assert "`t` is empty" in fails(ran)


def test_stats_prints_tiers_and_sums_of_both_parts(url: str):
    """Every tier has its row for this replica and for all, and every sum has both columns."""
    nearhit("search", "cat", "a cat", "--url", url)
    wait_until_flushed(url)
    ran = nearhit("stats", "--url", url)

    assert ran.returncode == 0, ran.stderr
    assert all(ran.stdout.count(f"│ {tier} ") == 2 for tier in ("exact", "pool", "origin"))
    rows = [line.strip("│").split("│") for line in ran.stdout.split("all replicas")[1].splitlines()]
    sums = {name.strip(): (here.strip(), all_.strip()) for name, here, all_ in filter(is_row, rows)}
    assert sums["API calls made"] == sums["searches"]
    assert "photos: encoded" in sums
    assert "encoder seconds spent: clip_images" in sums
    assert [name for name, cells in sums.items() if "" in cells] == []
    assert all(f"│ {model} " in ran.stdout for model in ("query_queries", "clip_images"))


def wait_until_flushed(url: str) -> None:
    """Return once the sums of all replicas hold every search."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        figures = httpx.get(f"{url}/cache/stats").json()
        if figures["cluster"]["searches"] == figures["replica"]["searches"]:
            return
        time.sleep(0.05)
    raise AssertionError("nothing is flushed")


def is_row(cells: list[str]) -> bool:
    return len(cells) == 3


@pytest.mark.parametrize("command", [["stats"], ["search", "horse", "a horse"]])
def test_without_a_service_the_way_to_start_one_is_said(command: list[str]):
    """A refused connection becomes a sentence that helps."""
    ran = nearhit(*command, "--url", "http://127.0.0.1:9")

    assert "nearhit serve" in fails(ran)


def odd_answer(request: Request) -> Response:
    """Answer like the service, with texts that look like markup."""
    if request.query_params["t"] == "refused":
        return JSONResponse({"detail": f"{ODD} is refused."}, 422)
    if request.query_params["t"] == "broken":
        return events(("error", {"detail": f"{ODD} has broken.", "retry_after_s": 1}))
    if request.query_params["t"] == "lost":
        headers = {"Content-Length": "1000", "Content-Type": "text/event-stream"}
        return StreamingResponse(iter([b": here\n\n"]), headers=headers)
    if request.query_params["t"] == "cut":
        return events(("progress", {"photos": 3, "fetched": 1, "encoded": 1, "failed": 0}))
    photo = {"score": 1.0, "page_url": "", "url": f"https://a.example/{ODD}", "author": ODD}
    matched = {"query": ODD, "tag": ODD}
    answer = {
        "results": [photo | {"tags": [ODD]}],
        "cache": {"tier": "semantic", "matched": matched, "similarity": 0.9},
        "timings_ms": {"total": 1.0},
    }
    return events(("result", answer))


def events(*told: tuple[str, object]) -> Response:
    """Answer with events."""
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in told)
    return Response(body, media_type="text/event-stream")


def odd_figures(_: Request) -> Response:
    """Answer like the service, a tier of another version among the figures."""
    replica = {"tiers": {ODD: {"count": 1, "share": 1.0}}, "latency_ms": {}}
    return JSONResponse({"replica": replica, "cluster": None})


@pytest.fixture(scope="module")
def odd_url() -> Iterator[str]:
    """A server that answers like the service, with texts that look like markup."""
    routes = [Route("/search/stream", odd_answer), Route("/cache/stats", odd_figures)]
    with serve(Starlette(routes=routes)) as url:
        yield url


def test_search_prints_texts_from_outside_as_they_are(odd_url: str):
    """Authors, tags, addresses and queries are neither markup nor commands of the terminal."""
    ran = nearhit("search", "a", "b", "--url", odd_url, COLUMNS="300")

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(PRINTED) == 5
    assert "\x1b" not in ran.stdout


def test_a_search_that_is_cut_off_says_so(odd_url: str):
    """A stream that ends without an answer is a sentence, not an empty table."""
    ran = nearhit("search", "cut", "b", "--url", odd_url)

    assert "ended the search without an answer" in fails(ran)


def test_a_connection_that_breaks_off_is_not_taken_for_no_service(odd_url: str):
    """There was one, so starting one is no advice."""
    ran = nearhit("search", "lost", "b", "--url", odd_url)

    assert "was lost" in fails(ran)


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://127.0.0.1"])
def test_an_address_says_how_it_is_reached(url: str):
    """Without http or https before it, it is none."""
    assert "needs http:// or https:// before it" in fails(nearhit("stats", "--url", url))


def test_stats_prints_texts_from_outside_as_they_are(odd_url: str):
    """Names of tiers are no markup."""
    ran = nearhit("stats", "--url", odd_url)

    assert ran.returncode == 0, ran.stderr
    assert PRINTED in ran.stdout


def test_errors_are_printed_as_they_are(odd_url: str):
    """Neither the sentence of a service nor an address on the command line is markup."""
    refused = nearhit("search", "refused", "b", "--url", odd_url)
    nowhere = nearhit("stats", "--url", "http://127.0.0.1:9/[/b]")

    broken = nearhit("search", "broken", "b", "--url", odd_url)

    assert f"{PRINTED} is refused." in fails(refused)
    assert f"{PRINTED} has broken." in fails(broken)
    assert "http://127.0.0.1:9/[/b]" in fails(nowhere)


def test_models_prints_names_as_they_are(tiny_models: dict[str, Path], tmp_path: Path):
    """A folder may have a name that looks like markup."""
    (tmp_path / "[red]").mkdir()
    odd = tmp_path / "[red]" / "[" / "b]"
    odd.parent.mkdir()
    odd.symlink_to(tiny_models["clip"])

    for command in ("list", "pull"):
        plain = {"NEARHIT_QUERY_BACKEND": "torch", "COLUMNS": "500"}
        ran = nearhit("models", command, NEARHIT_CLIP_MODEL=str(odd), **plain)

        assert ran.returncode == 0, ran.stderr
        assert str(odd) in ran.stdout


LIST = 'NEARHIT_PHOTO_HOSTS must be a JSON list of texts, such as ["a.example"].'


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("POOL_SIZE", "1000", "NEARHIT_POOL_SIZE: Input should be less than or equal to 200."),
        ("PORT", "abc", "NEARHIT_PORT: "),
        ("PORT", "70000", "NEARHIT_PORT: "),
        ("LOG_LEVEL", "loud", "NEARHIT_LOG_LEVEL: "),
        ("ADMIN_TOKEN", "too short", "NEARHIT_ADMIN_TOKEN: It must have at least 16 characters"),
        ("ADMIN_TOKEN", "with a space between", "NEARHIT_ADMIN_TOKEN: It must have"),
        ("PHOTO_HOSTS", "127.0.0.1", LIST),
        ("PHOTO_HOSTS", '"a.example"', LIST),
        ("PHOTO_HOSTS", "[1]", LIST),
        ("CORS_ORIGINS", "*", "NEARHIT_CORS_ORIGINS must be a JSON list"),
    ],
)
def test_a_wrong_setting_is_named(setting: str, value: str, sentence: str):
    """A value that cannot be stops every command with the variable's name."""
    assert sentence in fails(nearhit("stats", **{f"NEARHIT_{setting}": value}))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"FOLDER": "/nowhere"}, "NEARHIT_FOLDER is /nowhere, which is no folder we can read."),
        ({"PIXABAY_API_KEY": "k", "PIXABAY_URL": "nonsense"}, "NEARHIT_PIXABAY_URL must be"),
        ({"SOURCE": "folder"}, "NEARHIT_FOLDER must name the folder of your photos."),
        ({"SOURCE": "pixabay", "PIXABAY_API_KEY": ""}, "Pixabay needs a key"),
        ({"HOST": "999.1.1.1"}, "Nothing can listen on 999.1.1.1, port 0."),
    ],
)
def test_what_cannot_be_served_is_one_sentence(
    settings: dict[str, str], sentence: str, tmp_path: Path
):
    """A service that cannot start says why and what to set."""
    environment = {f"NEARHIT_{name}": value for name, value in settings.items()}
    environment["NEARHIT_STORE"] = f"sqlite:///{tmp_path / 'nearhit.db'}"

    ran = nearhit("serve", "--port", "0", NEARHIT_PHOTO_FOLDER=str(tmp_path), **environment)

    assert sentence in fails(ran)


def test_a_port_that_is_taken_is_named():
    """Two services cannot listen on one port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = nearhit("serve", "--port", str(port))

    assert f"port {port}" in fails(ran)


def test_models_list_tells_what_is_here(tiny_models: dict[str, Path]):
    """Each model the settings name, where it was found and its size."""
    ran = nearhit("models", "list", NEARHIT_CLIP_MODEL=str(tiny_models["clip"]))

    assert ran.returncode == 0, ran.stderr
    assert "offline package" in ran.stdout
    assert "folder" in ran.stdout


def test_models_pull_of_what_is_here_fetches_nothing(tiny_models: dict[str, Path], tmp_path: Path):
    """A model that is here is said to be; what is made of it is made ahead, once."""
    named = {f"NEARHIT_{name.upper()}_MODEL": str(path) for name, path in tiny_models.items()}
    runs = []
    for _ in range(2):
        runs.append(nearhit("models", "pull", NEARHIT_MODEL_FOLDER=str(tmp_path), **named))
        graphs = list(tmp_path.glob("*.onnx"))

    assert [ran.returncode for ran in runs] == [0, 0], runs[0].stderr
    assert runs[0].stdout.count("is here already") == 2
    assert len(graphs) == 1


@pytest.mark.parametrize(
    "command",
    [
        *([], ["serve"], ["worker"], ["search"], ["stats"], ["warm"], ["delete"]),
        *(["models"], ["models", "pull"]),
    ],
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
