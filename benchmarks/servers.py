"""The service and its look-alike source as processes of their own, as users run them."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from benchmarks.inputs import Inputs

__all__ = ["NEARHIT", "Client", "environment", "running", "serving", "source", "wait_for"]

NEARHIT = Path(sys.executable).with_name("nearhit")

_ROOT = Path(__file__).parents[1]
_START_S = 60.0


class Client:
    """One connection that stays open; as little as there can be between clock and service."""

    def __init__(self, port: int, pid: int = 0) -> None:
        self.port = port
        self.pid = pid
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def another(self) -> Self:
        """Return one more connection to the same service; not to be shared by threads either."""
        return type(self)(self.port, self.pid)

    def get(self, path: str, **parameters: str | float) -> tuple[int, bytes]:
        """Return status and body of a call."""
        answer = self._begun(f"{path}?{urlencode(parameters)}" if parameters else path)
        return answer.status, answer.read()

    def _begun(self, target: str) -> http.client.HTTPResponse:
        try:
            self._connection.request("GET", target)
            return self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            # It was idle for so long that the service has closed it.
            self._connection.close()
            self._connection.request("GET", target)
            return self._connection.getresponse()

    def json(self, path: str) -> Any:  # noqa: ANN401 - whatever the path answers
        """Return the JSON of a call, whatever its status."""
        return json.loads(self.get(path)[1])

    def search(self, **parameters: str | float) -> dict[str, Any]:
        """Return the answer to a search; anything but 200 ends the benchmark."""
        status, body = self.get("/search", **parameters)
        if status != http.client.OK:
            raise RuntimeError(f"{status}: {body.decode()}")
        answer: dict[str, Any] = json.loads(body)
        return answer

    def events(self, path: str, **parameters: str | float) -> Iterator[tuple[str, str]]:
        """Yield name and data of each server-sent event as it comes, until the stream ends."""
        name = ""
        for line in self._begun(f"{path}?{urlencode(parameters)}"):
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, value

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()


@contextmanager
def source(inputs: Inputs, *, latency_ms: float = 0) -> Iterator[int]:
    """Run the look-alike over the photos; yield its port."""
    port = _free_port()
    command = [str(NEARHIT), "demo-source", "--port", str(port)]
    if inputs.photos is not None:
        command += ["--folder", str(inputs.photos)]
    latencies = ["--latency-ms", str(latency_ms), "--photo-latency-ms", str(latency_ms)]
    with _process([*command, *latencies], os.environ.copy(), Path.cwd()):
        wait_for(port, "/counters")
        yield port


@contextmanager
def running(settings: dict[str, str], folder: Path, *, until: str = "/ready") -> Iterator[Client]:
    """Run `nearhit serve` with its files in a folder; yield a client once a path answers 200."""
    port = _free_port()
    with ExitStack() as stack:
        command = [str(NEARHIT), "serve", "--port", str(port)]
        pid = stack.enter_context(_process(command, settings, folder))
        wait_for(port, until)
        client = Client(port, pid)
        stack.callback(client.close)
        yield client


@contextmanager
def serving(module: str, *arguments: str, until: str) -> Iterator[Client]:
    """Run a module of ours that serves on the port it is told; yield a client of it."""
    port = _free_port()
    with ExitStack() as stack:
        command = [sys.executable, "-m", module, str(port), *arguments]
        pid = stack.enter_context(_process(command, os.environ.copy(), _ROOT))
        wait_for(port, until)
        client = Client(port, pid)
        stack.callback(client.close)
        yield client


def environment(inputs: Inputs, source_port: int) -> dict[str, str]:
    """Return the variables of a service over the look-alike."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NEARHIT_")}
    return kept | {
        "NEARHIT_PIXABAY_API_KEY": "demo-key",
        "NEARHIT_PIXABAY_URL": f"http://127.0.0.1:{source_port}/api/",
        "NEARHIT_PHOTO_HOSTS": '["127.0.0.1"]',
        "NEARHIT_CLIP_MODEL": inputs.clip_model,
        # Every run has an empty folder; a graph need not be made in each
        "NEARHIT_MODEL_FOLDER": str(Path(".cache/models").absolute()),
        "NEARHIT_LOG_LEVEL": "WARNING",
    }


def wait_for(port: int, path: str) -> None:
    """Return once a path answers 200."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        client = Client(port)
        try:
            if client.get(path)[0] == http.client.OK:
                return
        except OSError:
            pass  # nothing listens yet
        finally:
            client.close()
        time.sleep(0.02)
    raise RuntimeError(f"nothing answers {path} on port {port} within {_START_S:.0f} s")


@contextmanager
def _process(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[int]:
    started = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        yield started.pid
    finally:
        started.terminate()
        started.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
