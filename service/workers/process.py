"""One worker, as its parent sees it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self

from service.errors import SetupError
from service.workers.messages import Order, Tidings

__all__ = ["WORKER", "WorkerProcess"]

# Safe path: a folder named `service` where we were started is not ours
WORKER = (sys.executable, "-P", "-m", "service.cli", "worker")
"""The command that is one."""


class WorkerProcess:
    """
    A child process that serves; it ends when its standard input does, as with its parent.

    Args:
        process: Started with pipes for standard input and output.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def running(
        cls, order: Order, *, grace_s: float, command: Sequence[str] = WORKER
    ) -> AsyncIterator[Self]:
        """
        Have a worker run while the block does; then it is told to end.

        Args:
            order: What it is told.
            grace_s: Seconds after which it is killed where it has not ended.
            command: Starts it.

        Raises:
            SetupError: If no process can be started.
        """
        worker = cls(await _spawn(command, order.listeners))
        try:
            await worker._tell(order)
            yield worker
        finally:
            await worker._end(grace_s)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def tidings(self) -> AsyncIterator[Tidings]:
        """Yield what it tells, until it ends."""
        assert self._process.stdout is not None, "started with a pipe"
        while not self._process.stdout.at_eof():
            with suppress(ValueError):  # a library has printed a line without an end
                if told := Tidings.of(await self._process.stdout.readline()):
                    yield told

    async def wait(self) -> int:
        """Return its exit status once it has ended; negative where a signal has ended it."""
        return await self._process.wait()

    def hurry(self) -> None:
        """Have it give up the searches that it would still finish, once it has been told to end."""
        self._send(signal.SIGINT)

    def _send(self, signum: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(signum)

    async def _tell(self, order: Order) -> None:
        assert self._process.stdin is not None, "started with a pipe"
        with suppress(ConnectionError):  # it has ended; its status says so
            self._process.stdin.write(order.line())
            await self._process.stdin.drain()

    async def _end(self, grace_s: float) -> None:
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await self._process.wait()
        except TimeoutError:
            self._send(signal.SIGKILL)
            await self._process.wait()


async def _spawn(command: Sequence[str], files: Sequence[int]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=files,
            # Ctrl-C is the parent's alone, which passes it on
            start_new_session=True,
        )
    except OSError as exc:
        raise SetupError(f"No worker can be started: {exc.strerror}.") from exc
