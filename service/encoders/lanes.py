"""The queues of a worker: callers in the order they came, one lane a kind of work."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import EncoderClosed, EncoderError, EncoderFailed

__all__ = ["Batch", "Call", "KindStatistics", "Lane", "Rows", "RunBatch", "Work"]

Rows = NDArray[np.float32]
RunBatch = Callable[[Sequence[Any]], Rows]


@dataclass(frozen=True, slots=True)
class Work:
    """
    One kind of work a worker does.

    Args:
        run: Encodes a batch; blocking, called in the worker's thread, returns
            one row an item.
        batch: Most items of one batch.
    """

    run: RunBatch
    batch: int


@dataclass(frozen=True, slots=True)
class KindStatistics:
    """What became of one kind: items waiting now, and what ran since the start."""

    waiting: int = 0
    batches: int = 0
    items: int = 0
    failed_batches: int = 0
    encode_s: float = 0.0


@dataclass(eq=False, slots=True)
class Call:
    """One caller: its items, how many of them batches have taken, and its rows so far."""

    items: Sequence[Any]
    answer: asyncio.Future[Rows]
    taken: int = 0
    rows: list[Rows] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        """Items no batch has taken yet."""
        return len(self.items) - self.taken

    def take(self, most: int) -> Sequence[Any]:
        """Take the next items for a batch."""
        part = self.items[self.taken : self.taken + most]
        self.taken += len(part)
        return part

    def give(self, rows: Rows) -> None:
        """Add the rows of the items taken last; the last rows are the answer."""
        self.rows.append(rows)
        if sum(map(len, self.rows)) == len(self.items) and not self.answer.done():
            self.answer.set_result(np.concatenate(self.rows))

    def fail(self, error: EncoderError) -> None:
        """End the call, unless its caller has gone."""
        if not self.answer.done():
            self.answer.set_exception(error)


Batch = list[tuple[Call, Sequence[Any]]]


@dataclass(slots=True)
class Lane:
    """The queue of one kind, and what ran of it."""

    work: Work
    calls: deque[Call] = field(default_factory=deque)
    batches: int = 0
    items: int = 0
    failed_batches: int = 0
    encode_s: float = 0.0

    @property
    def waiting(self) -> int:
        """Items no batch has taken yet."""
        return sum(call.waiting for call in self.calls)

    def next_batch(self) -> Batch:
        """Take items of the longest waiting callers, up to a batch."""
        batch: Batch = []
        room = self.work.batch
        while self.calls and room:
            call = self.calls[0]
            part = call.take(room)
            batch.append((call, part))
            room -= len(part)
            if not call.waiting:
                self.calls.popleft()
        return batch

    def give(self, batch: Batch, rows: Rows) -> None:
        """Hand a batch's rows to its callers."""
        self.batches += 1
        self.items += len(rows)
        start = 0
        for call, part in batch:
            call.give(rows[start : start + len(part)])
            start += len(part)

    def fail(self, batch: Batch, cause: BaseException) -> None:
        """End the calls a failed batch had items of; what waits of them is not computed."""
        self.failed_batches += 1
        for call, _ in batch:
            error = EncoderFailed("The model failed on this batch.")
            error.__cause__ = cause
            call.fail(error)
            self.leave(call)

    def leave(self, call: Call) -> None:
        """Forget what waits of a call, if anything does."""
        if call in self.calls:
            self.calls.remove(call)

    def close(self) -> None:
        """End every call that waits."""
        for call in self.calls:
            call.fail(EncoderClosed("The encoder is shutting down."))
        self.calls.clear()

    def statistics(self) -> KindStatistics:
        """Return the lane's figures now."""
        return KindStatistics(
            waiting=self.waiting,
            batches=self.batches,
            items=self.items,
            failed_batches=self.failed_batches,
            encode_s=self.encode_s,
        )
