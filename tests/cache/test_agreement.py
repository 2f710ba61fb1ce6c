"""Replicas that read one journal hold the same, in whatever order things happen to them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.entries.entry import Draft
from cache.journal.notices import Deletion
from cache.memory import Memory
from cache.sharing.eviction import evict
from cache.stores.sqlite import SqliteStore
from index import FlatIndex
from tests.cache.examples import MODEL, NOW, SCOPE, direction, draft, pool
from tests.cache.replicas import BOUNDS
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

KEYS = [("tiger", "a"), ("tiger", "b"), ("cat", "a")]
DELETIONS = [Deletion(tag="tiger"), Deletion(query="a"), Deletion("tiger", "b"), Deletion()]
REPLICAS = st.integers(0, 1)
WHICH = st.integers(0, 9)
LIFETIMES_S = st.sampled_from([60, 120])
ACTIONS = st.one_of(
    st.tuples(st.just("rank"), REPLICAS, st.sampled_from(KEYS), LIFETIMES_S),
    st.tuples(st.just("rank"), REPLICAS, st.sampled_from(KEYS), LIFETIMES_S),
    st.tuples(st.just("begin"), REPLICAS, st.sampled_from(KEYS), LIFETIMES_S),
    st.tuples(st.just("begin"), REPLICAS, st.sampled_from(KEYS), LIFETIMES_S),
    st.tuples(st.just("finish"), WHICH),
    st.tuples(st.just("finish"), WHICH),
    st.tuples(st.just("delete"), REPLICAS, st.sampled_from(DELETIONS)),
    st.tuples(st.just("evict"), REPLICAS, st.integers(1, 2)),
    st.tuples(st.just("pass_time"), st.sampled_from([20, 50])),
    st.tuples(st.just("sweep"), REPLICAS),
)
READERS = st.sampled_from([(), (), (0,), (1,), (0, 1)])
STEPS = st.lists(st.tuples(ACTIONS, READERS), min_size=1, max_size=30)
"""What happens, and which of the replicas read of it at once."""


@dataclass
class World:
    """Two replicas that read when told to, and an account of what was appended."""

    clock: ManualClock
    memories: list[Memory]
    begun: list[tuple[Memory, Draft]] = field(default_factory=list)
    entries: list[tuple[int, Draft]] = field(default_factory=list)
    deletions: list[tuple[int, Deletion]] = field(default_factory=list)
    evictions: list[tuple[int, list[int]]] = field(default_factory=list)

    async def rank(self, replica: int, key: tuple[str, str], lifetime_s: int) -> None:
        """Rank and remember at once."""
        await self.begin(replica, key, lifetime_s)
        await self.finish(-1)

    async def begin(self, replica: int, key: tuple[str, str], lifetime_s: int) -> None:
        """Begin a ranking; no two are made at the same moment."""
        memory, (tag, query) = self.memories[replica], key
        self.clock.advance(seconds=0.001)
        ranked = pool(tag=tag, fetched_at=self.clock.now(), lifetime_s=lifetime_s)
        now, begun = self.clock.now(), memory.mark()
        self.begun.append((memory, draft(query, tag=tag, of=ranked, created_at=now, begun=begun)))

    async def finish(self, which: int) -> None:
        """Remember one of the rankings begun, unless its pool has ended, as an outbox does."""
        if not self.begun:
            return
        memory, made = self.begun.pop(which % len(self.begun))
        if made.entry.expires_at <= self.clock.now():
            return
        # Two that replace one entry without knowing of each other leave a record too many.
        if any(p > memory.mark().position and key(d) == key(made) for p, d in self.entries):
            await self.catch_up(memory)
        position = await memory.entries.remember(made)
        if position is not None:
            self.entries.append((position, made))

    async def delete(self, replica: int, deletion: Deletion) -> None:
        """Delete; the replica that does so reads its own deletion."""
        memory = self.memories[replica]
        deleting = asyncio.create_task(memory.delete(deletion))
        while not deleting.done():
            await self.catch_up(memory)
        self.deletions.append(((await deleting).position, deletion))

    async def evict(self, replica: int, count: int) -> None:
        """Evict what a replica thinks is worth least."""
        await self.catch_up_all()
        memory = self.memories[replica]
        victims = memory.entries.least_worth(count)
        await evict(memory.store, victims, (), generation=None, now=self.clock.now())
        end = (await memory.store.read(0, 1)).end
        self.evictions += [(end, list(victims))] if victims else []

    async def pass_time(self, seconds: float) -> None:
        """Let some entries end."""
        await self.catch_up_all()
        self.clock.advance(seconds=seconds)

    async def sweep(self, replica: int) -> None:
        """Let a replica let go of what has ended."""
        self.memories[replica].sweep()

    async def catch_up(self, memory: Memory) -> None:
        await memory.follower._advance()

    async def catch_up_all(self) -> None:
        """
        Let both read, before something leaves the journal.

        Who has not read of an entry that replaced another, and never will, keeps the other.
        """
        for memory in self.memories:
            await self.catch_up(memory)

    def serves_nothing_deleted(self, memory: Memory) -> bool:
        """Whether every entry served began after all deletions read that cover it."""
        read = memory.mark().position
        began = {d.entry.created_at: d.begun.position for _, d in self.entries}
        return not any(
            deletion.covers(tag, query) and began[created_at] < position <= read
            for (tag, query), created_at in served(memory).items()
            for position, deletion in self.deletions
        )

    def expected(self) -> dict[tuple[str, str], float]:
        """What every replica that has read all serves, by an account of what was appended."""
        held: dict[tuple[str, str], tuple[int, Draft]] = {}
        log = [*self.entries, *self.deletions, *self.evictions]
        for position, what in sorted(log, key=lambda one: one[0]):
            if isinstance(what, Draft):
                if not self.is_dead(position, what):
                    held[key(what)] = (position, what)
            elif isinstance(what, Deletion):
                held = {k: e for k, e in held.items() if not what.covers(*k)}
            else:
                held = {k: e for k, e in held.items() if e[0] not in what}
        now = self.clock.now()
        return {k: d.entry.created_at for k, (_, d) in held.items() if d.entry.expires_at > now}

    def is_dead(self, position: int, made: Draft) -> bool:
        """Whether a deletion before an entry came after its beginning."""
        return any(
            d.covers(*key(made)) and made.begun.position < p < position for p, d in self.deletions
        )


def key(made: Draft) -> tuple[str, str]:
    return made.entry.tag, made.entry.query


def served(memory: Memory) -> dict[tuple[str, str], float]:
    """Return what a replica finds, by text and by meaning, by when it was made."""
    by_text = {k: memory.entries.exact(SCOPE, *k) for k in KEYS}
    exact = {k: entry.created_at for k, entry in by_text.items() if entry}
    near = memory.entries.nearest(SCOPE, direction(1.0))
    assert exact == {(one.entry.tag, one.entry.query): one.entry.created_at for one in near}
    return exact


@asynccontextmanager
async def memories(count: int, folder: Path, clock: ManualClock) -> AsyncIterator[list[Memory]]:
    """Open replicas that have read what there is."""
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(count):
            store = SqliteStore(folder / "nearhit.db", clock, timeout_s=5.0)
            stack.push_async_callback(store.aclose)
            await store.open()
            opened.append(Memory(store, FlatIndex(4), MODEL, BOUNDS, clock))
            await opened[-1].follower._advance()
        yield opened


@settings(max_examples=120, deadline=None)
@given(STEPS)
async def test_replicas_agree_and_serve_nothing_deleted(steps):
    """However they remember, delete, evict, forget and lag, all come to hold the same."""
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), ManualClock(NOW)
        async with memories(2, folder, clock) as two:
            world = World(clock, two)
            for (action, *arguments), readers in steps:
                await getattr(world, action)(*arguments)
                for replica in readers:
                    await world.catch_up(two[replica])
                assert all(world.serves_nothing_deleted(memory) for memory in two)
            await world.catch_up_all()
            async with memories(1, folder, clock) as (later,):
                assert [served(m) for m in (*two, later)] == [world.expected()] * 3
