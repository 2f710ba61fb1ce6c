"""
One owner of one device: callers' texts and photos wait here and run in batches.

Everything but the batches themselves happens on the event loop, so the queues
need no lock; the batches run in the worker's own named threads.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, Self

from cache.clock import Clock, SystemClock
from service.encoders.figures import KindStatistics, Spent
from service.encoders.lanes import Batch, Call, Lane, Outcome, Work
from service.errors import EncoderClosed

__all__ = ["EncoderWorker", "KindStatistics", "Work", "WorkerStatistics"]

# What the items of a batch ended with, and the seconds it took
_Ran = tuple[list[Outcome], float]

_SHUTTING_DOWN = "The encoder is shutting down."


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """A worker's state: each kind's figures."""

    kinds: Mapping[str, KindStatistics]


class EncoderWorker:
    """
    Runs batches of several kinds, taking turns between them.

    A call is accepted or refused at once. An accepted one ends on every path:
    with its results, with `EncoderFailed` if one of its items cannot be encoded,
    by its caller's cancellation (what has not started is then not computed),
    or with `EncoderClosed`.

    Args:
        name: Part of the threads' names.
        kinds: The work, by the name of its kind; kinds take turns batch by batch.
        threads: Batches that may run at the same time, of all kinds together.
        on_thread: Called first thing in each thread.
        clock: Measures the batches.
    """

    def __init__(
        self,
        name: str,
        kinds: Mapping[str, Work],
        *,
        threads: int = 1,
        on_thread: Callable[[], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._name = name
        self._lanes = {kind: Lane(work) for kind, work in kinds.items()}
        self._turns = deque(self._lanes)
        self._threads = threads
        self._on_thread = on_thread
        self._clock = clock or SystemClock()
        self._executor: ThreadPoolExecutor | None = None
        self._running: set[asyncio.Future[_Ran]] = set()
        self._alarm: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        """Begin to take calls; threads come with the first batches."""
        self._executor = ThreadPoolExecutor(
            self._threads, f"nearhit-{self._name}", initializer=self._on_thread
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """
        Take no more calls and end those that wait; the batches that run are let finish.

        Callers whose last items are in those batches get their results.
        """
        executor, self._executor = self._executor, None
        self._silence()
        self._close_lanes()
        try:
            if self._running:
                await asyncio.wait(self._running)
        finally:
            if executor is not None:
                executor.shutdown(wait=False)

    @property
    def idle(self) -> bool:
        """Whether a call made now would start at once, with nothing beside it or before it."""
        waits = any(lane.waiting for lane in self._lanes.values())
        return self._executor is not None and not self._running and not waits

    def spent(self, kind: str) -> Spent:
        """Return what a kind of work has cost so far; it goes on counting."""
        return self._lanes[kind].spent

    def statistics(self) -> WorkerStatistics:
        """Return the worker's state now."""
        kinds = {kind: lane.statistics() for kind, lane in self._lanes.items()}
        return WorkerStatistics(MappingProxyType(kinds))

    async def submit(self, kind: str, items: Sequence[Any]) -> list[Any]:
        """
        Encode items (at least one) and return their results in the same order.

        Raises:
            Overloaded: If too many items of a kind that does not wait for room wait already.
            EncoderFailed: If one of the items cannot be encoded.
            EncoderClosed: If the worker is closed, or closes before the answer.
        """
        if not items:
            raise ValueError("a call needs at least one item")
        if self._executor is None:
            raise EncoderClosed(_SHUTTING_DOWN)
        lane = self._lanes[kind]
        call = Call(items, asyncio.get_running_loop().create_future(), self._clock.monotonic())
        lane.join(call)
        self._run_next()
        try:
            return await call.answer
        finally:
            # Something still waits only if the caller was cancelled
            lane.leave(call)

    def _run_next(self) -> None:
        """Begin whatever may begin, and come back when what is held back may."""
        self._silence()
        while self._executor is not None and len(self._running) < self._threads:
            lane = self._next_lane()
            if lane is None:
                self._come_back()
                return
            self._run_batch(lane, self._executor)

    def _next_lane(self) -> Lane | None:
        """Return the lane whose turn it is among those that may run; its turn is then over."""
        now = self._clock.monotonic()
        for _ in range(len(self._turns)):
            lane = self._lanes[self._turns[0]]
            self._turns.rotate(-1)
            if lane.may_run() and not lane.held_s(now):
                return lane
        return None

    def _come_back(self) -> None:
        now = self._clock.monotonic()
        held = [lane.held_s(now) for lane in self._lanes.values() if lane.may_run()]
        if held:
            self._alarm = asyncio.get_running_loop().call_later(min(held), self._run_next)

    def _silence(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _run_batch(self, lane: Lane, executor: ThreadPoolExecutor) -> None:
        batch = lane.begin(self._clock.monotonic())
        try:
            running = asyncio.get_running_loop().run_in_executor(
                executor, self._run, lane.work, batch.items
            )
        except RuntimeError:
            self._give_up(lane, batch)  # the interpreter ends
        else:
            self._running.add(running)
            running.add_done_callback(partial(self._finish, lane, batch))

    def _run(self, work: Work, items: Sequence[Any]) -> _Ran:
        """Run one batch, in one of the worker's threads."""
        start = self._clock.monotonic()
        outcomes = work.outcomes(items)
        return outcomes, self._clock.monotonic() - start

    def _finish(self, lane: Lane, batch: Batch, done: asyncio.Future[_Ran]) -> None:
        """Hand a batch's end to its callers, back on the event loop, and start the next."""
        self._running.discard(done)
        if done.exception() is not None:
            self._give_up(lane, batch)
            return
        outcomes, seconds = done.result()
        lane.end(batch, outcomes, seconds, self._clock.monotonic())
        self._run_next()

    def _give_up(self, lane: Lane, batch: Batch) -> None:
        """End a batch and all that waits: nobody may wait for threads that take no more work."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False)
        closed = [EncoderClosed(_SHUTTING_DOWN) for _ in range(len(batch))]
        lane.end(batch, closed, 0.0, self._clock.monotonic())
        self._close_lanes()

    def _close_lanes(self) -> None:
        for lane in self._lanes.values():
            lane.close()
