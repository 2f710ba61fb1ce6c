"""Single flight: one run for one key, however many ask."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from types import TracebackType
from typing import Generic, Self, TypeVar

from cache.errors import FlightsFull

__all__ = ["SingleFlight"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """
    Runs work once a key while it lasts; every caller gets its outcome.

    Work once started is finished, also when all who asked have gone. An async
    context manager owns the tasks: leaving it cancels what still runs.

    Args:
        running: How many keys are worked on at the same time.
        waiting: How many more may wait for their turn; beyond, `FlightsFull`.
    """

    def __init__(self, *, running: int, waiting: int) -> None:
        self._limit = running + waiting
        self._turn = asyncio.Semaphore(running)
        self._flights: dict[K, asyncio.Task[V]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

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
        return await asyncio.shield(flight)

    def _start(self, key: K, work: Callable[[], Awaitable[V]]) -> asyncio.Task[V]:
        if len(self._flights) >= self._limit:
            raise FlightsFull("Too many other searches are under way; try again in a few seconds.")
        flight = self._flights[key] = asyncio.create_task(self._fly(work))
        flight.add_done_callback(lambda done: self._land(key, done))
        return flight

    async def _fly(self, work: Callable[[], Awaitable[V]]) -> V:
        async with self._turn:
            return await work()

    def _land(self, key: K, flight: asyncio.Task[V]) -> None:
        del self._flights[key]
        # Callers may all have gone by now; an outcome nobody reads is no mistake.
        if not flight.cancelled():
            flight.exception()
