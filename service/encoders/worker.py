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
from service.encoders.lanes import Batch, Call, KindStatistics, Lane, Rows, RunBatch, Work
from service.errors import EncoderClosed, Overloaded

__all__ = ["EncoderWorker", "KindStatistics", "Work", "WorkerStatistics"]

_RETRY_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """A worker's state: items waiting in all, whether a batch runs, and each kind's figures."""

    waiting: int
    busy: bool
    kinds: Mapping[str, KindStatistics]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a batch ended with, and the seconds it took."""

    result: Rows | BaseException
    seconds: float


class EncoderWorker:
    """
    Runs batches of several kinds, taking turns between them.

    A call is accepted or refused at once. An accepted one ends on every path:
    with its rows, with `EncoderFailed` if a batch it was in failed, by its
    caller's cancellation (what has not started is then not computed), or with
    `EncoderClosed`.

    Args:
        name: Part of the thread's name.
        kinds: The work, by the name of its kind; kinds take turns batch by batch.
        queue: Items that may wait; a call that would pass it is refused. Where
            nothing waits a call of any size is taken, or it never could be.
        clock: Measures the batches.
    """

    def __init__(
        self, name: str, kinds: Mapping[str, Work], *, queue: int, clock: Clock | None = None
    ) -> None:
        self._name = name
        self._lanes = {kind: Lane(work) for kind, work in kinds.items()}
        self._turns = deque(self._lanes)
        self._queue = queue
        self._clock = clock or SystemClock()
        self._executor: ThreadPoolExecutor | None = None
        self._running: asyncio.Future[_Outcome] | None = None

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
        return WorkerStatistics(
            waiting=self._waiting,
            busy=self._running is not None,
            kinds=MappingProxyType(kinds),
        )

    async def submit(self, kind: str, items: Sequence[Any]) -> Rows:
        """
        Encode items (at least one) and return their rows in the same order.

        Raises:
            Overloaded: If too many items wait already.
            EncoderFailed: If a batch with items of this call failed.
            EncoderClosed: If the worker is closed, or closes before the answer.
        """
        if not items:
            raise ValueError("a call needs at least one item")
        self._admit(len(items))
        lane = self._lanes[kind]
        call = Call(items, asyncio.get_running_loop().create_future())
        lane.calls.append(call)
        self._run_next()
        try:
            return await call.answer
        finally:
            # Something still waits only if the caller was cancelled
            lane.leave(call)

    @property
    def _waiting(self) -> int:
        return sum(lane.waiting for lane in self._lanes.values())

    def _admit(self, items: int) -> None:
        if self._executor is None:
            raise EncoderClosed("The encoder is shutting down.")
        waiting = self._waiting
        if waiting and waiting + items > self._queue:
            raise Overloaded(
                "The encoder has more to do than it can take: try again in a moment.",
                retry_after_s=_RETRY_AFTER_S,
            )

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
                self._executor, self._run, lane.work.run, items
            )
        except RuntimeError as exc:
            self._lose_thread(lane, batch, exc)
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

    def _run(self, run: RunBatch, items: Sequence[Any]) -> _Outcome:
        """Run one batch, in the worker's thread."""
        start = self._clock.monotonic()
        result: Rows | BaseException
        try:
            result = _rows(run, items)
        except BaseException as exc:  # noqa: BLE001 - any failure must reach the callers it concerns
            result = exc
        return _Outcome(result, self._clock.monotonic() - start)

    def _finish(self, lane: Lane, batch: Batch, done: asyncio.Future[_Outcome]) -> None:
        """Hand a batch's end to its callers, back on the event loop, and start the next."""
        outcome = done.result()
        self._running = None
        lane.encode_s += outcome.seconds
        if isinstance(outcome.result, BaseException):
            lane.fail(batch, outcome.result)
        else:
            lane.give(batch, outcome.result)
        self._run_next()

    def _lose_thread(self, lane: Lane, batch: Batch, exc: RuntimeError) -> None:
        """Let nobody wait for a thread that takes no more work (the interpreter ends)."""
        self._executor = None
        lane.fail(batch, exc)
        self._close_lanes()

    def _close_lanes(self) -> None:
        for lane in self._lanes.values():
            lane.close()


def _rows(run: RunBatch, items: Sequence[Any]) -> Rows:
    rows = run(items)
    if len(rows) != len(items):
        raise ValueError(f"{len(items)} items gave {len(rows)} rows")
    return rows
