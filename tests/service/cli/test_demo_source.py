"""The command that serves a look-alike of the photo API."""

import signal
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.command import fails, nearhit
from tests.servers import NEARHIT


@contextmanager
def demo_source(*options: str):
    """Run the command while the block runs."""
    command = [str(NEARHIT), "demo-source", "--port", "0", *options]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env={"PATH": ""}, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_tells_how_to_search_it(drawn_photos: Path):
    """The settings that point nearhit at it stand there, with the port it got; Ctrl-C ends it."""
    with demo_source("--folder", str(drawn_photos), "--key", "k") as process:
        _, url, key, hosts = (process.stdout.readline().strip() for _ in range(4))
        api = url.removeprefix("NEARHIT_PIXABAY_URL=")
        answer = httpx.get(api, params={"key": "k", "q": "dog"})
        process.send_signal(signal.SIGINT)

        assert process.wait(10) == 0
        assert process.stderr.read() == ""

    assert answer.json()["total"] == 6
    assert key == "NEARHIT_PIXABAY_API_KEY=k"
    assert hosts == "NEARHIT_PHOTO_HOSTS='[\"127.0.0.1\"]'"


def test_without_a_folder_it_serves_scenes():
    """The drawn pictures are there; with `--announce` the first line is the address."""
    with demo_source("--announce", "--rate-limit", "7") as process:
        url = process.stdout.readline().strip()
        answer = httpx.get(f"{url}/api/", params={"key": "demo-key", "q": "horse"}, timeout=20)
        picture = httpx.get(answer.json()["hits"][0]["previewURL"], timeout=20)
        process.stdin.close()

        assert process.wait(10) == 0

    assert answer.headers["X-RateLimit-Limit"] == "7"
    assert answer.json()["total"] > 500
    assert picture.headers["Content-Type"] == "image/jpeg"


def test_latencies_are_those_asked_for(drawn_photos: Path):
    """Milliseconds on the command line, as the faults tell them."""
    options = ["--folder", str(drawn_photos), "--latency-ms", "20", "--photo-latency-ms", "5"]
    with demo_source("--announce", *options) as process:
        faults = httpx.get(f"{process.stdout.readline().strip()}/faults").json()

    assert (faults["api_latency_ms"], faults["photo_latency_ms"]) == (20, 5)


def test_a_port_that_is_taken_is_one_sentence():
    """Two look-alikes cannot listen on one port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = nearhit("demo-source", "--port", port)

    assert fails(ran) == f"nearhit: Nothing can listen on 127.0.0.1, port {port}."


@pytest.mark.parametrize("options", [["--folder", "/nowhere"], ["--port", "70000"]])
def test_options_that_cannot_be_are_refused(options: list[str]):
    """Usage is shown, with exit status 2."""
    ran = nearhit("demo-source", *options)

    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
