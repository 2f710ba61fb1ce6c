"""
Asks a server as fast as it answers, in a process of its own, over connections that stay open.

`python -m benchmarks.load PORT CLIENTS [SECONDS]` reads targets, one a line, from
standard input: asks each once, or all in turn until the seconds are over. It prints
what came back as JSON.
"""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Load", "load"]

_END_OF_HEADERS = b"\r\n\r\n"
_LENGTH = b"content-length: "
_TIER = b'"tier":"'
_OK = b"HTTP/1.1 200 "


@dataclass(frozen=True, slots=True)
class Load:
    """
    What came back.

    Args:
        answers: By tier; those without one under the empty text.
        seconds: From the first request to the last answer.
    """

    answers: Mapping[str, int]
    seconds: float

    @property
    def requests(self) -> int:
        """How many were answered."""
        return sum(self.answers.values())


def load(port: int, targets: Sequence[str], *, clients: int, seconds: float | None = None) -> Load:
    """Run the process; anything but 200 ends the benchmark."""
    command = [sys.executable, "-m", __name__, str(port), str(clients)]
    command += [] if seconds is None else [str(seconds)]
    ran = subprocess.run(
        command, input="\n".join(targets), stdout=subprocess.PIPE, text=True, check=True
    )
    return Load(**json.loads(ran.stdout))


class _Client(asyncio.Protocol):
    """One connection: asks the next target once it has the answer to the last one."""

    def __init__(self, requests: Iterator[bytes], answers: Counter[str]) -> None:
        self.ended = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._answers = answers
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._read += data
        head = self._read.find(_END_OF_HEADERS)
        if head < 0:
            return
        begin = self._read.index(_LENGTH) + len(_LENGTH)
        length = int(self._read[begin : self._read.index(b"\r", begin)])
        if len(self._read) < head + len(_END_OF_HEADERS) + length:
            return
        self._take(bytes(self._read))
        self._read.clear()
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server has hung up"))

    def _take(self, answer: bytes) -> None:
        if not answer.startswith(_OK) and not self.ended.done():
            self.ended.set_exception(RuntimeError(answer.decode()))
        _, _, rest = answer.partition(_TIER)
        self._answers[rest[: rest.find(b'"')].decode()] += 1

    def _ask(self) -> None:
        request = None if self.ended.done() else next(self._requests, None)
        if request is not None:
            self._transport.write(request)
            return
        if not self.ended.done():
            self.ended.set_result(None)
        self._transport.close()


def _requests(targets: Sequence[str], seconds: float | None) -> Iterator[bytes]:
    written = [f"GET {target} HTTP/1.1\r\nHost: benchmark\r\n\r\n".encode() for target in targets]
    if seconds is None:
        yield from written
        return
    until = time.perf_counter() + seconds
    for request in itertools.cycle(written):
        if time.perf_counter() >= until:
            return
        yield request


async def _run(port: int, clients: int, seconds: float | None, targets: Sequence[str]) -> Load:
    requests, answers = _requests(targets, seconds), Counter[str]()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: _Client(requests, answers), "127.0.0.1", port)
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.ended for _, client in opened))
    return Load(answers, time.perf_counter() - began)


def _main() -> None:
    port, clients, *seconds = sys.argv[1:]
    targets = sys.stdin.read().splitlines()
    until = float(seconds[0]) if seconds else None
    ran = asyncio.run(_run(int(port), int(clients), until, targets))
    print(json.dumps({"answers": ran.answers, "seconds": ran.seconds}))


if __name__ == "__main__":
    _main()
