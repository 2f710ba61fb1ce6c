"""Following the journal: how a replica learns what any of them learnt."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from cache.errors import StoreUnavailable
from cache.journal.protocol import Journal
from cache.journal.records import Positioned

__all__ = ["Follower"]

_BATCH = 512
_POLL_S = 0.05
_LONGEST_POLL_S = 2.0


class Follower:
    """
    Applies the journal in order, from its start, as it grows.

    Owns nothing but its position: `run` is to be run by whoever owns the
    follower, in a task of theirs.

    Args:
        journal: What is followed.
        apply: Called with each batch, in order of position.
        reset: Called when the journal turns out to be another one, before it
            is applied from its start.
    """

    def __init__(
        self,
        journal: Journal,
        apply: Callable[[Sequence[Positioned]], None],
        reset: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._apply = apply
        self._reset = reset
        self._generation: str | None = None
        self._position = 0
        self._end = 0
        self._moved = asyncio.Condition()
        self._wake = asyncio.Event()
        self._caught_up = False

    @property
    def position(self) -> int:
        """Position of the newest record applied."""
        return self._position

    @property
    def lag(self) -> int:
        """Records known to be in the journal and not applied yet, at most."""
        return self._end - self._position

    @property
    def caught_up(self) -> bool:
        """Whether the journal's end has been reached once since the last reset."""
        return self._caught_up

    async def run(self) -> None:
        """Follow until cancelled; an unavailable store is asked again ever more slowly."""
        pause = _POLL_S
        while True:
            try:
                await self._advance()
                pause = _POLL_S
            except StoreUnavailable:
                pause = min(2 * pause, _LONGEST_POLL_S)
            # Not `wait_for`: on Python 3.11 it can swallow a cancellation.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            self._wake.clear()

    async def reach(self, position: int) -> None:
        """Return once a position has been applied; `run` must be running."""
        self._wake.set()
        async with self._moved:
            await self._moved.wait_for(lambda: self._position >= position)

    async def reach_end(self) -> None:
        """Return once the journal's end has been reached; `run` must be running."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._caught_up)

    async def _advance(self) -> None:
        """Apply everything up to the journal's end."""
        while True:
            page = await self._journal.read(self._position, _BATCH)
            if self._is_another(page.generation, page.end):
                self._restart(page.generation)
                continue
            self._end = page.end
            self._apply(page.records)
            # A short page has reached the end, also where the last records are trimmed.
            full = len(page.records) == _BATCH
            self._caught_up = self._caught_up or not full
            await self._move(page.records[-1].position if full else page.end)
            if not full:
                return

    def _is_another(self, generation: str, end: int) -> bool:
        return generation != self._generation or end < self._position

    def _restart(self, generation: str) -> None:
        if self._generation is not None:
            self._reset()
        self._generation = generation
        self._position = 0
        self._caught_up = False

    async def _move(self, position: int) -> None:
        async with self._moved:
            self._position = position
            self._moved.notify_all()
