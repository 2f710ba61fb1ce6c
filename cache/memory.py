"""All that a replica remembers and shares, over one store."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cache.clock import Clock
from cache.entries.semantic import SemanticCache
from cache.errors import JournalReplaced, StoreUnavailable
from cache.journal.follow import Follower
from cache.journal.notices import Deletion
from cache.journal.records import Mark
from cache.journal.view import View
from cache.pools.embeddings import Embeddings
from cache.pools.pools import Pools
from cache.sharing.eviction import Bounds, Evictor, evict
from cache.sharing.invalidation import Deletions
from cache.sharing.outbox import Outbox
from cache.sharing.refusals import Refusals
from cache.stores.protocol import Store
from index import VectorIndex

__all__ = ["Deleted", "Memory"]

_REACH_S = 2.0
_GARBAGE_LEASE = "garbage"
_GARBAGE_EVERY_S = 25.0


@dataclass(frozen=True, slots=True)
class Deleted:
    """
    What a deletion did here; other replicas do the same as soon as they read of it.

    Args:
        position: Of its record in the journal.
        entries: Entries this replica had.
        pools: Pools this replica knew.
    """

    position: int
    entries: int
    pools: int


class Memory:
    """
    The parts of a replica's memory, each a view of the journal or a writer to it.

    Args:
        store: Shared with all other replicas; open.
        index: Empty index over query embeddings.
        query_model: Fingerprint of the query encoder.
        bounds: What the deployment may remember.
        clock: Time for everything in it.
    """

    def __init__(
        self, store: Store, index: VectorIndex, query_model: str, bounds: Bounds, clock: Clock
    ) -> None:
        self._clock = clock
        self.store = store
        self.deletions = Deletions(clock)
        self.embeddings = Embeddings(store, clock)
        self.pools = Pools(store, self.embeddings, self.deletions, clock, most=bounds.pools)
        self.refusals = Refusals(store, self.deletions, clock)
        self.entries = SemanticCache(
            store, index, query_model, self.deletions, clock, most=bounds.entries
        )
        # Deletions first: the others ask them.
        view = View([self.deletions, self.pools, self.refusals, self.entries])
        self.follower = Follower(store, view, clock)
        self.evictor = Evictor(store, self.entries, self.pools, self.follower, bounds, clock)
        self.outbox = Outbox(self.entries, self.pools, clock, on_full=self.evictor.store_is_full)

    def mark(self) -> Mark:
        """Return how far the journal has been read."""
        return self.follower.mark

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """Return what must run, each in a task of the owner's, while the memory is used."""
        return [self.follower.run(), self.outbox.run(), self.evictor.run()]

    def sweep(self) -> None:
        """Let go of what has expired."""
        self.entries.sweep()
        self.pools.sweep()
        self.refusals.sweep()
        self.deletions.sweep()

    async def collect_garbage(self) -> None:
        """
        Let the store collect what has expired, unless another replica has just done so.

        Raises:
            StoreUnavailable: If it does not answer.
        """
        # Not released: it runs out when it is time to collect again.
        if await self.store.acquire(_GARBAGE_LEASE, _GARBAGE_EVERY_S) is not None:
            await self.store.purge()

    async def delete(self, deletion: Deletion) -> Deleted:
        """
        Delete entries, and a tag's pools, on every replica.

        What is in flight is dead on arrival. Once this returns, no replica that has
        read the journal so far serves what was deleted.

        Raises:
            StoreUnavailable: If the store does not confirm it; it may have been taken all
                the same. Asking again does no harm.
        """
        entries = self.entries.covered_by(deletion)
        pools = self.pools.covered_by(deletion)
        generation, now = self.mark().generation, self._clock.now()
        position = await self.store.append([deletion.record(now)])
        with suppress(TimeoutError):
            async with asyncio.timeout(_REACH_S):
                await self.follower.reach(position)
        # Only room is at stake from here on: nobody serves them any more.
        with suppress(StoreUnavailable, JournalReplaced):
            await evict(self.store, entries, pools, generation=generation, now=now)
        return Deleted(position, len(entries), len(pools))
