"""Eviction: one replica makes room, all of them let go."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cache.errors import JournalReplaced, LeaseLost, StoreFull, StoreUnavailable
from cache.memory import Memory
from cache.sharing import eviction
from cache.sharing.eviction import Bounds
from cache.stores.protocol import BlobKind
from index import FlatIndex
from tests.cache.examples import MODEL, NOW, SCOPE, draft, pool
from tests.cache.replicas import Replica, replica, running, wait_for
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

BOUNDS = Bounds(entries=20, pools=10)


@pytest.fixture
async def ours(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Replica]:
    async with replica(tmp_path, clock, BOUNDS) as one:
        yield one


@pytest.fixture
async def others(tmp_path: Path, clock: ManualClock, ours: Replica) -> AsyncIterator[Replica]:
    async with replica(tmp_path, clock, BOUNDS) as one:
        yield one


def drafts(count: int, **fields: object) -> list:
    """Return entries, each a second older than the next."""
    return [draft(f"query {n:04}", created_at=NOW + n, **fields) for n in range(count)]


def names(*numbers: int) -> set[str]:
    return {f"query {n:04}" for n in numbers}


async def fetched(one: Replica, count: int) -> list[str]:
    """Have pools, each a second older than the next, with two entries each; return their ids."""
    for n in range(count):
        made = pool(tag=f"tag{n}", fetched_at=NOW + n)
        await one.fetch(made)
        both = [f"{made.id} {which}" for which in "ab"]
        await one.learn([draft(q, tag=f"tag{n}", of=made, created_at=NOW) for q in both])
    return [f"pool-tag{n}" for n in range(count)]


async def test_within_its_bounds_nothing_is_evicted(ours):
    """A cache that is just full stays so."""
    await ours.learn(drafts(20))

    assert await ours.memory.evictor.evict() == 0
    assert len(ours.memory.entries) == 20


async def test_beyond_the_bound_it_is_brought_down_to_95_percent(ours, others):
    """One too many makes room for several, so that the work is done now and then."""
    await ours.learn(drafts(21))

    evicted = await ours.memory.evictor.evict()

    await ours.catch_up()
    await others.catch_up()
    assert evicted == ours.memory.evictor.evicted_entries == 2
    assert len(ours.memory.entries) == len(others.memory.entries) == 19


async def test_what_will_be_missed_least_goes(ours, clock):
    """The oldest that nobody asks for go; what is asked for stays."""
    await ours.learn(drafts(21))
    clock.advance(hours=1)
    ours.memory.entries.used(ours.memory.entries.exact(SCOPE, "tiger", "query 0000"))

    await ours.memory.evictor.evict()

    await ours.catch_up()
    assert names(0, *range(3, 21)) == ours.queries()


async def test_what_is_evicted_leaves_the_store(ours):
    """Record and ranking make room at once, rather than at their end."""
    await ours.learn(drafts(21))

    await ours.memory.evictor.evict()

    page = await ours.file.read(0, 100)
    assert {one.position for one in page.records} == {*range(3, 22), 22}
    rankings = [await ours.file.has(BlobKind.RANKING, d.entry.ranking_key) for d in drafts(21)]
    assert rankings == [False] * 2 + [True] * 19


async def test_a_pool_takes_its_entries_along(ours, others):
    """An entry whose pool is gone could not be served; nor does it count as one too many."""
    ids = await fetched(ours, 11)

    evicted = await ours.memory.evictor.evict()

    for one in (ours, others):
        await one.catch_up()
        assert list(one.memory.pools.published) == ids[2:]
        assert one.queries() == {f"{name} {which}" for name in ids[2:] for which in "ab"}
    assert evicted == 2 + 4
    assert ours.memory.evictor.evicted_pools == 2


async def test_an_evicted_pool_is_gone_from_store_and_memories(ours, others):
    """Wherever it was, nobody ranks it any more."""
    ids = await fetched(ours, 11)
    await others.catch_up()
    for name in ids[:3]:
        assert await others.memory.pools.get(name)

    await ours.memory.evictor.evict()

    for one in (ours, others):
        await one.catch_up()
        assert [bool(await one.memory.pools.get(name)) for name in ids[:3]] == [False, False, True]
    assert [await ours.file.has(BlobKind.POOL, name) for name in ids[:3]] == [False, False, True]


async def test_many_are_evicted_in_several_records(ours):
    """No record is so large that reading it holds up searches."""
    await ours.learn(drafts(2500))

    evicted = await ours.memory.evictor.evict()

    await ours.catch_up()
    records = (await ours.file.read(2500, 100)).records
    assert evicted == 2481
    assert len(records) == 5
    assert max(len(one.record.body) for one in records) < 10_000
    assert len(ours.memory.entries) == 19


async def test_while_another_replica_evicts_this_one_does_not(ours, others):
    """One at a time, or each would evict for the same want of room."""
    await ours.learn(drafts(21))
    await others.file.acquire("eviction", 30)

    assert await ours.memory.evictor.evict() == 0
    assert len(ours.memory.entries) == 21


async def test_the_lease_is_given_back(ours, others):
    """The next time anybody may be the one."""
    await ours.learn(drafts(21))

    await ours.memory.evictor.evict()

    assert await others.file.acquire("eviction", 30)


async def test_who_was_taken_over_evicts_nothing(ours, others, clock):
    """A replica that was stopped for a while must not act on what it knew."""
    await ours.learn(drafts(21))

    async def take_over() -> None:
        clock.advance(seconds=30)
        assert await others.file.acquire("eviction", 30)

    ours.door.before("append", take_over)
    with pytest.raises(LeaseLost):
        await ours.memory.evictor.evict()

    await ours.catch_up()
    assert len(ours.memory.entries) == 21


async def test_nothing_is_evicted_before_the_view_is_whole(ours, store, clock):
    """Who has not read the whole journal does not know what is worth least."""
    await ours.learn(drafts(40))
    memory = Memory(store, FlatIndex(4), MODEL, BOUNDS, clock)

    assert await memory.evictor.evict(store_is_full=True) == 0
    assert await store.acquire("eviction", 30)


async def test_nothing_is_evicted_while_another_journal_is_read(ours, clock, tmp_path: Path):
    """After a journal was replaced the view is not whole until the end of the new one."""
    counts = []

    async def evict_between_pages() -> None:
        if ours.memory.mark().position == 512:
            counts.append(await ours.memory.evictor.evict())
        ours.door.before("read", evict_between_pages)

    async with replica(tmp_path, clock, name="another") as others:
        await others.learn(drafts(600))

        ours.door.before("read", evict_between_pages)
        ours.door.store = others.file
        await wait_for(lambda: counts)

    assert counts == [0]
    assert ours.door.calls["acquire"] == 0


async def test_a_store_that_is_away_is_told_of(ours):
    """The owner of the task decides what to do then."""
    await ours.learn(drafts(21))
    ours.door.read_only = True

    with pytest.raises(StoreUnavailable):
        await ours.memory.evictor.evict()


async def test_a_full_store_makes_room_though_no_bound_is_passed(ours, others):
    """A tenth goes, of entries and of pools, whatever the bounds say."""
    ids = await fetched(ours, 5)
    await ours.learn(drafts(10))

    await ours.memory.evictor.evict(store_is_full=True)

    await others.catch_up()
    assert list(others.memory.pools.published) == ids[1:]
    assert len(others.memory.entries) == 18


async def test_an_empty_cache_has_nothing_to_give(ours):
    """Something else has filled the store; that is no reason to fail."""
    assert await ours.memory.evictor.evict(store_is_full=True) == 0


async def test_what_a_full_store_refuses_finds_room_soon(ours, others):
    """The evictor is woken by the refusal, and the outbox delivers what was refused."""
    await ours.learn(drafts(10))
    memory = ours.memory
    ours.door.full = True
    with pytest.raises(StoreFull):
        await memory.outbox.write(draft("refused"))

    async with running(memory.evictor.run(), memory.outbox.run()):
        await wait_for(lambda: memory.outbox.statistics().delivered == 1)

    await others.catch_up()
    assert memory.evictor.evicted_entries >= 1
    assert "refused" in others.queries()


async def test_what_another_replica_has_just_evicted_is_not_evicted_for_again(ours, others, clock):
    """Who gets the lease next reads first what was done under the last one."""
    await ours.learn(drafts(21))
    await others.catch_up()
    clock.advance(hours=1)
    for query in ("query 0000", "query 0001"):
        others.memory.entries.used(others.memory.entries.exact(SCOPE, "tiger", query))
    async with others.behind():
        await ours.memory.evictor.evict()

        second = asyncio.create_task(others.memory.evictor.evict())
        await wait_for(lambda: others.door.calls["acquire"] == 1)
    evicted = await second

    await others.catch_up()
    assert evicted == 0
    assert len(others.memory.entries) == 19


async def test_a_view_that_lags_for_long_evicts_nothing(ours, others, monkeypatch):
    """The lease is not held for ever by who cannot read the journal."""
    monkeypatch.setattr(eviction, "_CATCH_UP_S", 0.02)
    await ours.learn(drafts(21))
    await others.catch_up()
    async with others.behind():
        await ours.learn([draft("one more")])

        assert await others.memory.evictor.evict() == 0
        assert await ours.file.acquire("eviction", 30)


async def test_what_has_expired_is_not_evicted_for(ours, clock):
    """Live entries need not go where dead ones make room."""
    await ours.learn(
        [*drafts(15), *(draft(f"short {n}", of=pool(lifetime_s=60)) for n in range(9))]
    )
    clock.advance(seconds=60)

    assert await ours.memory.evictor.evict() == 0
    assert len(ours.memory.entries) == 15


async def test_a_journal_that_is_replaced_meanwhile_does_not_end_the_evictor(
    ours, clock, tmp_path: Path
):
    """What was to be evicted is gone with the old journal; the next round looks anew."""
    await ours.learn(drafts(21))
    async with replica(tmp_path, clock, BOUNDS, name="another") as others:
        async with ours.behind(), running(ours.memory.evictor.run()):
            ours.door.store = others.file
            ours.memory.evictor.store_is_full()
            await wait_for(lambda: ours.door.calls["release"] == 1)
        await others.learn(drafts(21))
        clock.advance(seconds=60)  # as the round that was ended may still have held its lease

        await ours.catch_up()
        assert await ours.memory.evictor.evict() == 2


async def test_positions_of_an_old_journal_are_not_evicted_in_the_new(ours, clock, tmp_path: Path):
    """In another journal they are other entries, whoever holds the lease there."""
    await ours.learn(drafts(1500))
    async with replica(tmp_path, clock, name="another") as others:
        await others.learn(drafts(600))
        await others.file.acquire("eviction", 30)

        append = ours.door.append

        async def append_and_replace(*args: object, **rest: object) -> int:
            ours.door.append = append
            position = await append(*args, **rest)
            ours.door.store = others.file
            await wait_for(lambda: ours.memory.follower.rebuilds == 1)
            return position

        ours.door.append = append_and_replace
        with pytest.raises(JournalReplaced):
            await ours.memory.evictor.evict()

        assert (await others.file.read(0, 1)).end == 600


async def test_room_is_made_ever_more_seldom_while_that_does_not_help(ours, clock):
    """Whatever else fills the store, the cache is not given up for it within minutes."""
    made = []
    for second in range(200):
        ours.memory.evictor.store_is_full()
        if ours.memory.evictor._is_full_now():
            made.append(second)
        clock.advance(seconds=1)

    assert made == [0, 10, 30, 70, 150]


async def test_a_store_that_is_full_again_later_is_helped_at_once(ours, clock):
    """After a quarter of an hour of peace it is another want of room."""
    ours.memory.evictor.store_is_full()
    ours.memory.evictor._is_full_now()
    clock.advance(seconds=900)
    ours.memory.evictor.store_is_full()

    assert ours.memory.evictor._is_full_now()
    clock.advance(seconds=10)
    ours.memory.evictor.store_is_full()
    assert ours.memory.evictor._is_full_now()
