"""Following the journal: how a replica learns what any of them learnt."""

import asyncio

import structlog

from cache.clock import Clock
from cache.errors import StoreUnavailable
from cache.journal.protocol import Journal, Page
from cache.journal.records import NOWHERE, Mark
from cache.journal.view import Part

__all__ = ["Follower"]

_BATCH = 512
"""Records applied at one go: some ten milliseconds in which no search runs."""

_IDLE_S = 1.0
_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
_TELL_EVERY_S = 1.0

_log = structlog.get_logger(__name__)


class Follower:
    """
    Applies the journal in order, from its start, as it grows.

    Owns nothing but its position: `run` is to be run by whoever owns the
    follower, in a task of theirs.

    Args:
        journal: What is followed.
        view: Given each batch, in order of position; reset when the journal
            turns out to be another one, before that is applied from its start.
        clock: Measures how often progress is told.
    """

    def __init__(self, journal: Journal, view: Part, clock: Clock) -> None:
        self._journal = journal
        self._view = view
        self._clock = clock
        self._mark = NOWHERE
        self._end = 0
        self._moved = asyncio.Condition()
        self._caught_up = False
        self._reachable = True
        self._rebuilds = 0
        self._told_at = float("-inf")

    @property
    def mark(self) -> Mark:
        """How far the journal has been applied."""
        return self._mark

    @property
    def position(self) -> int:
        """Position of the newest record applied."""
        return self._mark.position

    @property
    def lag(self) -> int:
        """Records known to be in the journal and not applied yet, at most."""
        return self._end - self.position

    @property
    def caught_up(self) -> bool:
        """Whether the journal's end has been reached once since the last reset."""
        return self._caught_up

    @property
    def reachable(self) -> bool:
        """Whether the journal answered when it was last asked."""
        return self._reachable

    @property
    def rebuilds(self) -> int:
        """How often the journal turned out to be another one."""
        return self._rebuilds

    async def run(self) -> None:
        """Follow until cancelled; an unavailable store is asked again ever more slowly."""
        pause_s = _PAUSE_S
        while True:
            try:
                await self._advance()
                if not self._reachable:
                    _log.info("journal_reachable", position=self.position)
                self._reachable, pause_s = True, _PAUSE_S
                await self._journal.wait(self.position, _IDLE_S)
            except StoreUnavailable:
                self._reachable = False
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def reach(self, position: int) -> None:
        """Return once a position has been applied; `run` must be running."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.position >= position)

    async def reach_end(self) -> None:
        """Return once the journal's end has been reached; `run` must be running."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._caught_up)

    async def _advance(self) -> None:
        """Apply everything up to the journal's end."""
        while True:
            page = await self._journal.read(self.position, _BATCH)
            if self._is_another(page):
                self._restart(page.generation)
                continue
            self._end = page.end
            self._view.apply(page.records)
            at_end = page.upto >= page.end
            self._caught_up = self._caught_up or at_end
            await self._move(page.upto)
            if at_end:
                return
            self._tell_progress()

    def _is_another(self, page: Page) -> bool:
        return page.generation != self._mark.generation or page.end < self.position

    def _restart(self, generation: str) -> None:
        if self._mark.generation is not None:
            self._rebuilds += 1
            _log.warning("journal_replaced", position=self.position)
        self._view.reset(generation)
        self._mark = Mark(generation, 0)
        self._caught_up = False

    async def _move(self, position: int) -> None:
        async with self._moved:
            self._mark = Mark(self._mark.generation, position)
            self._moved.notify_all()

    def _tell_progress(self) -> None:
        now = self._clock.monotonic()
        if now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            _log.info("journal_replaying", position=self.position, end=self._end)
