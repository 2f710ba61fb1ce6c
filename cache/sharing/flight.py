"""Single flight: one run for one key, however many ask."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from types import TracebackType
from typing import Generic, Self, TypeVar

from cache.errors import FlightsFull

__all__ = ["SingleFlight"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """
    Runs work once a key while it lasts; every caller gets its outcome.

    An async context manager owns the tasks: leaving it cancels what still runs.

    Args:
        running: How many keys are worked on at the same time.
        waiting: How many more may wait for their turn; beyond, `FlightsFull`.
        finish: Whether work once started is finished when all who asked have
            gone. Where it is not, the last to go cancels it, and who asks
            after that begins anew.
    """

    def __init__(self, *, running: int, waiting: int, finish: bool = True) -> None:
        self._limit = running + waiting
        self._finish = finish
        self._turn = asyncio.Semaphore(running)
        self._flights: dict[K, _Flight[V]] = {}
        self._tasks: set[asyncio.Task[V]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._flights)

    async def do(self, key: K, work: Callable[[], Awaitable[V]]) -> V:
        """
        Return the outcome of the key's flight, starting it where none is under way.

        Raises:
            FlightsFull: If it would be one key too many.
            Exception: Whatever `work` raises, for every caller.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._start(key, work)
        flight.callers += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.callers -= 1
            if not (flight.callers or self._finish or flight.task.done()):
                del self._flights[key]
                flight.task.cancel()

    def _start(self, key: K, work: Callable[[], Awaitable[V]]) -> "_Flight[V]":
        if len(self._flights) >= self._limit:
            raise FlightsFull("Too many other searches are under way; try again in a few seconds.")
        flight = self._flights[key] = _Flight(asyncio.create_task(self._fly(work)))
        self._tasks.add(flight.task)
        flight.task.add_done_callback(partial(self._land, key, flight))
        return flight

    async def _fly(self, work: Callable[[], Awaitable[V]]) -> V:
        async with self._turn:
            return await work()

    def _land(self, key: K, flight: "_Flight[V]", done: asyncio.Task[V]) -> None:
        self._tasks.discard(done)
        # One that was given up has made room already, and another may have its place.
        if self._flights.get(key) is flight:
            del self._flights[key]
        # Callers may all have gone by now; an outcome nobody reads is no mistake.
        if not done.cancelled():
            done.exception()


class _Flight(Generic[V]):
    """Work under way, and how many wait for it."""

    __slots__ = ("callers", "task")

    def __init__(self, task: asyncio.Task[V]) -> None:
        self.task = task
        self.callers = 0
