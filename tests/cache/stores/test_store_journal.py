"""What every store's journal does."""

import asyncio

import pytest

from cache.errors import JournalReplaced, LeaseLost, StoreUnavailable
from cache.journal.records import Record
from cache.stores.protocol import BlobKind, Freed, Lease
from tests.cache.stores.examples import (
    NOW,
    bodies,
    names,
    positions,
    ranking,
    record,
)

pytestmark = pytest.mark.anyio


async def test_positions_rise_from_one(store):
    """The first record ever is 1, and every later one has a higher position."""
    assert await store.append([record()]) == 1
    assert await store.append([record(), record()]) == 3
    assert positions(await store.read(0, 10)) == [1, 2, 3]


async def test_an_empty_journal_ends_at_zero(store):
    """A journal nothing was appended to has end 0 and no records."""
    page = await store.read(0, 10)

    assert (page.end, page.upto, list(page.records)) == (0, 0, [])


async def test_records_are_read_back_as_written(store):
    """Kind, bytes and end survive."""
    written = record(b"\x00\xff bytes", lifetime_s=0.125, kind="of a newer version")
    await store.append([written, record(b"")])

    read, empty = (await store.read(0, 10)).records

    assert read.record == written
    assert empty.record.body == b""


async def test_a_page_holds_at_most_its_limit(store):
    """A page begins behind a position, ends at its limit, and tells the journal's end."""
    await store.append([record() for _ in range(10)])

    page = await store.read(3, 4)

    assert positions(page) == [4, 5, 6, 7]
    assert (page.upto, page.end) == (7, 10)


async def test_the_last_page_accounts_for_everything(store, clock):
    """Also where the last records have expired, or were freed."""
    await store.append([record() for _ in range(3)] + [record(lifetime_s=1)])
    await store.append([record(lifetime_s=1)], freed=Freed(positions=[3]))
    clock.advance(seconds=1)

    page = await store.read(0, 100)

    assert positions(page) == [1, 2]
    assert (page.upto, page.end) == (5, 5)


async def test_a_page_behind_the_end_is_empty(store):
    """Asking behind the end, or far behind it, is no error."""
    await store.append([record()])

    pages = [await store.read(after, 10) for after in (1, 99)]

    assert [(list(page.records), page.end) for page in pages] == [([], 1), ([], 1)]


async def test_expired_records_are_not_read(store, clock):
    """A record is read until its end and not from that moment on."""
    await store.append([record(lifetime_s=60), record(lifetime_s=61)])

    clock.advance(seconds=59)
    before = await store.read(0, 10)
    clock.advance(seconds=1)
    after = await store.read(0, 10)

    assert positions(before) == [1, 2]
    assert positions(after) == [2]
    assert after.end == 2


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
async def test_reading_on_from_page_to_page_misses_nothing(store, clock, limit):
    """Whatever has gone in between, the pages together hold every live record, once."""
    await store.append([record(lifetime_s=60 if n % 3 else 1) for n in range(1, 31)])
    await store.append([record()], freed=Freed(positions=range(10, 20)))
    clock.advance(seconds=1)

    pages = [page async for page in all_pages(store, limit)]

    read = [position for page in pages for position in positions(page)]
    assert read == [n for n in range(1, 32) if (n % 3 or n > 30) and not 10 <= n < 20]
    assert max(len(page.records) for page in pages) <= limit


async def all_pages(store, limit):
    """Read as a replica does."""
    upto = 0
    while True:
        page = await store.read(upto, limit)
        assert page.upto > upto
        yield page
        upto = page.upto
        if upto == page.end:
            return


async def test_a_long_journal_is_read_whatever_the_limit(store):
    """A limit higher than any one answer is no error, only more pages."""
    await store.append([record(b"%d" % n) for n in range(9000)])

    pages = [page async for page in all_pages(store, 1_000_000)]

    read = [body for page in pages for body in bodies(page)]
    assert read == [b"%d" % n for n in range(9000)]


async def test_positions_are_never_issued_again(store, clock):
    """After everything was purged the next record follows the last one ever appended."""
    await store.append([record(), record()])
    clock.advance(seconds=60)
    await store.purge()

    assert (await store.read(0, 10)).end == 2
    clock.step_back(seconds=60)
    assert await store.append([record()]) == 3


async def test_two_writers_share_positions(store, other):
    """Two handles that append at once issue every position once, and see the same journal."""
    issued = await asyncio.gather(
        *(s.append([record()]) for s in (store, other) for _ in range(50))
    )

    assert sorted(issued) == list(range(1, 101))
    mine, theirs = await store.read(0, 200), await other.read(0, 200)
    assert positions(mine) == positions(theirs) == list(range(1, 101))
    assert mine.generation == theirs.generation


async def test_a_record_comes_with_its_rankings(store, other):
    """Whoever reads a record finds the rankings it was appended with."""
    one, two = names(2)
    await store.append([record()], [ranking(one, b"first"), ranking(two, b"second")])

    assert await other.get(BlobKind.RANKING, [one, two]) == {one: b"first", two: b"second"}


async def test_an_append_that_fails_leaves_nothing(store):
    """Records and blobs are written together or not at all, and positions stay whole."""
    broken = Record("entry", None, NOW + 60)

    with pytest.raises(StoreUnavailable):
        await store.append([record(), broken], [ranking()])

    assert list((await store.read(0, 10)).records) == []
    assert await store.get(BlobKind.RANKING, ["key"]) == {}
    assert await store.append([record()]) == 1


async def test_an_append_frees_records_and_rankings(store, other):
    """What is freed is gone with the append, and nothing else is."""
    one, two = names(2)
    await store.append([record(b"1"), record(b"2"), record(b"3")], [ranking(one), ranking(two)])

    last = await store.append([record(b"4")], freed=Freed([1, 3], [one]))

    page = await other.read(0, 10)
    assert bodies(page) == [b"2", b"4"]
    assert (last, page.end) == (4, 4)
    assert set(await other.get(BlobKind.RANKING, [one, two])) == {two}


async def test_freeing_what_is_not_there_is_passed_over(store):
    """Two replicas may free the same, and positions may lie anywhere."""
    await store.append([record()])

    await store.append([record()], freed=Freed([1, 1, 99], ["gone"]))
    await store.append([record()], freed=Freed([1], ["gone"]))

    assert positions(await store.read(0, 10)) == [2, 3]


async def test_much_is_freed_in_one_append(store):
    """There is no limit to what one append frees."""
    keys = names(3000)
    await store.append([record() for _ in keys], [ranking(key) for key in keys])

    await store.append([record()], freed=Freed(range(1, 3001), keys))

    assert positions(await store.read(0, 10)) == [3001]
    assert await store.get(BlobKind.RANKING, keys) == {}


async def test_a_ranking_freed_and_written_in_one_append_is_there(store):
    """Freeing comes first."""
    await store.append([record()], [ranking(body=b"old")])

    await store.append([record()], [ranking(body=b"new")], freed=Freed(rankings=["key"]))

    assert await store.get(BlobKind.RANKING, ["key"]) == {"key": b"new"}


async def test_an_append_for_this_journal_is_taken(store):
    """The name that was read is the name that is asked for."""
    generation = (await store.read(0, 1)).generation

    assert await store.append([record()], generation=generation) == 1


async def test_an_append_for_another_journal_writes_nothing(store):
    """Who has read another journal is told the name of this one."""
    await store.append([record(b"old")], [ranking()])

    with pytest.raises(JournalReplaced) as refusal:
        await store.append(
            [record()], [ranking("another")], generation="another", freed=Freed([1], ["key"])
        )

    page = await store.read(0, 10)
    assert refusal.value.generation == page.generation
    assert (bodies(page), page.end) == ([b"old"], 1)
    assert set(await store.get(BlobKind.RANKING, ["key", "another"])) == {"key"}


async def test_an_append_under_a_lease_is_taken(store):
    """Who holds the lease may write."""
    lease = await store.acquire("evict", 60)

    assert await store.append([record()], lease=lease) == 1


async def test_an_append_under_a_lost_lease_writes_nothing(store, other):
    """Who has lost the lease to another must not write what it decided before."""
    await store.append([record(b"old")], [ranking()])
    lost = await store.acquire("evict", 60)
    await store.release(lost)
    await other.acquire("evict", 60)

    with pytest.raises(LeaseLost, match="evict"):
        await store.append([record()], lease=lost, freed=Freed([1], ["key"]))

    page = await store.read(0, 10)
    assert (bodies(page), page.end) == ([b"old"], 1)
    assert set(await store.get(BlobKind.RANKING, ["key"])) == {"key"}


async def test_an_append_under_a_lease_given_back_writes_nothing(store):
    """A lease nobody holds is not held."""
    lease = await store.acquire("evict", 60)
    await store.release(lease)

    with pytest.raises(LeaseLost):
        await store.append([record()], lease=lease)

    assert (await store.read(0, 1)).end == 0


async def test_an_append_under_a_lease_never_given_writes_nothing(store):
    """A lease is looked for under its name."""
    held = await store.acquire("evict", 60)

    with pytest.raises(LeaseLost):
        await store.append([record()], lease=Lease("collect", held.token, 0))


async def test_waiting_ends_when_another_has_appended(store, other):
    """A replica that waits learns of an append elsewhere, long before the time is over."""
    seen = asyncio.create_task(until_appended(store))
    await asyncio.sleep(0)

    await other.append([record()])

    async with asyncio.timeout(5):
        assert await seen == [1]


async def until_appended(store) -> list[int]:
    """Follow until something has been appended."""
    while not (page := await store.read(0, 10)).records:
        await store.wait(page.upto, 60)
    return positions(page)


async def test_waiting_ends_at_once_where_something_stands_already(store):
    """What was appended before the wait is not waited for."""
    await store.append([record()])

    async with asyncio.timeout(5):
        await store.wait(0, 60)


@pytest.mark.parametrize("timeout_s", [0, 0.0001, 0.05])
async def test_waiting_ends_by_itself(store, timeout_s):
    """Where nothing comes, the time is over."""
    async with asyncio.timeout(timeout_s + 4):
        await store.wait(0, timeout_s)


async def test_many_wait_at_once(store, other):
    """No one who waits keeps another from waiting, or from appending."""
    waiting = [asyncio.create_task(until_appended(store)) for _ in range(5)]
    await asyncio.sleep(0)

    await other.append([record()])

    async with asyncio.timeout(10):
        assert await asyncio.gather(*waiting) == [[1]] * 5
