"""The queues of a worker: callers in the order they came, one lane a kind of work."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.encoders.figures import KindStatistics, Ran, Spent
from service.errors import EncoderClosed, EncoderError, EncoderFailed, Overloaded

__all__ = ["Batch", "Call", "Lane", "Outcome", "Work", "has_direction"]

Outcome = Any
"""What an item ended with: what the work made of it, or an EncoderError that says why nothing."""

_RETRY_AFTER_S = 1.0
_HELD_SHARE = 0.25


def has_direction(row: NDArray[np.float32]) -> bool:
    """Return whether a vector is finite and not zero."""
    return bool(0 < np.linalg.norm(row) < np.inf)


@dataclass(frozen=True, slots=True)
class Work:
    """
    One kind of work a worker does.

    Args:
        run: Does a batch; blocking, called in one of the worker's threads, returns
            one result an item.
        batch: Most items of one batch.
        queue: Items that may wait before a call is refused; None where its
            callers wait for room, however long the line. What waits then is
            bounded by the callers, as it is theirs in either place.
        item: What an error calls one of them.
        at_once: Batches that may run at the same time, each in a thread of its own.
        valid: Whether a result is one; by default a vector that has a direction.
    """

    run: Callable[[Any], Sequence[Any] | NDArray[Any]]
    batch: int
    queue: int | None
    item: str
    at_once: int = 1
    valid: Callable[[Any], bool] = has_direction

    def outcomes(self, items: Sequence[Any]) -> list[Outcome]:
        """
        Run a batch; where that fails, its halves one after the other, down to single items.

        So a batch the device has no memory for runs in smaller ones, and an
        item the model chokes on fails alone.
        """
        try:
            return [self._outcome(result) for result in self._results(items)]
        except BaseException as exc:  # noqa: BLE001 - any failure must reach the caller it concerns
            if len(items) == 1:
                failure = EncoderFailed(f"The model failed on this {self.item}.")
                failure.__cause__ = exc
                return [failure]
        # Only here are the failed batch's tensors gone: the exception held them
        middle = len(items) // 2
        return self.outcomes(items[:middle]) + self.outcomes(items[middle:])

    def _results(self, items: Sequence[Any]) -> Sequence[Any] | NDArray[Any]:
        results = self.run(items)
        if len(results) != len(items):
            raise ValueError(f"{len(items)} items gave {len(results)} results")
        return results

    def _outcome(self, result: Any) -> Outcome:  # noqa: ANN401 - whatever the work makes
        if self.valid(result):
            return result
        return EncoderFailed(f"The model finds no direction for this {self.item}.")


class Call:
    """
    One caller: its items, what batches have taken of them, and their results as they come.

    Args:
        items: What it asks for, at least one.
        answer: Ends with one result an item, in the items' order.
        since: When it came, on the monotonic clock.
    """

    __slots__ = ("_due", "_results", "_taken", "answer", "items", "since")

    def __init__(
        self, items: Sequence[Any], answer: asyncio.Future[list[Any]], since: float
    ) -> None:
        self.items = items
        self.answer = answer
        self.since = since
        self._taken = 0
        self._due = len(items)
        self._results: list[Any] = [None] * len(items)

    @property
    def waiting(self) -> int:
        """Items no batch has taken yet."""
        return len(self.items) - self._taken

    def take(self, most: int) -> range:
        """Take the next items for a batch; return their places."""
        first = self._taken
        self._taken = min(first + most, len(self.items))
        return range(first, self._taken)

    def give(self, place: int, result: Any) -> None:  # noqa: ANN401 - whatever the work makes
        """Take in an item's result; the last one to come completes the answer."""
        self._results[place] = result
        self._due -= 1
        if not self._due and not self.answer.done():
            self.answer.set_result(self._results)

    def fail(self, error: EncoderError) -> None:
        """End the call, unless it has ended or its caller has gone."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Batch:
    """Items of one or several callers that run together, each with its place in its call."""

    def __init__(self) -> None:
        self._places: list[tuple[Call, int]] = []

    def __len__(self) -> int:
        return len(self._places)

    def add(self, call: Call, places: range) -> None:
        """Take in some items of a call."""
        self._places += [(call, place) for place in places]

    @property
    def items(self) -> list[Any]:
        """The items, in the order the outcomes will have."""
        return [call.items[place] for call, place in self._places]

    def give(self, outcomes: Sequence[Outcome]) -> list[Call]:
        """Hand each item's outcome to its caller; return the callers of those that failed."""
        failed = []
        for (call, place), outcome in zip(self._places, outcomes, strict=True):
            if isinstance(outcome, EncoderError):
                call.fail(outcome)
                failed.append(call)
            else:
                call.give(place, outcome)
        return failed


class Lane:
    """
    The queue of one kind, and what ran of it.

    Under load, that is right after a batch, fewer items than the last batch had
    are held back for a quarter of the time it took: those it answered are about
    to ask again, and one batch for all costs less than two. Where nothing ran
    just now, nothing is held back.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self.running = 0
        self._calls: deque[Call] = deque()
        self._waiting = 0
        self._ran = Ran()
        self._last_size = 0
        self._held_until = -math.inf

    @property
    def waiting(self) -> int:
        """Items no batch has taken yet."""
        return self._waiting

    def held_s(self, now: float) -> float:
        """Return the seconds for which what waits should wait for more; 0 to begin now."""
        full = min(self._last_size, self.work.batch)
        return 0.0 if self._waiting >= full else max(0.0, self._held_until - now)

    def may_run(self) -> bool:
        """Return whether somebody still waits and one more batch may run."""
        while self._calls and self._calls[0].answer.done():
            # Its caller has gone, and has not come round to say so
            self.leave(self._calls[0])
        return bool(self._calls) and self.running < self.work.at_once

    def join(self, call: Call) -> None:
        """
        Put a call at the end of the line; where nobody waits it may be of any size.

        Raises:
            Overloaded: If it would make too many items wait.
        """
        room = self.work.queue
        if room is not None and self._calls and self._waiting + len(call.items) > room:
            raise Overloaded(
                "The encoder has more to do than it can take: try again in a moment.",
                retry_after_s=_RETRY_AFTER_S,
            )
        self._calls.append(call)
        self._waiting += call.waiting

    def begin(self, now: float) -> Batch:
        """Take an even share of what waits for a batch that begins now, where `may_run` says so."""
        free = self.work.at_once - self.running
        room = min(self.work.batch, math.ceil(self._waiting / free))
        batch = Batch()
        while self._calls and room:
            call = self._calls[0]
            if call.answer.done():
                self.leave(call)
                continue
            places = call.take(room)
            batch.add(call, places)
            room -= len(places)
            self._waiting -= len(places)
            self._ran.waited(now - call.since, len(places))
            if not call.waiting:
                self._calls.popleft()
        self.running += 1
        return batch

    def end(self, batch: Batch, outcomes: Sequence[Outcome], seconds: float, now: float) -> None:
        """Hand each item's outcome to its caller; what waits of a failed call is not computed."""
        self.running -= 1
        self._last_size = len(outcomes)
        self._held_until = now + _HELD_SHARE * seconds
        encoded = sum(not isinstance(outcome, EncoderError) for outcome in outcomes)
        self._ran.batch(len(outcomes), encoded, seconds)
        for call in batch.give(outcomes):
            self.leave(call)

    def leave(self, call: Call) -> None:
        """Forget what waits of a call, if anything does."""
        if call.waiting and call in self._calls:
            self._calls.remove(call)
            self._waiting -= call.waiting

    def close(self) -> None:
        """End every call that waits."""
        for call in self._calls:
            call.fail(EncoderClosed("The encoder is shutting down."))
        self._calls.clear()
        self._waiting = 0

    @property
    def spent(self) -> Spent:
        """Items encoded so far and the seconds they took, counting on."""
        return self._ran.spent

    def statistics(self) -> KindStatistics:
        """Return the lane's figures now."""
        return self._ran.statistics(self._waiting)
