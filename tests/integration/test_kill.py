"""The real process: what it prints, and what it keeps when it is killed."""

import json
import signal
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from tests.servers import process, wait_until_ready


@pytest.fixture
def environment(source: tuple[Starlette, str], tiny_models: dict[str, Path]) -> dict[str, str]:
    """Variables of a service over the look-alike; everything it keeps is in its own folder."""
    return {
        "NEARHIT_PIXABAY_API_KEY": "demo-key",
        "NEARHIT_PIXABAY_URL": f"{source[1]}/api/",
        "NEARHIT_PHOTO_HOSTS": '["127.0.0.1"]',
        "NEARHIT_CLIP_MODEL": str(tiny_models["clip"]),
        "NEARHIT_QUERY_MODEL": str(tiny_models["query"]),
        "NEARHIT_QUERY_BACKEND": "torch",
    }


def test_what_was_stored_survives_kill_9(environment: dict[str, str], tmp_path: Path):
    """An answer with `stored: true` is given again, at tier exact, by the next process."""
    search = {"t": "horse", "s_query": "a horse"}
    with process(environment, tmp_path) as (server, url):
        wait_until_ready(url, lambda: server.poll() is None)
        first = httpx.get(f"{url}/search", params=search).json()
        server.send_signal(signal.SIGKILL)
        server.wait(10)

    with process(environment, tmp_path) as (server, url):
        wait_until_ready(url, lambda: server.poll() is None)
        again = httpx.get(f"{url}/search", params=search).json()
        photo = httpx.get(url + again["results"][0]["image"])

    assert (first["cache"]["tier"], first["cache"]["stored"]) == ("origin", True)
    assert again["cache"]["tier"] == "exact"
    assert again["results"] == first["results"]
    assert photo.status_code == 200


def test_logs_are_json_and_hold_no_query_and_no_key(environment: dict[str, str], tmp_path: Path):
    """Each line is an event; requests have ids; what people ask and our key stay out."""
    search = {"t": "dog", "s_query": "a very private question"}
    with process(environment, tmp_path) as (server, url):
        wait_until_ready(url, lambda: server.poll() is None)
        httpx.get(f"{url}/search", params=search, headers={"X-Request-ID": "mine"})
        server.send_signal(signal.SIGINT)
        server.wait(20)

    (log,) = tmp_path.glob("*.log")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert "private" not in log.read_text()
    assert "demo-key" not in log.read_text()
    (request,) = (e for e in events if e.get("path") == "/search")
    assert (request["request_id"], request["status"]) == ("mine", 200)
    (fetched,) = (e for e in events if e["event"] == "pool_fetched")
    assert fetched["request_id"] == "mine"


def test_a_service_that_cannot_run_ends_with_a_sentence(tmp_path: Path):
    """No key for Pixabay: one sentence on the last line, and an exit status that says no."""
    with process({"NEARHIT_SOURCE": "pixabay"}, tmp_path) as (server, _):
        status = server.wait(60)

    (log,) = tmp_path.glob("*.log")
    assert status == 1
    assert "Pixabay needs a key: set NEARHIT_PIXABAY_API_KEY" in log.read_text().splitlines()[-1]
    assert "Traceback" not in log.read_text()
