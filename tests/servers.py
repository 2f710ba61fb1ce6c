"""Real servers for tests: an ASGI app on a free port of loopback."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from service.app import create_app
from service.demo.lookalike import lookalike
from service.lifecycle import Service
from tests.settings import make_settings

__all__ = ["NEARHIT", "process", "serve", "serve_nearhit", "wait_until_ready"]

NEARHIT = Path(sys.executable).with_name("nearhit")

_START_S = 10.0
_READY_S = 110.0  # a first start makes the query model's graph


@contextmanager
def serve(app: Any) -> Iterator[str]:
    """Serve an app in a thread while the block runs; yield its address, no slash at the end."""
    # Named as TCP: on other sockets asyncio leaves Nagle's algorithm on, 40 ms an answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                ws="none",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=server.run, args=([listener],), name="test-server")
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server did not start")
        time.sleep(0.005)


def wait_until_ready(url: str, may_go_on: Callable[[], bool] = lambda: True) -> None:
    """Return once a service is ready, within two minutes, and while `may_go_on` says so."""
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and may_go_on():
        try:
            if httpx.get(f"{url}/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.05)
    raise RuntimeError(f"the service at {url} did not become ready")


@contextmanager
def serve_nearhit(
    photos: Path | Starlette, models: dict[str, Path], folder: Path, **rest: Any
) -> Iterator[str]:
    """Serve the whole service over a look-alike of the API; yield its address once it is ready."""
    with serve(lookalike(photos) if isinstance(photos, Path) else photos) as source:
        settings = make_settings(source, models, folder, **rest)
        with serve(create_app(Service(settings))) as url:
            wait_until_ready(url)
            yield url


@contextmanager
def process(
    environment: dict[str, str], folder: Path, *arguments: str
) -> Iterator[tuple[subprocess.Popen, str]]:
    """Run `nearhit serve` until the block ends; yield the process and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / f"{port}.log").open("wb") as log:
        started = subprocess.Popen(
            [str(NEARHIT), "serve", "--port", str(port), *arguments],
            env=os.environ | environment,
            cwd=folder,
            stderr=log,
            stdout=log,
        )
        try:
            yield started, f"http://127.0.0.1:{port}"
        finally:
            if started.poll() is None:
                started.terminate()
            started.wait(20)
