"""A whole search, with fakes for models and source and the real thing for everything else."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cache.entries.relations import Relation
from cache.memory import Memory
from cache.pools.filters import NO_FILTERS, Filters
from cache.pools.pool import Pool
from cache.sharing.eviction import Bounds
from cache.sharing.flight import SingleFlight
from cache.sharing.lead import Lead
from cache.stores.protocol import Store
from cache.stores.sqlite import SqliteStore
from index import FlatIndex
from service.answers import Found, FreshRanking, SearchAnswer
from service.encoders.texts import TextVectors
from service.origin.pipeline import Origin
from service.origin.progress import Progresses
from service.origin.telling import Telling
from service.origin.vectors import PhotoVectors
from service.remembering import Remembering
from service.requests import SearchRequest
from service.savings import Costs, Savings
from service.search import Search
from service.streaming import Streaming
from service.telemetry.counters import Counters, Latencies
from service.telemetry.failures import StoreFailures
from service.tiers import Policy
from tests.cache.away import Interruptible
from tests.clocks import ManualClock
from tests.service.doubles import DIMENSION, FakeClip, FakePlacing, FakeQueryEncoder, FakeSource

POLICY = Policy(
    pool_size=20,
    thresholds={Relation.SAME: 0.9, Relation.INFLECTION: 0.9},
    prefer="quick",
    timeout_s=5.0,
)
COSTS = Costs(query_s=1.0, text_s=10.0, pool_s=100.0)
BOUNDS = Bounds(entries=1000, pools=100)


class World:
    """
    A search and everything around it, within reach of a test.

    Args:
        store: What it shares with others.
        clock: Its time.
        source: What it searches.
        policy: What it may serve.
        query: What places its queries; one of its own where None.
    """

    def __init__(
        self,
        store: Store,
        clock: ManualClock,
        source: FakeSource,
        policy: Policy = POLICY,
        query: FakeQueryEncoder | None = None,
    ) -> None:
        self.clock = clock
        self.file = store
        self.store = Interruptible(store)
        self.source = source
        self.query = query or FakeQueryEncoder()
        self.clip = FakeClip()
        self.counters = Counters()
        self.latencies = Latencies()
        self.seen: list[FreshRanking] = []
        self.index = FlatIndex(DIMENSION)
        self.memory = Memory(self.store, self.index, self.query.fingerprint, BOUNDS, self.clock)
        self.pools = self.memory.pools
        self.cache = self.memory.entries
        self.follower = self.memory.follower
        self.failures = StoreFailures(self.counters, self.clock)
        self.fetching = SingleFlight[str, Pool](running=4, waiting=0)
        self.progresses = Progresses()
        self.encoding = SingleFlight[str, NDArray[np.float16]](running=4, waiting=100)
        self.reading = SingleFlight[str, NDArray[np.float32]](running=100, waiting=0, finish=False)
        self.texts = TextVectors(self.clip, self.reading)
        self.asking = SingleFlight[Hashable, Found](running=100, waiting=0, finish=False)
        vectors = PhotoVectors(
            prepared=self.source.prepared,
            encode=self.clip.encode_images,
            dimension=DIMENSION,
            embeddings=self.memory.embeddings,
            encoding=self.encoding,
            counters=self.counters,
            failures=self.failures,
            clock=self.clock,
        )
        self.origin = Origin(
            search=self.source.search,
            lifetime_s=self.source.lifetime_s,
            vectors=vectors,
            pools=self.pools,
            refusals=self.memory.refusals,
            deletions=self.memory.deletions,
            mark=self.memory.mark,
            lead=Lead(self.store, self.follower.reach, turns=2),
            fetching=self.fetching,
            progresses=self.progresses,
            telling=Telling(self.store, self.clock),
            counters=self.counters,
            failures=self.failures,
            clock=self.clock,
        )
        self.search = self.searching(policy)
        self.streaming = Streaming(
            self.search, self.progresses.of, self.texts, self.clip.logit_scale
        )

    def searching(self, policy: Policy) -> Search:
        """Return a search of another policy over the same world."""
        return Search(
            source=self.source,
            query_encoder=FakePlacing(self.query, self.index),
            clip=self.clip,
            texts=self.texts,
            cache=self.cache,
            pools=self.pools,
            remembering=Remembering(
                self.memory.outbox, self.follower.reach, self.failures, self.counters
            ),
            deletions=self.memory.deletions,
            fetch=self.origin.pool,
            mark=self.memory.mark,
            policy=policy,
            savings=Savings(lambda: COSTS, self.pools, self.counters),
            asking=self.asking,
            counters=self.counters,
            failures=self.failures,
            latencies=self.latencies,
            clock=self.clock,
            observers=[self.seen.append],
        )

    async def ask(self, query: str, *, tag: str = "horse", k: int = 3, **rest: Any) -> SearchAnswer:
        """Search as a user does."""
        return await self.search.run(SearchRequest.checked(tag, query, k, **rest))

    async def catch_up(self) -> None:
        """Return once the journal has been read to its present end."""
        end = (await self.file.read(0, 1)).end
        async with asyncio.timeout(10):
            await self.follower.reach_end()
            await self.follower.reach(end)


def ids(answer: SearchAnswer) -> list[str]:
    """Return the photos of an answer, best first."""
    return [scored.candidate.id for scored in answer.results]


def stock() -> FakeSource:
    """Return a source of two tags."""
    return FakeSource({"horse": range(10), "tiger": range(20, 25)})


@asynccontextmanager
async def made(folder: Path, beside: World | None = None, **policy: Any) -> AsyncIterator[World]:
    """Make a world of its own, or one that shares all but its memory with another; end it."""
    clock = beside.clock if beside else ManualClock()
    store = SqliteStore(folder / "world.db", clock, timeout_s=2.0)
    source, query = (beside.source, beside.query) if beside else (stock(), None)
    async with living(World(store, clock, source, replace(POLICY, **policy), query)) as world:
        yield world


@asynccontextmanager
async def living(world: World) -> AsyncIterator[World]:
    """Open a world, let it run, and end it."""
    await world.store.open()
    running = [asyncio.create_task(task) for task in world.memory.tasks()]
    try:
        async with world.encoding, world.fetching, world.reading, world.asking:
            yield world
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await world.store.aclose()


__all__ = ["NO_FILTERS", "POLICY", "Filters", "World", "ids", "living", "made", "stock"]
