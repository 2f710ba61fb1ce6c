"""
One owner of one device: callers' texts and photos wait here and run in batches.

Everything but the batches themselves happens on the event loop, so the queues
need no lock; the batches run one at a time in the worker's own named thread.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, Self

from cache.clock import Clock, SystemClock
from service.encoders.lanes import Batch, Call, KindStatistics, Lane, Outcome, Rows, Work
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
    with its rows, with `EncoderFailed` if one of its items cannot be encoded,
    by its caller's cancellation (what has not started is then not computed),
    or with `EncoderClosed`.

    Args:
        name: Part of the thread's name.
        kinds: The work, by the name of its kind; kinds take turns batch by batch.
        clock: Measures the batches.
    """

    def __init__(self, name: str, kinds: Mapping[str, Work], clock: Clock | None = None) -> None:
        self._name = name
        self._lanes = {kind: Lane(work) for kind, work in kinds.items()}
        self._turns = deque(self._lanes)
        self._clock = clock or SystemClock()
        self._executor: ThreadPoolExecutor | None = None
        self._running: asyncio.Future[_Ran] | None = None

    async def __aenter__(self) -> Self:
        """Begin to take calls; the thread comes with the first batch."""
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"nearhit-{self._name}")
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
        Take no more calls and end those that wait; the batch that runs is let finish.

        Callers whose last items are in that batch get their rows.
        """
        executor, self._executor = self._executor, None
        self._close_lanes()
        try:
            if self._running is not None:
                await asyncio.wait([self._running])
        finally:
            if executor is not None:
                executor.shutdown(wait=False)

    @property
    def idle(self) -> bool:
        """Whether a call made now would start at once."""
        return self._executor is not None and self._running is None

    def statistics(self) -> WorkerStatistics:
        """Return the worker's state now."""
        kinds = {kind: lane.statistics() for kind, lane in self._lanes.items()}
        return WorkerStatistics(MappingProxyType(kinds))

    async def submit(self, kind: str, items: Sequence[Any]) -> Rows:
        """
        Encode items (at least one) and return their rows in the same order.

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
        call = Call(items, asyncio.get_running_loop().create_future())
        lane.join(call)
        self._run_next()
        try:
            return await call.answer
        finally:
            # Something still waits only if the caller was cancelled
            lane.leave(call)

    def _run_next(self) -> None:
        if self._running is not None or self._executor is None:
            return
        lane = self._next_lane()
        if lane is None:
            return
        batch = lane.next_batch()
        items = [item for _, part in batch for item in part]
        try:
            self._running = asyncio.get_running_loop().run_in_executor(
                self._executor, self._run, lane.work, items
            )
        except RuntimeError:
            # The interpreter ends: nobody may wait for a thread that takes no more work
            self._executor = None
            lane.give(batch, [EncoderClosed(_SHUTTING_DOWN) for _ in items])
            self._close_lanes()
        else:
            self._running.add_done_callback(partial(self._finish, lane, batch))

    def _next_lane(self) -> Lane | None:
        """Return the lane whose turn it is among those with work; its turn is then over."""
        for _ in range(len(self._turns)):
            lane = self._lanes[self._turns[0]]
            self._turns.rotate(-1)
            if lane.calls:
                return lane
        return None

    def _run(self, work: Work, items: Sequence[Any]) -> _Ran:
        """Run one batch, in the worker's thread."""
        start = self._clock.monotonic()
        outcomes = work.outcomes(items)
        return outcomes, self._clock.monotonic() - start

    def _finish(self, lane: Lane, batch: Batch, done: asyncio.Future[_Ran]) -> None:
        """Hand a batch's end to its callers, back on the event loop, and start the next."""
        outcomes, seconds = done.result()
        self._running = None
        lane.count(outcomes, seconds)
        lane.give(batch, outcomes)
        self._run_next()

    def _close_lanes(self) -> None:
        for lane in self._lanes.values():
            lane.close()
