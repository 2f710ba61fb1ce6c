"""Replicas over one file: each a memory with a store handle of its own."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cache.entries.codec import encode_entry, encode_ranking
from cache.entries.entry import Draft
from cache.journal.records import Record, RecordKind
from cache.memory import Memory
from cache.pools.pool import Pool
from cache.sharing.eviction import Bounds
from cache.stores.protocol import Blob, BlobKind
from cache.stores.sqlite import SqliteStore
from index import FlatIndex
from tests.cache.away import Interruptible
from tests.cache.examples import MODEL, SCOPE, direction
from tests.clocks import ManualClock

PATIENCE_S = 20.0
BOUNDS = Bounds(entries=1000, pools=100)


class Replica:
    """
    A memory that follows the journal.

    Args:
        store: The replica's own handle.
        clock: Time for everything in it.
        bounds: What may be remembered.
    """

    def __init__(self, store: SqliteStore, clock: ManualClock, bounds: Bounds) -> None:
        self.clock = clock
        self.file = store
        self.door = Interruptible(store)
        self.memory = Memory(self.door, FlatIndex(4), MODEL, bounds, clock)

    async def catch_up(self) -> None:
        """Return once the journal has been read to its present end."""
        page, follower = await self.door.store.read(0, 1), self.memory.follower
        await wait_for(lambda: follower.mark.generation == page.generation)
        async with asyncio.timeout(PATIENCE_S):
            await follower.reach_end()
            await follower.reach(page.end)

    @asynccontextmanager
    async def behind(self) -> AsyncIterator[None]:
        """Keep this replica from reading the journal any further."""
        held, go = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            held.set()
            await go.wait()

        self.door.before("read", hold)
        await held.wait()
        try:
            yield
        finally:
            go.set()

    async def learn(self, drafts: Sequence[Draft]) -> None:
        """Have many entries at once, as if they had been remembered one by one."""
        records = [
            Record(RecordKind.ENTRY, encode_entry(d.entry, d.embedding), d.entry.expires_at)
            for d in drafts
        ]
        blobs = [
            Blob(
                BlobKind.RANKING,
                d.entry.ranking_key,
                encode_ranking(d.ranking),
                d.entry.expires_at,
            )
            for d in drafts
        ]
        await self.file.append(records, blobs)
        await self.catch_up()

    async def fetch(self, pool: Pool) -> Pool:
        """Have a pool, as if it had been fetched here."""
        await self.memory.pools.keep(pool)
        self.memory.pools.hold(pool)
        await self.catch_up()
        return pool

    def queries(self, scope: str = SCOPE) -> set[str]:
        """What is found near the example queries."""
        return {near.entry.query for near in self.memory.entries.nearest(scope, direction(1.0), 99)}


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run tasks that have no end; one that fails fails the test."""
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


@asynccontextmanager
async def replica(
    folder: Path, clock: ManualClock, bounds: Bounds = BOUNDS, name: str = "nearhit"
) -> AsyncIterator[Replica]:
    """Start a replica on the file of a folder; it has read the journal."""
    store = SqliteStore(folder / f"{name}.db", clock, timeout_s=2.0)
    await store.open()
    one = Replica(store, clock, bounds)
    async with running(one.memory.follower.run()):
        await one.catch_up()
        yield one
    await store.aclose()


async def wait_for(reached: Any) -> None:
    """Return once a state is reached, within a bound."""
    async with asyncio.timeout(PATIENCE_S):
        while not reached():
            await asyncio.sleep(0.001)
