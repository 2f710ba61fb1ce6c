"""A real Redis server for benchmarks, on a socket of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

__all__ = ["BenchmarkRedis", "redis_server"]

_START_S = 10.0


class BenchmarkRedis:
    """
    A running server.

    Args:
        socket: Its unix socket.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._client = redis.Redis(unix_socket_path=str(socket))

    def url(self, database: int) -> str:
        """Return where a client finds one of its sixteen databases."""
        return f"unix://{self._socket}?db={database}"

    def used_bytes(self) -> int:
        """Return the bytes its allocator has given out, once what is deleted is really gone."""
        while True:
            memory = self._client.info("memory")
            if not memory["lazyfree_pending_objects"]:
                return int(memory["used_memory"])
            time.sleep(0.01)

    def version(self) -> str:
        """Return its version."""
        return str(self._client.info("server")["redis_version"])

    def ping(self) -> None:
        """Return if it answers."""
        self._client.ping()


@contextmanager
def redis_server() -> Iterator[BenchmarkRedis]:
    """Run a server that writes nothing to disk, until the block ends."""
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("The benchmark needs redis-server: apt-get install redis-server.")
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        socket = Path(os.path.realpath(folder)) / "s"
        command = [program, "--port", "0", "--unixsocket", str(socket)]
        command += ["--dir", folder, "--save", "", "--appendonly", "no"]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            server = BenchmarkRedis(socket)
            _wait_for(server)
            yield server
        finally:
            started.terminate()
            started.wait(30)


def _wait_for(server: BenchmarkRedis) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            server.ping()
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
