"""The outbox: fresh rankings on their way into the store, now or when it is back."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from cache.clock import Clock
from cache.entries.entry import Draft
from cache.entries.semantic import SemanticCache
from cache.errors import JournalReplaced, StoreFull, StoreUnavailable
from cache.pools.pools import Pools

__all__ = ["Outbox", "OutboxStatistics"]

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 5.0

_Key = tuple[str, str, str]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OutboxStatistics:
    """
    An outbox at one moment.

    Args:
        waiting: Rankings the store has not taken yet.
        delivered: Rankings it took later than they were made.
        dropped: Rankings given up, since there was no room to wait or their pool has ended.
    """

    waiting: int
    delivered: int
    dropped: int


class Outbox:
    """
    Writes fresh rankings, and offers again what the store did not take.

    Args:
        cache: Appends entries.
        pools: Sees to it that an entry's pool is there before it.
        clock: Decides what is no longer worth writing.
        on_full: Told when the store has no room.
        most: How many may wait; the oldest goes.
    """

    def __init__(
        self,
        cache: SemanticCache,
        pools: Pools,
        clock: Clock,
        *,
        on_full: Callable[[], None] = lambda: None,
        most: int = 1024,
    ) -> None:
        self._cache = cache
        self._pools = pools
        self._clock = clock
        self._on_full = on_full
        self._most = most
        self._waiting: OrderedDict[_Key, Draft] = OrderedDict()
        self._news = asyncio.Event()
        self._delivered = 0
        self._dropped = 0

    def statistics(self) -> OutboxStatistics:
        """Return counts as they are now."""
        return OutboxStatistics(len(self._waiting), self._delivered, self._dropped)

    async def write(self, draft: Draft) -> int | None:
        """
        Make an entry of a fresh ranking; return its position, or None where it was deleted since.

        Raises:
            StoreUnavailable: If the store does not take it now; it will be offered again.
        """
        key = _key(draft)
        older = self._waiting.get(key)
        try:
            position = await self._write(draft)
        except StoreUnavailable:
            self._wait(draft)
            raise
        except asyncio.CancelledError:
            # It may have been written all the same: what is older must not replace it.
            self._settle(key, older)
            raise
        self._settle(key, older)
        return position

    async def run(self) -> None:
        """Offer what waits until cancelled, ever more slowly while the store stays away."""
        pause_s = _FIRST_PAUSE_S
        while True:
            await self._news.wait()
            try:
                await self._deliver()
                pause_s = _FIRST_PAUSE_S
            except StoreUnavailable:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _deliver(self) -> None:
        count = len(self._waiting)
        while self._waiting:
            key, draft = next(iter(self._waiting.items()))
            if draft.pool.expires_at <= self._clock.now():
                self._dropped += 1
            elif await self._write(draft) is not None:
                self._delivered += 1
            self._settle(key, draft)
        self._news.clear()
        if count:
            _log.info("outbox_delivered", entries=count)

    async def _write(self, draft: Draft) -> int | None:
        try:
            await self._pools.keep(draft.pool)
            return await self._cache.remember(draft)
        except StoreFull:
            self._on_full()
            raise
        except JournalReplaced as exc:
            raise StoreUnavailable("The journal is being replaced.") from exc

    def _settle(self, key: _Key, draft: Draft | None) -> None:
        """Let a draft wait no longer, unless a newer one has taken its place meanwhile."""
        if self._waiting.get(key) is draft:
            self._waiting.pop(key, None)

    def _wait(self, draft: Draft) -> None:
        self._waiting[_key(draft)] = draft
        if len(self._waiting) > self._most:
            self._waiting.popitem(last=False)
            self._dropped += 1
        self._news.set()


def _key(draft: Draft) -> _Key:
    return draft.entry.scope, draft.entry.tag, draft.entry.query
