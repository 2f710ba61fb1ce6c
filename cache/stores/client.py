"""A Redis server as the store uses it: every exchange ends in time, in one kind of error."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import TimeoutError as RedisTimeoutError

from cache.errors import StoreFull, StoreUnavailable
from cache.stores.address import address, connection_pool
from cache.stores.breaker import Breaker
from cache.stores.scripts import Script

__all__ = ["Client", "Command", "Reply", "Word"]

Word = bytes | str | int

Command = Sequence[Word]
"""Name and arguments; what is not bytes is written as text."""

Reply: TypeAlias = Any
"""Bytes, a number, None, or a list of these: as the command has it."""


class Client:
    """
    Exchanges commands for replies, over a bounded number of connections.

    Nothing is ever sent twice: a connection that breaks is a call that fails,
    and the next call connects anew.

    Args:
        url: Where the server is.
        breaker: Refuses calls while the server hangs; clients of one server share it.
        timeout_s: Longest wait of any call, connecting included.
        connections: Most that are open at once; further calls wait for one.

    Raises:
        ValueError: If the URL is malformed.
    """

    def __init__(self, url: str, breaker: Breaker, *, timeout_s: float, connections: int) -> None:
        self._pool = connection_pool(url, connections)
        self._address = address(url)
        self._breaker = breaker
        self._timeout_s = timeout_s
        # redis-py's own blocking pool can lose a connection for good where a call is cancelled.
        self._slots = asyncio.Semaphore(connections)
        self._limits: set[asyncio.Timeout] = set()
        self._idle = asyncio.Event()
        self._closed = False

    def require_open(self) -> None:
        """Raise StoreUnavailable once this client is closed."""
        if self._closed:
            raise StoreUnavailable(f"The store at {self._address} is closed.")

    async def tell(self, *commands: Command) -> list[Reply]:
        """Return a reply each; the first error is raised once all are answered."""
        async with self._in_time(self._timeout_s):
            replies = await self._exchange(commands)
        self._raise_first([reply for reply in replies if isinstance(reply, ResponseError)])
        return replies

    async def ask(self, *commands: Command) -> list[Reply]:
        """Return a reply each, None for a key that holds something else than we write there."""
        async with self._in_time(self._timeout_s):
            replies = await self._exchange(commands)
        errors = [reply for reply in replies if isinstance(reply, ResponseError)]
        self._raise_first([error for error in errors if not _is_wrong_type(error)])
        return [None if isinstance(reply, ResponseError) else reply for reply in replies]

    async def run(self, script: Script, keys: Sequence[Word], *arguments: Word) -> Reply:
        """Return what a script returns."""
        command = ("EVALSHA", script.sha, len(keys), *keys, *arguments)
        async with self._in_time(self._timeout_s):
            (reply,) = await self._exchange([command])
            if isinstance(reply, NoScriptError):
                # New to the server, or forgotten by it: then it has not run.
                await self._exchange([("SCRIPT", "LOAD", script.text)])
                (reply,) = await self._exchange([command])
        self._raise_first([reply] if isinstance(reply, ResponseError) else [])
        return reply

    async def block(self, command: Command, longest_s: float) -> None:
        """Run a command that waits, for so long at most by itself; what it returns is ignored."""
        async with self._in_time(self._timeout_s + longest_s):
            # The ping is answered at once: other calls need not wait for this one to end.
            replies = await self._exchange([("PING",), command])
        self._raise_first([reply for reply in replies if isinstance(reply, ResponseError)])

    async def aclose(self, *, hurry: bool = False) -> None:
        """Disconnect once the calls under way have ended; with `hurry` end them now."""
        self._closed = True
        if hurry:
            for limit in self._limits:
                if not limit.expired():
                    limit.reschedule(0)
        if self._limits:
            self._idle.clear()
            await self._idle.wait()  # each ends in time
        # Nor does a server that hangs keep us now.
        with suppress(TimeoutError, RedisError, OSError):
            async with asyncio.timeout(self._timeout_s):
                await self._pool.disconnect()

    @asynccontextmanager
    async def _in_time(self, limit_s: float) -> AsyncIterator[None]:
        """Limit the time of a block, and translate its errors."""
        self.require_open()
        if not self._breaker.admits():
            raise StoreUnavailable(f"The store at {self._address} did not answer just now.")
        try:
            async with asyncio.timeout(limit_s) as limit:
                self._limits.add(limit)
                try:
                    yield
                finally:
                    self._limits.remove(limit)
                    if not self._limits:
                        self._idle.set()
        except (TimeoutError, RedisTimeoutError) as exc:
            self.require_open()
            self._breaker.timed_out()
            raise StoreUnavailable(
                f"The store at {self._address} did not answer within {limit_s:g} s."
            ) from exc
        except (RedisError, OSError) as exc:
            raise StoreUnavailable(f"The store at {self._address} failed: {exc}") from exc

    async def _exchange(self, commands: Sequence[Command]) -> list[Reply]:
        """Return a reply each, errors of the server among them."""
        if not commands:
            return []
        async with self._slots:
            connection = await self._pool.get_connection()
            try:
                await connection.send_packed_command(connection.pack_commands(commands))
                replies = [await self._reply(connection) for _ in commands]
            finally:
                await self._pool.release(connection)
        if any(isinstance(reply, ReadOnlyError) for reply in replies):
            # Demoted: connecting anew finds the new master, where a name leads to it.
            await self._pool.disconnect(inuse_connections=False)
        return replies

    async def _reply(self, connection: AbstractConnection) -> Reply:
        try:
            reply = await connection.read_response()
        except ResponseError as exc:
            reply = exc  # those behind it must be read all the same
        self._breaker.succeeded()
        return reply

    def _raise_first(self, errors: Sequence[ResponseError]) -> None:
        if errors:
            kind = StoreFull if isinstance(errors[0], OutOfMemoryError) else StoreUnavailable
            raise kind(f"The store at {self._address} refused: {errors[0]}") from errors[0]


def _is_wrong_type(error: ResponseError) -> bool:
    return str(error).startswith("WRONGTYPE")
