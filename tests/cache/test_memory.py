"""What one replica remembers, deletes or evicts holds on all of them."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from cache.errors import LeaseLost, StoreUnavailable
from cache.journal.notices import Deletion
from cache.journal.records import Record, RecordKind
from cache.memory import Deleted
from cache.sharing.refusals import Refusal
from cache.stores.protocol import BlobKind
from tests.cache.examples import DAY_S, NOW, SCOPE, draft, pool
from tests.cache.replicas import BOUNDS, Replica, replica, running, wait_for
from tests.cache.spoiling import spoilt

pytestmark = pytest.mark.anyio


async def both_read(*replicas: Replica) -> None:
    for one in replicas:
        await one.catch_up()


async def test_what_one_replica_remembers_the_other_serves(ours, others):
    """Entry, ranking and pool: all that a hit needs."""
    written = draft("a tiger", scores=(0.1, 0.7, 0.3))
    await ours.memory.outbox.write(written)
    await others.catch_up()

    entry = others.memory.entries.exact(SCOPE, "tiger", "a tiger")

    assert others.queries() == {"a tiger"}
    assert (await others.memory.entries.ranking(entry)).top(3) == written.ranking.top(3)
    assert (await others.memory.pools.get(entry.pool_id)).candidates == pool().candidates


async def test_a_replica_that_starts_later_knows_the_same(ours, clock, tmp_path: Path):
    """The journal is replayed; nobody has to learn anything again."""
    await ours.memory.outbox.write(draft("kept"))
    await ours.memory.outbox.write(draft("deleted", tag="cat"))
    await ours.memory.delete(Deletion(tag="cat"))

    async with replica(tmp_path, clock) as later:
        assert later.queries() == ours.queries() == {"kept"}
        assert list(later.memory.pools.published) == list(ours.memory.pools.published)


async def test_deleting_tells_what_went(ours, others):
    """Entries and pools as this replica had them, and where the deletion stands."""
    for query in ("one", "two"):
        await ours.memory.outbox.write(draft(query))
        await ours.catch_up()

    deleted = await ours.memory.delete(Deletion(tag="tiger"))

    assert deleted == Deleted(position=4, entries=2, pools=1)


@pytest.mark.parametrize(
    ("deletion", "left"),
    [
        pytest.param(Deletion(tag="tiger"), {"a cat", "two cats"}, id="a tag"),
        pytest.param(Deletion(query="a tiger"), {"a cat", "two cats", "two tigers"}, id="a query"),
        pytest.param(Deletion("cat", "a cat"), {"two cats", "a tiger", "two tigers"}, id="both"),
        pytest.param(Deletion(), set(), id="all"),
    ],
)
async def test_no_replica_serves_what_was_deleted(ours, others, deletion, left):
    """As soon as a replica has read so far, it finds what is left and nothing else."""
    for tag, query in (
        ("tiger", "a tiger"), ("tiger", "two tigers"), ("cat", "a cat"), ("cat", "two cats"),
    ):  # fmt: skip
        await ours.memory.outbox.write(draft(query, tag=tag))
    await both_read(ours, others)

    await ours.memory.delete(deletion)

    await others.catch_up()
    assert ours.queries() == others.queries() == left


async def test_a_deletion_is_in_force_when_it_returns(ours):
    """Whoever deletes and searches again finds nothing of it, though the journal is slow."""
    await ours.memory.outbox.write(draft())
    await ours.catch_up()
    ours.door.before("read", partial(asyncio.sleep, 0.2))

    await ours.memory.delete(Deletion())

    assert ours.queries() == set()
    assert await ours.memory.pools.current(pool().key) is None


async def test_a_deletion_leaves_nothing_in_the_store(ours):
    """Records, rankings and pools go at once; people may have reasons to delete."""
    one = draft()
    await ours.memory.outbox.write(one)
    await ours.catch_up()

    await ours.memory.delete(Deletion(tag="tiger"))

    kinds = [record.record.kind for record in (await ours.file.read(0, 10)).records]
    assert RecordKind.ENTRY not in kinds
    assert not await ours.file.has(BlobKind.RANKING, one.entry.ranking_key)
    assert not await ours.file.has(BlobKind.POOL, one.pool.id)


async def test_a_ranking_in_flight_during_a_deletion_leaves_nothing(ours, others):
    """What began before it and is stored after it is dead, on the replica that stores it too."""
    begun = others.memory.mark()
    async with others.behind():
        await ours.memory.delete(Deletion(tag="tiger"))

        position = await others.memory.outbox.write(draft(begun=begun))

    await both_read(ours, others)
    assert position is not None
    assert ours.queries() == others.queries() == set()
    assert len(ours.memory.entries) == len(others.memory.entries) == 0


async def test_a_ranking_in_flight_where_the_deletion_is_known_is_not_written(ours, others):
    """It would be dead in any case."""
    begun = others.memory.mark()
    await ours.memory.delete(Deletion(query="a tiger"))
    await others.catch_up()
    end = others.memory.mark().position

    assert await others.memory.entries.remember(draft(begun=begun)) is None
    assert (await ours.file.read(0, 1)).end == end


async def test_what_begins_after_a_deletion_is_remembered(ours, others):
    """Deleting is no ban."""
    await ours.memory.delete(Deletion(tag="tiger"))
    await others.catch_up()
    begun = others.memory.mark()

    await others.memory.outbox.write(draft(of=pool(begun=begun), begun=begun))

    await both_read(ours, others)
    assert ours.queries() == others.queries() == {"a tiger"}


async def test_a_fetch_in_flight_during_a_deletion_is_dead_on_arrival(ours, others):
    """Whoever fetches before a deletion and publishes after it has fetched for itself."""
    made = pool(begun=others.memory.mark())
    async with others.behind():
        await ours.memory.delete(Deletion(tag="tiger"))

        await others.memory.pools.publish(made)
        others.memory.pools.hold(made)

    await both_read(ours, others)
    for one in (ours, others):
        assert await one.memory.pools.current(made.key) is None
        assert await one.memory.pools.get(made.id) is None


@pytest.mark.parametrize("spoiling", spoilt(b"any").keys())
async def test_an_unreadable_deletion_deletes_all_that_is_older(ours, others, spoiling):
    """On every replica, whatever it was for; what begins after it lives."""
    await ours.memory.outbox.write(draft("older"))
    body = spoilt(Deletion(tag="horse").record(NOW).body)[spoiling]
    await ours.file.append([Record(RecordKind.DELETION, body, NOW + DAY_S)])
    await both_read(ours, others)
    begun = ours.memory.mark()

    await ours.memory.outbox.write(draft("newer", of=pool(begun=begun), begun=begun))

    await both_read(ours, others)
    assert ours.queries() == others.queries() == {"newer"}


async def test_a_deletion_that_is_not_stored_deletes_nothing(ours):
    """Half a deletion, on one replica, would be worse than an error."""
    await ours.memory.outbox.write(draft())
    await ours.catch_up()
    ours.door.away = True

    with pytest.raises(StoreUnavailable):
        await ours.memory.delete(Deletion())

    assert ours.queries() == {"a tiger"}


async def test_a_deletion_whose_pools_cannot_be_dropped_is_one(ours, others):
    """The record is what counts; bytes that stay behind are served by nobody."""
    await ours.memory.outbox.write(draft())
    await ours.catch_up()

    async def fail() -> None:
        raise StoreUnavailable("It has just gone away.")

    ours.door.before("drop", fail)

    await ours.memory.delete(Deletion(tag="tiger"))

    await others.catch_up()
    assert await others.memory.pools.get("pool-1") is None


async def test_a_deletion_does_not_wait_for_a_journal_that_cannot_be_read(ours, monkeypatch):
    """It is stored; this replica follows when it can."""
    monkeypatch.setattr("cache.memory._REACH_S", 0.02)

    async with ours.behind():
        deleted = await ours.memory.delete(Deletion())

    assert deleted.position == 1


async def test_deleting_works_in_a_journal_that_was_replaced(
    ours, clock, tmp_path: Path, monkeypatch
):
    """The positions to be freed are of the old one, and free nothing in the new."""
    monkeypatch.setattr("cache.memory._REACH_S", 0.02)
    await ours.learn([draft("ours")])
    async with replica(tmp_path, clock, name="another") as others:
        await others.learn([draft("theirs", tag="cat")])
        async with ours.behind():
            ours.door.store = others.file

            deleted = await ours.memory.delete(Deletion(tag="tiger"))

        await wait_for(lambda: ours.memory.follower.rebuilds == 1)
        await ours.catch_up()
        assert deleted.position == 2
        assert ours.queries() == others.queries() == {"theirs"}


async def test_another_journal_empties_the_view_and_fills_it_anew(ours, clock, tmp_path: Path):
    """Entries, notices, refusals and deletions are those of the journal there is."""
    refusal = Refusal(pool(tag="cat").key.digest, "cat", "SourceRefused", "No.", NOW + 60)
    await ours.memory.outbox.write(draft("ours"))
    await ours.memory.refusals.add(refusal)
    await ours.catch_up()
    async with replica(tmp_path, clock, name="another") as others:
        await others.memory.outbox.write(draft("theirs", tag="cow"))

        ours.door.store = others.file
        await wait_for(lambda: ours.memory.follower.rebuilds == 1)
        await ours.catch_up()

        assert ours.queries() == {"theirs"}
        assert list(ours.memory.pools.published) == ["pool-cow"]
        assert ours.memory.refusals.get(pool(tag="cat").key) is None


async def test_a_ranking_of_the_old_journal_is_remembered_in_the_new(ours, clock, tmp_path: Path):
    """Begun under one and stored under another, it counts from the new one's start."""
    await ours.learn([draft("one"), draft("two")])
    begun = ours.memory.mark()
    async with replica(tmp_path, clock, name="another") as others:
        async with ours.behind():
            ours.door.store = others.file

            await ours.memory.outbox.write(draft(begun=begun))

        await others.catch_up()
        assert others.memory.entries.exact(SCOPE, "tiger", "a tiger").since == 0


async def test_a_ranking_the_old_journal_deleted_stays_dead_in_the_new(ours, clock, tmp_path: Path):
    """Losing a journal must not bring back what was deleted in it."""
    begun = ours.memory.mark()
    await ours.memory.delete(Deletion(tag="tiger"))
    async with replica(tmp_path, clock, name="another") as others:
        ours.door.store = others.file
        await wait_for(lambda: ours.memory.follower.rebuilds == 1)

        position = await ours.memory.entries.remember(draft(begun=begun))

        assert position is None
        assert (await others.file.read(0, 1)).end == 0


async def test_a_ranking_of_the_old_journal_is_dead_where_the_new_has_deleted(
    ours, clock, tmp_path: Path
):
    """Nobody can tell which came first, so deleting wins."""
    await ours.learn([draft("one"), draft("two")])
    begun = ours.memory.mark()
    async with replica(tmp_path, clock, name="another") as others:
        await others.memory.delete(Deletion(tag="tiger"))
        async with ours.behind():
            ours.door.store = others.file

            await ours.memory.outbox.write(draft(begun=begun))

        await others.catch_up()
        assert others.queries() == set()


async def test_of_two_leaders_the_one_taken_for_dead_cannot_publish(ours, others, clock):
    """Its lease ran out while it was stopped; the other's pool is everybody's."""
    lost = await ours.file.acquire("fetch/tiger", 6)
    clock.advance(seconds=6)
    lease = await others.file.acquire("fetch/tiger", 6)
    await others.memory.embeddings.put("c" * 16, pool().photos, pool().embeddings)
    await others.memory.pools.publish(pool(pool_id="theirs"), lease)

    with pytest.raises(LeaseLost):
        await ours.memory.pools.publish(pool(pool_id="late"), lost)

    await both_read(ours, others)
    for one in (ours, others):
        assert (await one.memory.pools.current(pool().key)).id == "theirs"


async def test_entries_and_pools_end_together_on_every_replica(ours, others, clock):
    """At the pool's end neither is served, swept or not."""
    await ours.memory.outbox.write(draft(of=pool(lifetime_s=60)))
    await both_read(ours, others)
    clock.advance(seconds=59)
    before = [one.queries() for one in (ours, others)]

    clock.advance(seconds=1)

    assert before == [{"a tiger"}] * 2
    for one in (ours, others):
        assert one.memory.entries.exact(SCOPE, "tiger", "a tiger") is None
        assert await one.memory.pools.get("pool-1") is None


async def test_a_sweep_lets_go_of_everything_that_has_ended(ours, clock):
    """Entries, pools and refusals; they must not gather."""
    await ours.memory.outbox.write(draft(of=pool(lifetime_s=60)))
    await ours.memory.refusals.add(Refusal("key", "tag", "SourceRefused", "No.", NOW + 60))
    await ours.catch_up()
    clock.advance(seconds=60)

    ours.memory.sweep()

    memory = ours.memory
    assert (len(memory.entries), len(memory.pools.published), len(memory.refusals)) == (0, 0, 0)


async def test_one_replica_collects_the_garbage_of_all(ours, others, clock):
    """It is the same garbage; one sweep of the store is enough for a while."""
    for one in (ours, others):
        await one.memory.collect_garbage()
    first = [one.door.calls["purge"] for one in (ours, others)]
    clock.advance(seconds=30)
    for one in (others, ours):
        await one.memory.collect_garbage()

    assert first == [1, 0]
    assert [one.door.calls["purge"] for one in (ours, others)] == [1, 1]


async def test_garbage_is_what_has_expired(ours, clock):
    """Collecting it takes nothing that is served."""
    await ours.memory.outbox.write(draft("short", of=pool(lifetime_s=60)))
    await ours.memory.outbox.write(draft("long", tag="cat"))
    clock.advance(seconds=60)

    await ours.memory.collect_garbage()

    assert [one.position for one in (await ours.file.read(0, 10)).records] == [3, 4]
    assert not await ours.file.has(BlobKind.POOL, "pool-1")
    assert await ours.file.has(BlobKind.POOL, "pool-cat")


async def test_the_tasks_of_a_memory_keep_it_going(ours, others, clock):
    """Following, delivering and making room are all that its owner has to run."""
    fresh = Replica(ours.file, clock, BOUNDS)
    fresh.door.away = True
    with pytest.raises(StoreUnavailable):
        await fresh.memory.outbox.write(draft())
    fresh.door.away = False

    async with running(*fresh.memory.tasks()):
        await others.memory.outbox.write(draft("theirs", tag="cat"))
        await wait_for(lambda: fresh.queries() == {"a tiger", "theirs"})
