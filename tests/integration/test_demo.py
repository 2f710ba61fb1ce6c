"""The demo as a user starts it: no key, no folder, no settings at all."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from service.demo.scenes.scene import Scene
from service.demo.scenes.wanted import Wanted
from service.settings import Settings
from service.wiring.demo import DemoProcess, demo_settings
from tests.servers import process, wait_until_ready

EXAMPLES = [
    ("mountains", "mountains with dark skies", "mountains & gloomy|stormy"),
    ("horse", "horses amidst flowers", "horse & flowers"),
    ("boat", "boats at sunset", "boat & sunset"),
]


@pytest.fixture(scope="module")
def settings(demo_models: Path) -> dict[str, str]:
    """No settings but what keeps runs of this module apart from others."""
    return {"NEARHIT_DEMO_PORT": "0", "NEARHIT_MODEL_FOLDER": str(demo_models)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(settings: dict[str, str], folder: Path) -> Iterator[str]:
    """Address of a demo that is ready, started in an empty folder."""
    with process(settings, folder) as (server, url):
        wait_until_ready(url, lambda: server.poll() is None)
        yield url


def search(url: str, tag: str, query: str, **more: object) -> dict:
    asked = {"t": tag, "s_query": query, "k": 3, **more}
    return httpx.get(f"{url}/search", params=asked, timeout=60).raise_for_status().json()


def scenes(answer: dict) -> list[Scene]:
    return [Scene.of(int(result["id"].removeprefix("demo:"))) for result in answer["results"]]


@pytest.mark.parametrize(("tag", "query", "wanted"), EXAMPLES)
def test_the_published_examples_give_pictures_that_fit(
    demo: str, tag: str, query: str, wanted: str
):
    """All of the first three show what was asked for."""
    answer = search(demo, tag, query, fresh=True)

    shown = scenes(answer)
    assert len(shown) == 3
    assert all(Wanted.parse(wanted).fits(scene) for scene in shown), [s.facts for s in shown]


def test_every_tier_is_to_be_seen(demo: str):
    """Origin, then exact, then semantic, then pool."""
    asked = ["a boat in a storm", "A boat  in a storm", "a boat in the storm", "a white boat"]

    tiers = [search(demo, "boats", query)["cache"]["tier"] for query in asked]

    assert tiers == ["origin", "exact", "semantic", "pool"]


def test_the_demo_says_that_it_is_one(demo: str):
    """Results and readiness name the demo, not Pixabay."""
    (result, *_) = search(demo, "cat", "a cat")["results"]
    ready = httpx.get(f"{demo}/ready").json()

    assert result["source"] == "demo"
    assert result["id"].startswith("demo:")
    assert ready["source"] == "demo"


def test_addresses_of_pictures_pages_and_authors_lead_somewhere(demo: str):
    """Everything an answer links to is there."""
    (result, *_) = search(demo, "lighthouse", "a lighthouse by night")["results"]

    for address in (
        demo + result["image"],
        result["url"],
        result["page_url"],
        result["author_url"],
    ):
        assert httpx.get(address, follow_redirects=True).status_code == 200, address


def test_the_start_prints_the_address_and_three_searches(demo: str, folder: Path):
    """Whoever starts the demo is told where it is and what to try."""
    (log,) = folder.glob("*.log")
    told = [line for line in log.read_text().splitlines() if not line.startswith("{")]

    assert demo in told[0]
    assert sum(f"{demo}/?t=" in line for line in told) == 3
    assert any("NEARHIT_PIXABAY_API_KEY" in line for line in told)


def test_the_photo_source_ends_with_a_killed_service(settings: dict[str, str], tmp_path: Path):
    """No process stays behind, however the service ends."""
    with process(settings, tmp_path) as (server, url):
        wait_until_ready(url, lambda: server.poll() is None)
        (source,) = psutil.Process(server.pid).children()
        os.kill(server.pid, signal.SIGKILL)
        server.wait(10)

    assert _has_ended(source)


def test_workers_share_one_photo_source(settings: dict[str, str], tmp_path: Path):
    """The parent starts it and greets, once each; all search it, and it ends with the parent."""
    with process(settings, tmp_path, "--workers", "2") as (parent, url):
        wait_until_ready(url, lambda: parent.poll() is None)
        tier = search(url, "boat", "a boat")["cache"]["tier"]
        family = psutil.Process(parent.pid).children(recursive=True)
        sources = [child for child in family if "demo-source" in child.cmdline()]
        parent.kill()
        parent.wait(10)

    (log,) = tmp_path.glob("*.log")
    assert tier == "origin"
    assert (len(family), len(sources)) == (3, 1)
    assert log.read_text().count("In some seconds, try:") == 1
    assert all(_has_ended(child) for child in family)


def test_a_service_ends_when_its_photo_source_does(settings: dict[str, str], tmp_path: Path):
    """A demo that can fetch nothing any more says so and ends, rather than refuse for ever."""
    with process(settings, tmp_path) as (server, url):
        wait_until_ready(url, lambda: server.poll() is None)
        (source,) = psutil.Process(server.pid).children()
        source.kill()
        status = server.wait(20)

    (log,) = tmp_path.glob("*.log")
    assert status == 1
    assert "The demo's photo source has ended" in log.read_text().splitlines()[-1]


@pytest.mark.anyio
async def test_a_taken_port_does_not_stop_the_demo():
    """Where the photo source's port is taken it listens elsewhere."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        source = await DemoProcess.start(port)
        async with httpx.AsyncClient() as client:
            url = demo_settings(Settings(_env_file=None), source.url).pixabay_url
            answer = await client.get(url, params={"key": "demo-key", "q": "tent"})
        await source.aclose()

    assert f":{port}/" not in url
    assert answer.json()["hits"]


def _has_ended(source: psutil.Process) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        # Nobody may be there to bury an orphan
        if not source.is_running() or source.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False
