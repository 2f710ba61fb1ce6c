"""What every store does: opening and closing, counters, purging."""

import asyncio

import pytest

from cache.errors import StoreUnavailable
from cache.stores.protocol import BlobKind, Freed, Lease
from tests.cache.stores.examples import NOW, blob, bodies, positions, ranking, record

pytestmark = pytest.mark.anyio

LEASE = Lease("collect", 1, 0)
CALLS = {
    "append": lambda store: store.append([record()]),
    "read": lambda store: store.read(0, 10),
    "put": lambda store: store.put([blob()]),
    "get": lambda store: store.get(BlobKind.POOL, ["key"]),
    "has": lambda store: store.has(BlobKind.POOL, "key"),
    "drop": lambda store: store.drop(BlobKind.POOL, ["key"]),
    "acquire": lambda store: store.acquire("collect", 1),
    "renew": lambda store: store.renew(LEASE, 1),
    "release": lambda store: store.release(LEASE),
    "cell": lambda store: store.cell("thresholds"),
    "swap": lambda store: store.swap("thresholds", 0, b"body"),
    "put_counters": lambda store: store.put_counters("one", {"hits": 1}),
    "counters": lambda store: store.counters(),
    "purge": lambda store: store.purge(),
    "size_bytes": lambda store: store.size_bytes(),
    "ping": lambda store: store.ping(),
    "open": lambda store: store.open(),
}


async def test_what_was_appended_outlives_a_handle(store, connect):
    """Closing and opening loses nothing, and positions go on."""
    await store.append([record(b"kept")], [ranking()])
    await store.aclose()

    again = await connect()

    assert bodies(await again.read(0, 10)) == [b"kept"]
    assert await again.get(BlobKind.RANKING, ["key"]) == {"key": b"ranking"}
    assert await again.append([record()]) == 2


async def test_the_generation_outlives_a_handle(store, connect):
    """Whoever opens the store later sees the same journal."""
    generation = (await store.read(0, 1)).generation
    await store.aclose()

    again = await connect()

    assert generation
    assert (await again.read(0, 1)).generation == generation


async def test_purge_deletes_expired_records_and_tells_how_many(store, clock):
    """Expired records go and are counted; live ones stay."""
    await store.append([record(lifetime_s=10), record()])
    clock.advance(seconds=10)

    assert await store.purge() == 1
    assert await store.purge() == 0
    clock.step_back(seconds=10)
    assert positions(await store.read(0, 10)) == [2]


async def test_purge_finds_expired_records_behind_live_ones(store, clock):
    """One that lives long keeps none behind it from going."""
    await store.append([record(lifetime_s=60), record(lifetime_s=10), record(lifetime_s=10)])
    clock.advance(seconds=10)

    assert await store.purge() == 2


async def test_purge_goes_through_a_long_journal(store, clock):
    """However many live records stand before those that have expired."""
    await store.append([record() for _ in range(2500)])
    await store.append([record(lifetime_s=10) for _ in range(2500)])
    clock.advance(seconds=10)

    assert await store.purge() == 2500
    assert await store.purge() == 0


async def test_purge_does_not_count_what_was_freed_or_never_was_a_record(store, clock):
    """Freed records are gone already, and blobs are no records."""
    await store.append([record(lifetime_s=10), record()], [ranking(lifetime_s=10)])
    await store.put([blob(lifetime_s=10)])
    await free(store, 1)
    clock.advance(seconds=10)

    assert await store.purge() == 0


async def test_purge_leaves_what_lives(store, clock):
    """Blobs of every kind stay until their end."""
    await store.put([blob("a1b2c3d4", kind=kind) for kind in BlobKind])
    clock.advance(seconds=59)

    for _ in range(16):  # each may go through some of all there is
        await store.purge()

    assert all([await store.has(kind, "a1b2c3d4") for kind in BlobKind])


async def test_counters_are_kept_by_replica(store, other, clock):
    """Every replica's last flush is there with its time, and replaces the one before."""
    await store.put_counters("one", {"hits": 1, "misses": 2})
    await other.put_counters("two", {"hits": 5})
    clock.advance(seconds=2)
    await store.put_counters("one", {"hits": 3.5})

    assert await other.counters() == {"one": (NOW + 2, {"hits": 3.5}), "two": (NOW, {"hits": 5})}


async def test_counters_of_a_replica_long_gone_are_purged(store, clock):
    """What nobody has flushed for a week is forgotten, and not counted among the purged."""
    await store.put_counters("gone", {"hits": 1})
    clock.advance(hours=7 * 24 + 1)
    await store.put_counters("here", {"hits": 1})

    assert await store.purge() == 0
    assert set(await store.counters()) == {"here"}


async def test_a_store_answers_a_ping(store):
    """A store that can be reached says so by returning."""
    await store.ping()


async def test_size_grows_with_what_is_kept(store):
    """The bytes taken are at least those put."""
    await store.put([blob(body=b"x" * 1_000_000)])

    assert await store.size_bytes() > 1_000_000


async def test_opening_twice_changes_nothing(store):
    """Opening an open store keeps its journal."""
    await store.append([record()])
    before = await store.read(0, 10)

    await store.open()

    assert await store.read(0, 10) == before


async def test_closing_twice_is_fine(store):
    """A store already closed closes again without a word."""
    await store.aclose()

    await store.aclose()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
async def test_a_closed_store_is_unavailable(store, call):
    """Every call of a closed store ends at once, as with any store that is not there."""
    await store.aclose()

    with pytest.raises(StoreUnavailable, match="closed"):
        await call(store)


async def test_closing_waits_for_calls_under_way(store, connect):
    """What was asked before the end is done before the end."""
    appends = [asyncio.create_task(store.append([record()])) for _ in range(20)]
    await asyncio.sleep(0)

    await store.aclose()

    assert sorted([await one for one in appends]) == list(range(1, 21))
    assert (await (await connect()).read(0, 1)).end == 20


async def free(store, *freed: int) -> None:
    """Free positions, as an eviction does."""
    await store.append([record(kind="eviction")], freed=Freed(positions=freed))
