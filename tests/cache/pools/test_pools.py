"""The pools a replica can rank: from memory, from the store, and for how long."""

from dataclasses import replace

import numpy as np
import pytest

from cache.errors import StoreUnavailable
from cache.pools.pool import Pool
from cache.pools.pools import EMBEDDING_LIFETIME_S, Pools
from cache.stores.protocol import Blob, BlobKind
from cache.stores.sqlite import SqliteStore
from tests.cache.away import Interruptible
from tests.cache.examples import pool
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

DAY_S = 86_400.0
VECTORS = np.array([[1, 0], [0, 1]], dtype=np.float16)


@pytest.fixture
def door(store: SqliteStore) -> Interruptible:
    return Interruptible(store)


@pytest.fixture
def pools(door: Interruptible, clock: ManualClock) -> Pools:
    return Pools(door, clock, in_memory=2)


@pytest.fixture
def others(store: SqliteStore, clock: ManualClock) -> Pools:
    """The pools of another process on the same store."""
    return Pools(store, clock)


async def found(pools: Pools, one: Pool) -> str | None:
    """Return the id of what is found under a pool's key."""
    held = await pools.current(one.key)
    return None if held is None else held.id


async def test_a_pool_put_is_found_without_the_store(pools, door):
    """What this process fetched is answered from memory, as the very same pool."""
    tiger = pool()
    await pools.put(tiger)
    door.away = True

    assert await pools.current(tiger.key) is tiger


async def test_a_pool_put_is_found_by_another_process(pools, others):
    """What one process fetched another finds in the store."""
    await pools.put(pool())

    assert await found(others, pool()) == "pool-1"


async def test_an_empty_pool_is_a_pool(pools, others):
    """That a tag has no photos is remembered like any other answer."""
    await pools.put(pool(0))

    assert await found(pools, pool(0)) == "pool-1"
    assert await found(others, pool(0)) == "pool-1"


async def test_a_pool_never_put_is_a_miss(pools):
    """An unknown key is no error."""
    assert await found(pools, pool()) is None


async def test_a_pool_found_in_the_store_is_held_in_memory(pools, others, door):
    """The store is asked once for a pool, not for every search."""
    await others.put(pool())
    await found(pools, pool())
    door.away = True

    assert await found(pools, pool()) == "pool-1"


@pytest.mark.parametrize("asker", ["pools", "others"], ids=["memory", "store"])
async def test_a_pool_lives_exactly_its_lifetime(pools, asker, clock, request):
    """A pool is there a second before its end and gone at its end, in memory and in the store."""
    await pools.put(pool(lifetime_s=DAY_S))
    asked = request.getfixturevalue(asker)

    clock.advance(seconds=DAY_S - 1)
    before = await found(asked, pool())
    clock.advance(seconds=1)

    assert before == "pool-1"
    assert await found(asked, pool()) is None


async def test_an_expired_pool_leaves_memory_when_asked_for(pools, clock):
    """A pool that has ended is not held any longer than until it is asked for."""
    await pools.put(pool(lifetime_s=10))
    clock.advance(seconds=10)

    await found(pools, pool())

    assert len(pools) == 0


async def test_asking_never_prolongs_a_pool(pools, clock):
    """A pool asked for every hour ends as it would have unasked."""
    await pools.put(pool(lifetime_s=DAY_S))
    for _ in range(23):
        clock.advance(hours=1)
        assert await found(pools, pool()) == "pool-1"

    clock.advance(hours=1)

    assert await found(pools, pool()) is None


async def test_a_pool_fetched_anew_elsewhere_is_found_where_it_has_expired(pools, others, clock):
    """A pool that ended in memory does not hide the newer one in the store."""
    await pools.put(pool(lifetime_s=10))
    clock.advance(seconds=10)
    await others.put(replace(pool(fetched_at=clock.now()), id="newer"))

    assert await found(pools, pool()) == "newer"


async def test_a_newer_pool_replaces_an_older_one(pools, others):
    """Of two pools of one key the one put last is found, here and elsewhere."""
    await pools.put(pool())
    await pools.put(replace(pool(), id="newer"))

    assert await found(pools, pool()) == "newer"
    assert await found(others, pool()) == "newer"


async def test_an_older_pool_is_still_found_by_its_id(pools, others):
    """Entries of two processes that fetched one key at once keep their own pools."""
    await pools.put(pool())
    await others.put(replace(pool(), id="theirs"))

    held = [await reader.get(name) for reader in (pools, others) for name in ("pool-1", "theirs")]

    assert [one.id for one in held] == ["pool-1", "theirs", "pool-1", "theirs"]


async def test_keeping_an_older_pool_does_not_bring_it_back(pools, door):
    """A pool the store refused, kept late, stays behind the newer one of its key in memory."""
    older, newer = pool(), replace(pool(), id="newer")
    door.away = True
    for one in (older, newer):
        with pytest.raises(StoreUnavailable):
            await pools.put(one)
    door.away = False

    await pools.keep(older)

    assert await found(pools, pool()) == "newer"


async def test_memory_lets_the_least_recently_used_go(pools, door):
    """Beyond its bound memory drops the pool that was not asked for the longest."""
    tiger, horse, cat = (pool(tag=tag) for tag in ("tiger", "horse", "cat"))
    await pools.put(tiger)
    await pools.put(horse)
    await found(pools, tiger)

    await pools.put(cat)

    assert len(pools) == 2
    door.away = True
    assert await found(pools, tiger)
    with pytest.raises(StoreUnavailable):
        await found(pools, horse)


async def test_a_pool_gone_from_memory_is_found_in_the_store(pools):
    """Memory is bounded, what is remembered is not."""
    for tag in ("tiger", "horse", "cat"):
        await pools.put(pool(tag=tag))

    assert await found(pools, pool(tag="tiger")) == "pool-1"


async def test_a_pool_the_store_refused_stays_in_memory(pools, door):
    """A store that is away costs the other replicas the pool, not this one."""
    door.away = True

    with pytest.raises(StoreUnavailable):
        await pools.put(pool())

    assert await found(pools, pool()) == "pool-1"


async def test_keep_offers_a_refused_pool_again(pools, others, door):
    """Once the store is back, a pool it refused gets there."""
    door.away = True
    with pytest.raises(StoreUnavailable):
        await pools.put(pool())
    door.away = False

    await pools.keep(pool())

    assert await found(others, pool()) == "pool-1"


async def test_keep_tells_while_the_store_still_refuses(pools, door):
    """No entry may speak of a pool that the store does not have."""
    door.away = True
    with pytest.raises(StoreUnavailable):
        await pools.put(pool())

    with pytest.raises(StoreUnavailable):
        await pools.keep(pool())


async def test_keep_does_not_write_what_the_store_has(pools, store, monkeypatch):
    """A pool that was taken is not written again for every query."""
    await pools.put(pool())
    written = []
    monkeypatch.setattr(store, "put", written.append)

    await pools.keep(pool())

    assert written == []


async def test_keep_brings_a_pool_to_a_store_that_was_emptied(pools, others, store):
    """What memory remembers of a store counts for nothing once that begins anew."""
    await pools.put(pool())
    for file in store.path.parent.glob("nearhit*"):
        file.unlink()

    await pools.keep(pool())

    assert await found(others, pool()) == "pool-1"


async def test_a_pool_that_cannot_be_read_is_a_miss(pools, store, clock):
    """A corrupt pool is fetched again, not served and not an error."""
    await store.put([Blob(BlobKind.POOL, "pool-1", b"no pool", clock.now() + 10)])

    assert await pools.get("pool-1") is None
    assert len(pools) == 0


async def test_candidate_is_found_by_its_id(pools):
    """A photo of any pool in memory is found by id."""
    await pools.put(pool(3))

    assert pools.candidate("pixabay:2") == pool(3).candidates[2]


async def test_candidate_of_no_pool_in_memory_is_none(pools):
    """A photo nobody knows here is no error."""
    await pools.put(pool(3))

    assert pools.candidate("pixabay:99") is None


async def test_embeddings_are_read_back(pools, others):
    """Another process finds the embeddings of exactly those photos that are known."""
    await pools.put_embeddings("clip", ["p/1", "p/2"], VECTORS)

    known = await others.embeddings("clip", ["p/2", "p/1", "p/3"], 2)

    assert {photo: row.tolist() for photo, row in known.items()} == {"p/1": [1, 0], "p/2": [0, 1]}


async def test_embeddings_outlive_pools_and_end(pools, clock):
    """Embeddings are there until a second before their end, long after any pool."""
    await pools.put_embeddings("clip", ["p/1", "p/2"], VECTORS)

    clock.advance(seconds=EMBEDDING_LIFETIME_S - 1)
    before = await pools.embeddings("clip", ["p/1"], 2)
    clock.advance(seconds=1)

    assert EMBEDDING_LIFETIME_S > DAY_S
    assert before
    assert await pools.embeddings("clip", ["p/1"], 2) == {}


@pytest.mark.parametrize(("clip", "dimension"), [("siglip", 2), ("clip", 3), ("clip", 1)])
async def test_embeddings_of_another_model_or_length_are_not_found(pools, clip, dimension):
    """Vectors are never mixed between models, nor taken in another length."""
    await pools.put_embeddings("clip", ["p/1", "p/2"], VECTORS)

    assert await pools.embeddings(clip, ["p/1"], dimension) == {}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"abc", id="half a number"),
        pytest.param(np.array([1, np.nan], "<f2").tobytes(), id="NaN"),
    ],
)
async def test_an_embedding_that_cannot_be_used_is_not_found(pools, store, clock, body):
    """A corrupt embedding is made again, not an error."""
    await store.put([Blob(BlobKind.EMBEDDING, "1/clip/p/1", body, clock.now() + 10)])

    assert await pools.embeddings("clip", ["p/1"], 2) == {}
