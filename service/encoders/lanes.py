"""The queues of a worker: callers in the order they came, one lane a kind of work."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import EncoderClosed, EncoderError, EncoderFailed, Overloaded

__all__ = ["Batch", "Call", "KindStatistics", "Lane", "Outcome", "Rows", "Work"]

Rows = NDArray[np.float32]
Outcome = Rows | EncoderError
"""What an item ended with: its row, shape (d,), or why there is none."""

_RETRY_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """
    One kind of work a worker does.

    Args:
        run: Encodes a batch; blocking, called in the worker's thread, returns
            one row an item.
        batch: Most items of one batch.
        queue: Items that may wait before a call is refused; None where its
            callers wait for room, however long the line. What waits then is
            bounded by the callers, as it is theirs in either place.
        item: What an error calls one of them.
    """

    run: Callable[[Sequence[Any]], Rows]
    batch: int
    queue: int | None
    item: str

    def outcomes(self, items: Sequence[Any]) -> list[Outcome]:
        """
        Run a batch; where that fails, its halves one after the other, down to single items.

        So a batch the device has no memory for runs in smaller ones, and an
        item the model chokes on fails alone.
        """
        try:
            rows = self._rows(items)
            return [self._outcome(row) for row in rows]
        except BaseException as exc:  # noqa: BLE001 - any failure must reach the caller it concerns
            if len(items) == 1:
                failure = EncoderFailed(f"The model failed on this {self.item}.")
                failure.__cause__ = exc
                return [failure]
        # Only here are the failed batch's tensors gone: the exception held them
        middle = len(items) // 2
        return self.outcomes(items[:middle]) + self.outcomes(items[middle:])

    def _rows(self, items: Sequence[Any]) -> Rows:
        rows = self.run(items)
        if len(rows) != len(items):
            raise ValueError(f"{len(items)} items gave {len(rows)} rows")
        return rows

    def _outcome(self, row: Rows) -> Outcome:
        if 0 < np.linalg.norm(row) < np.inf:
            return row
        return EncoderFailed(f"The model finds no direction for this {self.item}.")


@dataclass(frozen=True, slots=True)
class KindStatistics:
    """One kind: items waiting now, and since the start batches run, items encoded and seconds."""

    waiting: int = 0
    batches: int = 0
    items: int = 0
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

    def give(self, row: Rows) -> None:
        """Add the next item's row; the last one completes the answer."""
        self.rows.append(row)
        if len(self.rows) == len(self.items) and not self.answer.done():
            self.answer.set_result(np.stack(self.rows))

    def fail(self, error: EncoderError) -> None:
        """End the call, unless it has ended or its caller has gone."""
        if not self.answer.done():
            self.answer.set_exception(error)


Batch = list[tuple[Call, Sequence[Any]]]


@dataclass(slots=True)
class Lane:
    """The queue of one kind, and what ran of it."""

    work: Work
    calls: deque[Call] = field(default_factory=deque)
    ran: KindStatistics = KindStatistics()

    @property
    def waiting(self) -> int:
        """Items no batch has taken yet."""
        return sum(call.waiting for call in self.calls)

    def join(self, call: Call) -> None:
        """
        Put a call at the end of the line; where nobody waits it may be of any size.

        Raises:
            Overloaded: If the kind's queue has no room for it.
        """
        waiting, most = self.waiting, self.work.queue
        if most is not None and waiting and waiting + len(call.items) > most:
            raise Overloaded(
                "The encoder has more to do than it can take: try again in a moment.",
                retry_after_s=_RETRY_AFTER_S,
            )
        self.calls.append(call)

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

    def give(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        """Hand each item's outcome to its caller; what waits of a failed call is not computed."""
        rest = iter(outcomes)
        for call, part in batch:
            for outcome in islice(rest, len(part)):
                if isinstance(outcome, EncoderError):
                    call.fail(outcome)
                    self.leave(call)
                else:
                    call.give(outcome)

    def count(self, outcomes: Sequence[Outcome], seconds: float) -> None:
        """Count a batch that ran."""
        encoded = sum(not isinstance(outcome, EncoderError) for outcome in outcomes)
        self.ran = replace(
            self.ran,
            batches=self.ran.batches + 1,
            items=self.ran.items + encoded,
            encode_s=self.ran.encode_s + seconds,
        )

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
        return replace(self.ran, waiting=self.waiting)
