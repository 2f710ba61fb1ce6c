"""What every store does."""

import asyncio
from collections.abc import Sequence

import pytest

from cache.errors import StoreUnavailable
from cache.journal.records import Record
from cache.stores.protocol import Blob, BlobKind

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0
CALLS = {
    "append": lambda store: store.append([record()]),
    "read": lambda store: store.read(0, 10),
    "put": lambda store: store.put([blob()]),
    "get": lambda store: store.get(BlobKind.POOL, ["key"]),
    "put_counters": lambda store: store.put_counters("one", {"hits": 1}),
    "counters": lambda store: store.counters(),
    "purge": lambda store: store.purge(),
    "size_bytes": lambda store: store.size_bytes(),
    "ping": lambda store: store.ping(),
    "open": lambda store: store.open(),
}


def record(body: bytes = b"body", *, lifetime_s: float = 60, kind: str = "entry") -> Record:
    return Record(kind, body, NOW + lifetime_s)


def blob(
    key: str = "key",
    body: bytes = b"body",
    *,
    lifetime_s: float = 60,
    kind: BlobKind = BlobKind.POOL,
) -> Blob:
    return Blob(kind, key, body, NOW + lifetime_s)


def positions(records: Sequence[object]) -> list[int]:
    return [one.position for one in records]


async def test_positions_rise_from_one(store):
    """The first record ever is 1, and every later one has a higher position."""
    assert await store.append([record()]) == 1
    assert await store.append([record(), record()]) == 3
    assert positions((await store.read(0, 10)).records) == [1, 2, 3]


async def test_an_empty_journal_ends_at_zero(store):
    """A journal nothing was appended to has end 0 and no records."""
    page = await store.read(0, 10)

    assert (page.end, list(page.records)) == (0, [])


async def test_records_are_read_back_as_written(store):
    """Kind, bytes and end survive."""
    written = record(b"\x00\xff bytes", lifetime_s=0.125, kind="of a newer version")
    await store.append([written])

    (read,) = (await store.read(0, 10)).records

    assert read.record == written


async def test_a_page_holds_at_most_its_limit(store):
    """A page begins behind a position, ends at its limit, and tells the journal's end."""
    await store.append([record() for _ in range(10)])

    page = await store.read(3, 4)

    assert positions(page.records) == [4, 5, 6, 7]
    assert page.end == 10


async def test_a_page_behind_the_end_is_empty(store):
    """Asking behind the end, or far behind it, is no error."""
    await store.append([record()])

    assert [list((await store.read(after, 10)).records) for after in (1, 99)] == [[], []]


async def test_expired_records_are_not_read(store, clock):
    """A record is read until its end and not from that moment on."""
    await store.append([record(lifetime_s=60), record(lifetime_s=61)])

    clock.advance(seconds=59)
    before = await store.read(0, 10)
    clock.advance(seconds=1)
    after = await store.read(0, 10)

    assert positions(before.records) == [1, 2]
    assert positions(after.records) == [2]
    assert after.end == 2


async def test_expired_records_take_no_room_on_a_page(store, clock):
    """A page is filled with live records, so that a short page is the end."""
    await store.append([record(lifetime_s=1) for _ in range(5)])
    await store.append([record() for _ in range(5)])
    clock.advance(seconds=1)

    assert positions((await store.read(0, 3)).records) == [6, 7, 8]


async def test_positions_are_never_issued_again(store, clock):
    """After everything was purged the next record follows the last one ever appended."""
    await store.append([record(), record()])
    clock.advance(seconds=60)
    await store.purge()

    assert (await store.read(0, 10)).end == 2
    clock.step_back(seconds=60)
    assert await store.append([record()]) == 3


async def test_the_generation_outlives_a_handle(store, connect):
    """Whoever opens the store later sees the same journal."""
    generation = (await store.read(0, 1)).generation
    await store.aclose()

    again = await connect()

    assert generation
    assert (await again.read(0, 1)).generation == generation


async def test_what_was_appended_outlives_a_handle(store, connect):
    """Closing and opening loses nothing, and positions go on."""
    await store.append([record(b"kept")], [blob()])
    await store.aclose()

    again = await connect()

    assert [one.record.body for one in (await again.read(0, 10)).records] == [b"kept"]
    assert await again.get(BlobKind.POOL, ["key"]) == {"key": b"body"}
    assert await again.append([record()]) == 2


async def test_two_writers_share_positions(store, other):
    """Two handles that append at once issue every position once, and see the same journal."""
    issued = await asyncio.gather(
        *(s.append([record()]) for s in (store, other) for _ in range(50))
    )

    assert sorted(issued) == list(range(1, 101))
    mine, theirs = await store.read(0, 200), await other.read(0, 200)
    assert positions(mine.records) == positions(theirs.records) == list(range(1, 101))
    assert mine.generation == theirs.generation


async def test_a_blob_is_read_back(store, other):
    """Bytes come back under their key, to every handle."""
    await store.put([blob("ein Schlüssel", b"\x00\xff"), blob("empty", b"")])

    found = await other.get(BlobKind.POOL, ["ein Schlüssel", "empty", "absent"])

    assert found == {"ein Schlüssel": b"\x00\xff", "empty": b""}


async def test_asking_for_no_keys_finds_nothing(store):
    """No keys, no bodies, no error."""
    assert await store.get(BlobKind.POOL, []) == {}


async def test_a_blob_lives_exactly_its_lifetime(store, clock):
    """A blob is there just before its end and absent from that moment on."""
    await store.put([blob(lifetime_s=60)])

    clock.advance(seconds=59.5)
    before = await store.get(BlobKind.POOL, ["key"])
    clock.advance(seconds=0.5)

    assert before == {"key": b"body"}
    assert await store.get(BlobKind.POOL, ["key"]) == {}


async def test_wall_time_alone_decides_what_has_expired(store, clock):
    """Where the clock steps back, what was not purged is there again."""
    await store.put([blob(lifetime_s=60)])
    clock.advance(seconds=60)
    clock.step_back(seconds=1)

    assert await store.get(BlobKind.POOL, ["key"]) == {"key": b"body"}


async def test_a_blob_put_again_is_replaced(store, clock):
    """Body and end are those put last."""
    await store.put([blob(body=b"old", lifetime_s=60)])
    await store.put([blob(body=b"new", lifetime_s=120)])
    clock.advance(seconds=60)

    assert await store.get(BlobKind.POOL, ["key"]) == {"key": b"new"}


async def test_one_key_is_another_in_every_kind(store):
    """The same key in two kinds is two blobs."""
    await store.put([blob(body=b"pool"), blob(body=b"ranking", kind=BlobKind.RANKING)])

    assert await store.get(BlobKind.POOL, ["key"]) == {"key": b"pool"}
    assert await store.get(BlobKind.RANKING, ["key"]) == {"key": b"ranking"}
    assert await store.get(BlobKind.EMBEDDING, ["key"]) == {}


async def test_many_keys_are_asked_for_in_one_call(store):
    """More keys than any statement takes are no limit to the caller."""
    keys = [f"key {n}" for n in range(2500)]
    await store.put([blob(key, key.encode()) for key in keys])

    assert await store.get(BlobKind.POOL, keys) == {key: key.encode() for key in keys}


async def test_a_record_comes_with_its_blobs(store):
    """Whoever reads a record finds the blobs it was appended with."""
    await store.append([record()], [blob("one"), blob("two")])

    assert set(await store.get(BlobKind.POOL, ["one", "two"])) == {"one", "two"}


async def test_an_append_that_fails_leaves_nothing(store):
    """Records and blobs are written together or not at all, and positions stay whole."""
    broken = Record("entry", None, NOW + 60)

    with pytest.raises(StoreUnavailable):
        await store.append([record(), broken], [blob()])

    assert list((await store.read(0, 10)).records) == []
    assert await store.get(BlobKind.POOL, ["key"]) == {}
    assert await store.append([record()]) == 1


async def test_purge_deletes_what_has_expired_and_tells_how_much(store, clock):
    """Expired records and blobs go and are counted; live ones stay."""
    await store.append([record(lifetime_s=10), record()], [blob("short", lifetime_s=10), blob()])
    clock.advance(seconds=10)

    assert await store.purge() == 2
    assert await store.purge() == 0
    assert positions((await store.read(0, 10)).records) == [2]
    clock.step_back(seconds=10)
    assert set(await store.get(BlobKind.POOL, ["short", "key"])) == {"key"}


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


async def test_has_tells_what_is_there_until_its_end(store, clock):
    """A key is there from its writing to its end, in its own kind alone."""
    await store.put([Blob(BlobKind.POOL, "key", b"body", clock.now() + 10)])

    there = await store.has(BlobKind.POOL, "key")
    elsewhere = await store.has(BlobKind.RANKING, "key")
    clock.advance(seconds=10)

    assert (there, elsewhere) == (True, False)
    assert not await store.has(BlobKind.POOL, "key")
