"""Eviction: one replica makes room, and tells all of them through the journal."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from cache.clock import Clock
from cache.entries.entry import Entry
from cache.entries.semantic import SemanticCache
from cache.errors import JournalReplaced, LeaseLost, StoreUnavailable
from cache.journal.follow import Follower
from cache.journal.notices import Eviction
from cache.pools.pools import Pools
from cache.stores.protocol import BlobKind, Freed, Lease, Store

__all__ = ["Bounds", "Evictor", "evict"]

_log = structlog.get_logger(__name__)

_LEASE = "eviction"
_LEASE_S = 30.0
_CATCH_UP_S = 5.0
_EVERY_S = 5.0
_AT_ONCE = 500
_PAUSE_S = 10.0
_LONGEST_PAUSE_S = 600.0
_KEPT_SHARE = 0.95
_SHARE_WHEN_FULL = 0.1


@dataclass(frozen=True, slots=True)
class Bounds:
    """
    What the deployment may remember.

    Args:
        entries: Most entries.
        pools: Most pools.
    """

    entries: int
    pools: int


class Evictor:
    """
    Evicts what is worth least once there is too much, while it holds the lease to do so.

    Every replica runs one. Where a bound is passed, the holder evicts down to 95 % of it,
    so that the work is done now and then rather than with every entry. A pool takes
    its entries along. Where the store itself is full, a tenth of everything goes, of
    photos' embeddings the oldest.

    Args:
        store: Where room is made.
        cache: Knows which entries are worth least.
        pools: Knows which pools are worth least.
        follower: Says whether this replica's view is whole; nothing is evicted before.
        bounds: What may be remembered.
        clock: Dates the records.
    """

    def __init__(
        self,
        store: Store,
        cache: SemanticCache,
        pools: Pools,
        follower: Follower,
        bounds: Bounds,
        clock: Clock,
    ) -> None:
        self._store = store
        self._cache = cache
        self._pools = pools
        self._follower = follower
        self._bounds = bounds
        self._clock = clock
        self._full = asyncio.Event()
        self._room_made_at = float("-inf")
        self._pause_s = 0.0
        self._evicted_entries = 0
        self._evicted_pools = 0

    @property
    def evicted_entries(self) -> int:
        """Entries this replica has evicted."""
        return self._evicted_entries

    @property
    def evicted_pools(self) -> int:
        """Pools this replica has evicted."""
        return self._evicted_pools

    def store_is_full(self) -> None:
        """Say that the store has refused a write for want of room: make some soon."""
        self._full.set()

    async def run(self) -> None:
        """Look after the bounds until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_S):
                    await self._full.wait()
            try:
                await self.evict(store_is_full=self._is_full_now())
            except (StoreUnavailable, JournalReplaced, LeaseLost) as exc:
                _log.warning("eviction_failed", reason=str(exc))

    def _is_full_now(self) -> bool:
        """
        Return whether room is to be made though no bound is passed.

        Ever more seldom while that does not help: whatever else fills the store, the
        whole cache must not be given up for it.
        """
        now, full = self._clock.monotonic(), self._full.is_set()
        self._full.clear()
        if not full or now < self._room_made_at + self._pause_s:
            return False
        lasts = now < self._room_made_at + _LONGEST_PAUSE_S + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S) if lasts else _PAUSE_S
        self._room_made_at = now
        return True

    async def evict(self, *, store_is_full: bool = False) -> int:
        """
        Evict what is too much, if nobody else is at it; return how many entries and pools went.

        Args:
            store_is_full: Whether to make room though no bound is passed.

        Raises:
            StoreUnavailable: If the store does not answer.
            LeaseLost: If somebody else has taken over.
            JournalReplaced: If the journal is another one by now.
        """
        if not self._follower.caught_up or not self._is_too_much(store_is_full):
            return 0
        lease = await self._store.acquire(_LEASE, _LEASE_S)
        if lease is None:
            return 0
        try:
            return await self._evict(lease, store_is_full)
        finally:
            with suppress(StoreUnavailable):
                await self._store.release(lease)

    def _is_too_much(self, store_is_full: bool) -> bool:
        self._cache.sweep()
        self._pools.sweep()
        bounds = self._bounds
        many = len(self._cache) > bounds.entries or len(self._pools.published) > bounds.pools
        return many or store_is_full

    async def _evict(self, lease: Lease, store_is_full: bool) -> int:
        # What the last holder has evicted may stand in the journal, not yet in this view.
        try:
            async with asyncio.timeout(_CATCH_UP_S):
                await self._follower.reach(lease.end)
        except TimeoutError:
            return 0
        # Of the journal the victims are chosen in; in another one these positions are others'.
        generation, now = self._follower.mark.generation, self._clock.now()
        entries, pools = self._victims(store_is_full)
        if store_is_full:
            # Most of what is kept, and of no replica's view: photos of pools long gone too.
            await self._store.shed(BlobKind.BLOCK, _SHARE_WHEN_FULL)
        if not entries and not pools:
            return 0
        await evict(self._store, entries, pools, generation=generation, lease=lease, now=now)
        self._evicted_entries += len(entries)
        self._evicted_pools += len(pools)
        _log.info("evicted", entries=len(entries), pools=len(pools), full=store_is_full)
        return len(entries) + len(pools)

    def _victims(self, store_is_full: bool) -> tuple[dict[int, Entry], list[str]]:
        pools = self._pools.least_worth(
            _excess(len(self._pools.published), self._bounds.pools, store_is_full)
        )
        along = self._cache.of_pools(pools)
        excess = _excess(len(self._cache), self._bounds.entries, store_is_full)
        alone = self._cache.least_worth(excess - len(along), but=along)
        return along | alone, pools


async def evict(
    store: Store,
    entries: Mapping[int, Entry],
    pools: Sequence[str],
    *,
    generation: str | None,
    now: float,
    lease: Lease | None = None,
) -> None:
    """
    Evict from a store and from every replica's memory, so many at a time.

    Args:
        store: Where they are.
        entries: By position.
        pools: Ids; their entries should be among `entries`.
        generation: The journal the positions are of.
        now: Wall time.
        lease: The lease to evict, where one is needed.

    Raises:
        StoreUnavailable, LeaseLost, JournalReplaced: As `Store.append`; some may have gone.
    """
    positions = sorted(entries)
    # Pools go along with the first entries: a full store takes a record that frees something.
    for start in range(0, max(1, len(positions)), _AT_ONCE):
        some = positions[start : start + _AT_ONCE]
        freed = Freed(some, [entries[p].ranking_key for p in some])
        record = Eviction(some, pools if start == 0 else ()).record(now)
        await store.append([record], generation=generation, lease=lease, freed=freed)
    await store.drop(BlobKind.POOL, pools)


def _excess(count: int, most: int, store_is_full: bool) -> int:
    """Return how many of so many should go."""
    if store_is_full:
        # Rounded: a lone pool is not given up, with all its entries, for want of a tenth.
        return max(count - most, int(count * _SHARE_WHEN_FULL + 0.5))
    return count - int(most * _KEPT_SHARE) if count > most else 0
