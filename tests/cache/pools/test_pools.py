"""The pools a replica can rank: from memory, from the store, and for how long."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cache.errors import JournalReplaced, LeaseLost, StoreUnavailable
from cache.journal.notices import Deletion, Eviction
from cache.journal.records import NOWHERE, Mark, Positioned, Record, RecordKind
from cache.journal.view import View
from cache.pools.codec import Notice
from cache.pools.embeddings import Embeddings
from cache.pools.pool import Pool
from cache.pools.pools import Pools
from cache.sharing.invalidation import Deletions
from cache.stores.protocol import Blob, BlobKind, Store
from cache.stores.sqlite import SqliteStore
from tests.cache.away import Interruptible
from tests.cache.examples import DAY_S, NOW, pool
from tests.cache.spoiling import spoilt
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio


class Reader:
    """The pools of one replica, which reads the journal when told to."""

    def __init__(self, store: Store, clock: ManualClock, in_memory: int = 256) -> None:
        deletions = Deletions(clock)
        self.store = store
        self.embeddings = Embeddings(store, clock)
        self.pools = Pools(store, self.embeddings, deletions, clock, in_memory=in_memory)
        self.mark = NOWHERE
        self._view = View([deletions, self.pools])

    async def follow(self) -> Pools:
        """Read the journal to its end."""
        page = await self.store.read(self.mark.position, 1000)
        if page.generation != self.mark.generation:
            self._view.reset(page.generation)
            page = await self.store.read(0, 1000)
        self._view.apply(page.records)
        self.mark = Mark(page.generation, page.upto)
        return self.pools

    async def fetched(self, one: Pool) -> Pool:
        """Take a pool from the source to the store, as an origin does; return it."""
        made = replace(one, begun=self.mark)
        await self.embeddings.put(made.key.clip, made.photos, made.embeddings)
        await self.pools.publish(made)
        self.pools.hold(made)
        await self.follow()
        return made

    async def found(self, one: Pool) -> str | None:
        """Return the id of what is found under a pool's key."""
        held = await (await self.follow()).current(one.key)
        return None if held is None else held.id


@pytest.fixture
def door(store: SqliteStore) -> Interruptible:
    return Interruptible(store)


@pytest.fixture
async def ours(door: Interruptible, clock: ManualClock) -> Reader:
    reader = Reader(door, clock, in_memory=2)
    await reader.follow()
    return reader


@pytest.fixture
async def others(store: SqliteStore, clock: ManualClock) -> Reader:
    """The pools of another replica on the same store."""
    reader = Reader(store, clock)
    await reader.follow()
    return reader


async def told(store: Store, record: Record) -> int:
    """Append what some replica has to tell."""
    return await store.append([record])


async def test_a_pool_held_is_found_without_the_store(ours, door):
    """What this replica fetched is answered from memory, as the very same pool."""
    tiger = pool()
    ours.pools.hold(tiger)
    door.away = True

    assert await ours.pools.current(tiger.key) is tiger


async def test_a_pool_only_held_is_no_other_replicas(ours, others):
    """Holding a pool tells nobody of it."""
    ours.pools.hold(pool())

    assert await others.found(pool()) is None


async def test_a_pool_published_is_found_by_another_replica(ours, others):
    """What one replica fetched another finds, to the last bit."""
    tiger = await ours.fetched(pool())

    held = await (await others.follow()).current(tiger.key)

    assert (held.id, held.key, held.candidates) == (tiger.id, tiger.key, tiger.candidates)
    assert (held.fetched_at, held.expires_at) == (tiger.fetched_at, tiger.expires_at)
    assert (held.embeddings == tiger.embeddings).all()
    assert not held.embeddings.flags.writeable


async def test_publishing_returns_the_position(ours, store):
    """Whoever publishes can wait until all have read of it."""
    await told(store, Record("any", b"", NOW + DAY_S))

    assert await ours.pools.publish(pool(begun=NOWHERE)) == 2


async def test_an_empty_pool_is_a_pool(ours, others):
    """That a tag has no photos is remembered like any other answer."""
    await ours.fetched(pool(0))

    assert await ours.found(pool(0)) == "pool-1"
    assert await others.found(pool(0)) == "pool-1"


async def test_a_pool_nobody_has_is_a_miss(ours):
    """An unknown key is no error."""
    assert await ours.found(pool()) is None


async def test_a_miss_needs_no_store(ours, door):
    """What the journal does not know is not looked for; a cold tag costs no call."""
    door.away = True

    assert await ours.pools.current(pool().key) is None


async def test_a_pool_found_in_the_store_is_held_in_memory(ours, others, door):
    """The store is asked once for a pool, not for every search."""
    await others.fetched(pool())
    await ours.found(pool())
    door.away = True

    assert await ours.pools.current(pool().key)


@pytest.mark.parametrize("asker", [0, 1], ids=["memory", "store"])
async def test_a_pool_lives_exactly_its_lifetime(ours, others, asker, clock):
    """A pool is there a second before its end and gone at its end, in memory and in the store."""
    await ours.fetched(pool(lifetime_s=DAY_S))
    asked = (ours, others)[asker]

    clock.advance(seconds=DAY_S - 1)
    before = await asked.found(pool())
    clock.advance(seconds=1)

    assert before == "pool-1"
    assert await asked.found(pool()) is None


async def test_an_expired_pool_leaves_memory_when_asked_for(ours, clock):
    """A pool that has ended is not held any longer than until it is asked for."""
    await ours.fetched(pool(lifetime_s=10))
    clock.advance(seconds=10)

    await ours.found(pool())

    assert len(ours.pools) == 0


async def test_a_sweep_lets_go_of_what_has_ended(ours, clock):
    """Notices and pools in memory go, each counted once; live ones stay."""
    for tag, lifetime_s in (("tiger", 10), ("horse", 20)):
        await ours.fetched(pool(tag=tag, lifetime_s=lifetime_s))
    ours.pools.hold(pool(tag="cat", lifetime_s=10))
    clock.advance(seconds=10)

    assert ours.pools.sweep() == 2
    assert list(ours.pools.published) == ["pool-horse"]
    assert await ours.found(pool(tag="horse"))


async def test_a_swept_pool_stays_away_when_the_clock_steps_back(ours, clock):
    """What was let go is not served again, whatever the clock does."""
    await ours.fetched(pool(lifetime_s=60))
    clock.advance(seconds=61)
    ours.pools.sweep()

    clock.step_back(seconds=10)

    assert await ours.found(pool()) is None
    assert await ours.pools.get("pool-1") is None


async def test_a_pool_is_a_miss_from_its_end_on_after_a_step_back_too(ours, clock):
    """Wall time alone decides, each time a pool is asked for."""
    await ours.fetched(pool(lifetime_s=60))
    clock.advance(seconds=30)
    clock.step_back(seconds=1000)
    before = await ours.found(pool())

    clock.advance(seconds=1030)

    assert before == "pool-1"
    assert await ours.found(pool()) is None


async def test_asking_never_prolongs_a_pool(ours, clock):
    """A pool asked for every hour ends as it would have unasked."""
    await ours.fetched(pool(lifetime_s=DAY_S))
    for _ in range(23):
        clock.advance(hours=1)
        assert await ours.found(pool()) == "pool-1"

    clock.advance(hours=1)

    assert await ours.found(pool()) is None


async def test_a_pool_fetched_anew_elsewhere_is_found_where_it_has_expired(ours, others, clock):
    """A pool that ended in memory does not hide the newer one in the store."""
    await ours.fetched(pool(lifetime_s=10))
    clock.advance(seconds=10)
    await others.fetched(pool(pool_id="newer", fetched_at=clock.now()))

    assert await ours.found(pool()) == "newer"


async def test_a_newer_pool_replaces_an_older_one(ours, others):
    """Of two pools of one key the one published last is found, here and elsewhere."""
    await ours.fetched(pool())
    await ours.fetched(pool(pool_id="newer"))

    assert await ours.found(pool()) == "newer"
    assert await others.found(pool()) == "newer"


async def test_an_older_pool_is_still_found_by_its_id(ours, others):
    """Entries of two replicas that fetched one key at once keep their own pools."""
    await ours.fetched(pool())
    await others.fetched(pool(pool_id="theirs"))
    both = [await ours.follow(), await others.follow()]

    held = [await reader.get(name) for reader in both for name in ("pool-1", "theirs")]

    assert [one.id for one in held] == ["pool-1", "theirs", "pool-1", "theirs"]


async def test_an_empty_pool_replaces_one_that_is_held(ours, others, clock):
    """That a tag has no photos any more is news, also to who still has some in memory."""
    ours.pools.hold(pool(lifetime_s=60))
    clock.advance(seconds=60)
    await others.fetched(pool(0, pool_id="empty", fetched_at=clock.now()))

    assert await ours.found(pool()) == "empty"


async def test_where_the_published_pool_is_gone_the_own_is_found(ours, others, store):
    """A pool at hand is better than none, though another one was published later."""
    ours.pools.hold(pool())
    await others.fetched(pool(pool_id="theirs"))
    await store.drop(BlobKind.POOL, ["theirs"])

    assert await ours.found(pool()) == "pool-1"


async def test_memory_lets_the_least_recently_used_go(ours, door):
    """Beyond its bound memory drops the pool that was not asked for the longest."""
    tiger, horse, cat = (pool(tag=tag) for tag in ("tiger", "horse", "cat"))
    await ours.fetched(tiger)
    await ours.fetched(horse)
    await ours.found(tiger)

    await ours.fetched(cat)

    assert len(ours.pools) == 2
    door.away = True
    assert await ours.pools.current(tiger.key)
    with pytest.raises(StoreUnavailable):
        await ours.pools.current(horse.key)


async def test_a_pool_gone_from_memory_is_found_in_the_store(ours):
    """Memory is bounded, what is remembered is not."""
    for tag in ("tiger", "horse", "cat"):
        await ours.fetched(pool(tag=tag))

    assert await ours.found(pool(tag="tiger")) == "pool-1"


async def test_keep_publishes_what_the_store_refused(ours, others):
    """Once the store is back, a pool it refused gets there with its embeddings."""
    ours.pools.hold(pool())

    await ours.pools.keep(pool())

    assert await others.found(pool()) == "pool-1"


async def test_keep_tells_while_the_store_still_refuses(ours, door):
    """No entry may speak of a pool that the store does not have."""
    ours.pools.hold(pool())
    door.read_only = True

    with pytest.raises(StoreUnavailable):
        await ours.pools.keep(pool())


async def test_keep_does_not_write_what_the_store_has(ours, door):
    """A pool that was taken is not written again for every query."""
    tiger = await ours.fetched(pool())
    door.read_only = True

    await ours.pools.keep(tiger)

    assert door.refused == 0


async def test_keep_does_not_publish_again_what_is_on_its_way(ours, store):
    """Fifty who waited for one fetch publish it once, though the journal has not come back yet."""
    for _ in range(3):
        await ours.pools.keep(pool())

    assert (await store.read(0, 10)).end == 1


async def test_keep_publishes_again_what_was_deleted_on_its_way(ours, others, store):
    """That it was told once is no proof that it is still there."""
    await ours.pools.keep(pool())
    await store.drop(BlobKind.POOL, ["pool-1"])

    await ours.pools.keep(pool())

    assert await others.found(pool()) == "pool-1"


async def test_keep_writes_only_embeddings_that_are_missing(ours, door):
    """Photos known by another tag are not written again."""
    await ours.embeddings.put("c" * 16, pool(3).photos, pool(3).embeddings)
    before = door.calls["put"]

    await ours.pools.keep(pool(3))

    assert door.calls["put"] - before == 1


async def test_keep_brings_a_pool_to_a_store_that_was_emptied(ours, others, store):
    """What memory remembers of a store counts for nothing once that begins anew."""
    tiger = await ours.fetched(pool())
    for file in store.path.parent.glob("nearhit*"):
        file.unlink()

    await ours.pools.keep(tiger)

    assert await others.found(pool()) == "pool-1"


async def test_a_pool_of_an_old_journal_counts_from_the_start_of_the_new(ours, others, store):
    """In the new journal any deletion of its tag is later than its fetch."""
    await ours.pools.publish(pool(begun=Mark("another journal", 7)))

    (notice,) = (await others.follow()).published.values()

    assert notice.since == 0


async def test_a_journal_replaced_again_and_again_is_told_of(ours, door):
    """A pool is published in one journal; where there is none to be had the caller knows."""

    async def replaced(*_: object, **__: object) -> int:
        raise JournalReplaced("yet another")

    door.append = replaced

    with pytest.raises(JournalReplaced):
        await ours.pools.publish(pool())


async def test_who_has_lost_the_lease_publishes_nothing(ours, others, store, clock):
    """Of two replicas that fetched one key the one that was taken for dead keeps silent."""
    lost = await store.acquire("fetch", 5)
    clock.advance(seconds=5)
    await store.acquire("fetch", 5)

    with pytest.raises(LeaseLost):
        await ours.pools.publish(pool(), lost)

    assert await others.found(pool()) is None


async def test_a_deleted_tag_takes_its_pools(ours, others, store):
    """On every replica a tag's pools go, by key and by id, from memory and from the view."""
    await ours.fetched(pool())
    await others.found(pool())

    await told(store, Deletion(tag="tiger").record(NOW))

    for reader in (ours, others):
        assert await reader.found(pool()) is None
        assert await reader.pools.get("pool-1") is None
        assert (len(reader.pools), len(reader.pools.published)) == (0, 0)


@pytest.mark.parametrize(
    "deletion",
    [Deletion(tag="horse"), Deletion(query="a tiger"), Deletion("tiger", "a tiger")],
    ids=str,
)
async def test_other_deletions_leave_a_pool(ours, store, deletion):
    """Another tag's deletion, or that of a query, costs no fetch."""
    await ours.fetched(pool())

    await told(store, deletion.record(NOW))

    assert await ours.found(pool()) == "pool-1"


async def test_what_was_deleted_since_is_not_published(ours, store):
    """A pool whose tag was deleted while it was fetched never reaches the store."""
    begun = ours.mark
    await told(store, Deletion(tag="tiger").record(NOW))
    await ours.follow()

    assert await ours.pools.publish(pool(begun=begun)) is None
    assert (await store.read(0, 10)).end == 1
    assert not await store.has(BlobKind.POOL, "pool-1")


async def test_a_pool_in_flight_during_a_deletion_is_dead_on_arrival(ours, others, store):
    """A replica that has not read of the deletion yet cannot bring the pool back."""
    await told(store, Deletion(tag="tiger").record(NOW))

    made = pool(begun=ours.mark)
    await ours.embeddings.put(made.key.clip, made.photos, made.embeddings)
    await ours.pools.publish(made)

    for reader in (ours, others):
        assert len((await reader.follow()).published) == 0
        assert await reader.found(pool()) is None


async def test_a_pool_held_is_let_go_when_its_tag_is_deleted(ours, store):
    """A pool the store never had is deleted all the same."""
    ours.pools.hold(pool(begun=ours.mark))
    await told(store, Deletion(tag="tiger").record(NOW))

    assert await ours.found(pool()) is None
    assert len(ours.pools) == 0


async def test_a_pool_held_after_its_deletion_is_not_served(ours, store):
    """A fetch begun before a deletion and finished after it answers nobody who asks later."""
    begun = ours.mark
    await told(store, Deletion(tag="tiger").record(NOW))
    await ours.follow()

    ours.pools.hold(pool(begun=begun))

    assert await ours.found(pool()) is None


async def test_a_pool_fetched_after_a_deletion_lives(ours, others, store):
    """A deleted tag can be asked for again."""
    await told(store, Deletion(tag="tiger").record(NOW))
    await ours.follow()

    await ours.fetched(pool(pool_id="after"))

    assert await ours.found(pool()) == "after"
    assert await others.found(pool()) == "after"


async def test_an_evicted_pool_is_gone_everywhere(ours, others, store):
    """Where it was made, where it was read, and where nobody has asked for it yet."""
    await ours.fetched(pool())
    await ours.fetched(pool(tag="horse"))
    await others.found(pool())

    await told(store, Eviction(pools=["pool-1", "pool-of-nobody"]).record(NOW))

    for reader in (ours, others):
        assert await reader.found(pool()) is None
        assert await reader.pools.get("pool-1") is None
        assert list(reader.pools.published) == ["pool-horse"]


@pytest.mark.parametrize("kind", [RecordKind.POOL, RecordKind.EVICTION])
@pytest.mark.parametrize("body", [b"", b"nothing of ours"], ids=["empty", "corrupt"])
async def test_records_that_cannot_be_read_are_passed_over(ours, store, kind, body):
    """One bad record costs itself alone."""
    await ours.fetched(pool())

    await store.append(
        [
            Record(kind, body, NOW + DAY_S),
            Notice("pool-horse", "key", "horse", 0, NOW + DAY_S).record(),
        ]
    )

    assert list((await ours.follow()).published) == ["pool-1", "pool-horse"]


@pytest.mark.parametrize("spoiling", spoilt(b"any").keys())
async def test_a_pool_that_cannot_be_read_is_a_miss(ours, others, store, spoiling):
    """A corrupt pool is not served and not an error, and is replaced by the next one."""
    await ours.fetched(pool())
    body = (await store.get(BlobKind.POOL, ["pool-1"]))["pool-1"]
    await store.put([Blob(BlobKind.POOL, "pool-1", spoilt(body)[spoiling], NOW + DAY_S)])

    assert await others.found(pool()) is None
    assert len(others.pools) == 0

    await others.fetched(pool(pool_id="newer"))
    assert await ours.found(pool()) == "newer"


async def test_a_pool_without_its_embeddings_is_a_miss(ours, others, store):
    """A pool is ranked whole or not at all."""
    await ours.fetched(pool())
    await store._write(lambda db: db.execute("DELETE FROM blobs WHERE kind = 'block'"))

    assert await others.found(pool()) is None


async def test_a_pool_that_the_store_lost_is_a_miss(ours, others, store):
    """A notice alone is no pool."""
    await ours.fetched(pool())
    await store.drop(BlobKind.POOL, ["pool-1"])

    assert await others.found(pool()) is None


async def test_another_journal_leaves_what_is_in_memory(ours, clock, door, tmp_path: Path):
    """A store that was emptied costs what is told of pools, not the pools this replica holds."""
    await ours.fetched(pool())
    other = SqliteStore(tmp_path / "another.db", clock, timeout_s=1.0)
    await other.open()

    door.store = other

    assert await ours.found(pool()) == "pool-1"
    assert len(ours.pools.published) == 0
    await other.aclose()


async def test_a_deletion_of_another_journal_takes_what_is_in_memory(
    ours, clock, door, tmp_path: Path
):
    """In a journal of its own, a deletion is later than all that came from an older one."""
    await ours.fetched(pool())
    other = SqliteStore(tmp_path / "another.db", clock, timeout_s=1.0)
    await other.open()
    await told(other, Deletion(tag="tiger").record(NOW))

    door.store = other

    assert await ours.found(pool()) is None
    await other.aclose()


async def test_what_is_used_outlasts_what_is_not(ours, clock):
    """The pools worth least are those that were not ranked, the oldest first."""
    for number, tag in enumerate(("tiger", "horse", "cat")):
        await ours.fetched(pool(tag=tag, fetched_at=clock.now() + number))
    clock.advance(hours=1)

    ours.pools.used(await ours.pools.get("pool-1"))

    assert ours.pools.least_worth(2) == ["pool-horse", "pool-cat"]


async def test_pools_are_known_by_what_deletes_them(ours):
    """Whoever deletes finds which pools go along."""
    await ours.fetched(pool())
    await ours.fetched(pool(tag="horse"))

    assert ours.pools.covered_by(Deletion(tag="tiger")) == ["pool-1"]
    assert ours.pools.covered_by(Deletion()) == ["pool-1", "pool-horse"]
    assert ours.pools.covered_by(Deletion("tiger", "a")) == []


async def test_candidate_is_found_by_its_id(ours):
    """A photo of any pool in memory is found by id."""
    ours.pools.hold(pool(3))

    assert ours.pools.candidate("pixabay:2") == pool(3).candidates[2]


async def test_candidate_of_no_pool_in_memory_is_none(ours):
    """A photo nobody knows here is no error."""
    ours.pools.hold(pool(3))

    assert ours.pools.candidate("pixabay:99") is None


async def test_embeddings_of_two_sources_are_not_mixed(ours, others):
    """Pools of two folders may name different photos the same."""
    one = pool(3)
    other = replace(pool(3, pool_id="other"), key=replace(one.key, source="folder"))
    await ours.fetched(one)
    await ours.fetched(replace(other, embeddings=np.flip(other.embeddings, 1)))

    held = await (await others.follow()).get("pool-1")

    assert (held.embeddings == one.embeddings).all()


async def test_a_pool_read_while_its_journal_is_replaced_is_of_the_old_one(
    ours, clock, door, store, tmp_path: Path
):
    """Its position is none of the new journal's, where any deletion is later than its fetch."""
    await told(store, Record("any", b"", NOW + DAY_S))
    await ours.follow()
    await ours.fetched(pool())
    ours.pools._pools.clear()
    other = SqliteStore(tmp_path / "another.db", clock, timeout_s=1.0)
    await other.open()
    await told(other, Deletion(tag="tiger").record(NOW))

    async def replace_the_journal() -> None:
        door.store = other
        await ours.follow()
        door.store = store

    door.before("get", replace_the_journal)

    assert await ours.pools.get("pool-1") is None
    await other.aclose()


async def test_an_own_pool_serves_while_the_store_is_away(ours, others, door):
    """Where a key's newest pool is another replica's and out of reach, the own one is as good."""
    own = await ours.fetched(pool())
    await others.follow()
    await others.fetched(replace(pool(), id="pool-2"))
    await ours.follow()
    door.away = True

    assert (await ours.pools.current(own.key)).id == own.id


async def test_a_pool_that_cannot_be_read_is_asked_for_once(ours, others, door, store):
    """Who waits for a tag looks many times a second; a pool that is gone is gone."""
    one = await others.fetched(pool())
    await ours.follow()
    await store.drop(BlobKind.POOL, [one.id])

    found = [await ours.pools.current(one.key) for _ in range(5)]

    assert found == [None] * 5
    assert door.calls["get"] == 1


async def test_a_deletion_in_an_older_copy_of_the_journal_takes_pools_in_memory(ours, clock):
    """A journal put back from a copy has issued fewer positions than the pool was begun at."""
    one = await ours.fetched(pool())
    ours.pools.hold(replace(one, begun=Mark(ours.mark.generation, 24)))
    view = View([ours.pools._deletions, ours.pools])
    view.reset(ours.mark.generation)

    view.apply([Positioned(4, Deletion(tag="tiger").record(clock.now()))])

    assert await ours.pools.current(one.key) is None


async def test_whether_a_key_is_warm_needs_no_store(ours, others, door):
    """Statistics ask after every hit."""
    one = await others.fetched(pool())
    before = ours.pools.is_warm(one.key)
    await ours.follow()
    door.away = True

    assert (before, ours.pools.is_warm(one.key)) == (False, True)
