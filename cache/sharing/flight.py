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
        self._flights: dict[K, asyncio.Future[V]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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

    def _start(self, key: K, work: Callable[[], Awaitable[V]]) -> asyncio.Future[V]:
        if len(self._flights) >= self._limit:
            raise FlightsFull("Too many different things are being fetched already.")
        flight: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        # Callers may all have gone by then; an outcome nobody reads is no mistake.
        flight.add_done_callback(lambda f: f.cancelled() or f.exception())
        self._flights[key] = flight
        task = asyncio.create_task(self._fly(key, work, flight))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return flight

    async def _fly(
        self, key: K, work: Callable[[], Awaitable[V]], flight: asyncio.Future[V]
    ) -> None:
        try:
            async with self._turn:
                outcome = await work()
        except asyncio.CancelledError:
            flight.cancel()
            raise
        except Exception as exc:  # noqa: BLE001 - the outcome belongs to the callers, whatever it is
            flight.set_exception(exc)
        else:
            flight.set_result(outcome)
        finally:
            del self._flights[key]
