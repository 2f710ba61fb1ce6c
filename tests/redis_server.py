"""A real Redis server for tests: on a socket of its own, to be killed, hung and restarted."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.tools import require

__all__ = ["RedisServer", "free_port", "serve_redis"]

_START_S = 10.0


class RedisServer:
    """
    A redis-server on a unix socket, without a port and without files unless told otherwise.

    Args:
        folder: Where its socket, log and files are; a short path, as sockets need one.
        options: Further words of the command line, as `--maxmemory 10mb`.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._options = options
        self._socket = folder / "s"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        """Return where a client finds one of its databases."""
        return f"unix://{self._socket}?db={database}"

    def start(self) -> None:
        """Start, and return once it answers."""
        self._socket.unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(require("redis-server"), "--port", "0", "--unixsocket", str(self._socket)),
                    *("--dir", str(self.folder), "--save", "", "--appendonly", "no"),
                    *self._options,
                ],
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it as an operator does; one that is not running is passed over."""
        if self._process is not None:
            self.resume()
            self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it and start another on the same socket."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Let it hang: it takes connections, as the system does that for it, and never answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._running().send_signal(signal.SIGCONT)

    def call(self, *command: Any, database: int = 0) -> Any:
        """Return the reply to a command, sent behind the store's back."""
        with redis.Redis(unix_socket_path=str(self._socket), db=database) as client:
            return client.execute_command(*command)

    def used_bytes(self) -> int:
        """Return the bytes of memory it uses, once what is deleted in the background is gone."""
        while True:
            memory = self.call("INFO", "memory")
            if not memory["lazyfree_pending_objects"]:
                return int(memory["used_memory"])
            time.sleep(0.01)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server is not running"
        return self._process

    def _end(self, how: signal.Signals) -> None:
        process = self._running()
        process.send_signal(how)
        process.wait(_START_S)
        self._process = None

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._running().poll() is None:
            try:
                self.call("PING")
            except redis.AuthenticationError:  # it answers, and wants a password
                return
            except redis.ConnectionError:  # it does not listen yet, or still loads its data
                time.sleep(0.01)
            else:
                return
        raise RuntimeError(f"redis-server did not start: {(self.folder / 'log').read_text()}")


@contextmanager
def serve_redis(*options: str) -> Iterator[RedisServer]:
    """Run a server until the block ends; its folder goes with it."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(os.path.realpath(folder)), *options)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
