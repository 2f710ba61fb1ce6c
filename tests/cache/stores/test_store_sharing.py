"""What every store's leases and cells do."""

import asyncio

import pytest

from cache.stores.protocol import Cell, Lease
from tests.cache.stores.examples import record

pytestmark = pytest.mark.anyio

SHORT_S = 0.05


async def given(store, clock, name: str) -> Lease:
    """Return a lease once it has run out, by whichever clock the store goes."""
    clock.advance(seconds=SHORT_S)
    async with asyncio.timeout(10):
        while (lease := await store.acquire(name, 60)) is None:
            await asyncio.sleep(0.005)
    return lease


async def test_a_lease_is_held_by_one(store, other):
    """While somebody holds a lease nobody gets it, not even the holder."""
    lease = await store.acquire("collect", 60)

    assert lease.name == "collect"
    assert await other.acquire("collect", 60) is None
    assert await store.acquire("collect", 60) is None


async def test_leases_of_other_names_are_free(store, other):
    """Each thing to be done alone has a lease of its own."""
    await store.acquire("collect", 60)

    assert await other.acquire("tune", 60) is not None


async def test_one_of_many_that_ask_at_once_gets_the_lease(store, other):
    """A race has one winner."""
    asked = await asyncio.gather(*(s.acquire("collect", 60) for s in (store, other) * 10))

    assert len([lease for lease in asked if lease]) == 1


async def test_a_lease_runs_out(store, other, clock):
    """A holder that died keeps nobody waiting for longer than its lease."""
    await store.acquire("collect", SHORT_S)

    assert await given(other, clock, "collect")


async def test_a_lease_given_back_is_free_at_once(store, other):
    """Who is done need not wait for the end."""
    await store.release(await store.acquire("collect", 60))

    assert await other.acquire("collect", 60)


async def test_tokens_rise(store, other, clock):
    """Whoever gets the lease later has a higher token, however the one before ended."""
    first = await store.acquire("collect", 60)
    await store.release(first)
    second = await other.acquire("collect", SHORT_S)
    third = await given(store, clock, "collect")

    assert first.token < second.token < third.token


async def test_a_lease_tells_the_journals_end(store):
    """Who has a lease knows up to where it must have read before it acts."""
    before = await store.acquire("one", 60)
    await store.append([record(), record()])
    after = await store.acquire("two", 60)

    assert (before.end, after.end) == (0, 2)


async def test_a_lease_that_is_renewed_goes_on(store, other, clock):
    """It lasts from the renewal on, not from the start."""
    lease = await store.acquire("collect", 30)
    renewed = await store.renew(lease, 60)
    clock.advance(seconds=59)

    assert renewed
    assert await store.renew(lease, 60)
    assert await other.acquire("collect", 60) is None


async def test_a_lease_may_be_renewed_for_less(store, other, clock):
    """Who will be done soon says so."""
    lease = await store.acquire("collect", 3600)

    assert await store.renew(lease, SHORT_S)
    assert await given(other, clock, "collect")


async def test_a_lease_that_has_run_out_is_not_renewed(store, other, clock):
    """Neither while it is free nor while another holds it; the other keeps it."""
    lost = await store.acquire("collect", SHORT_S)
    lease = await given(other, clock, "collect")

    assert not await store.renew(lost, 60)
    assert await other.renew(lease, 60)
    await other.release(lease)
    assert not await store.renew(lost, 60)


async def test_giving_back_a_lost_lease_leaves_the_new_holder_alone(store, other, clock):
    """A release is of one's own lease only."""
    lost = await store.acquire("collect", SHORT_S)
    lease = await given(other, clock, "collect")

    await store.release(lost)

    assert await store.acquire("collect", 60) is None
    assert await other.renew(lease, 60)


async def test_a_cell_is_empty_at_first(store):
    """Version 0 stands for nothing written yet."""
    assert await store.cell("thresholds") == Cell(0, b"")


async def test_a_cell_changes_by_one_version_at_a_time(store, other):
    """Every swap is seen by all, with its version."""
    assert await store.swap("thresholds", 0, b"\x00\xff")
    assert await other.cell("thresholds") == Cell(1, b"\x00\xff")
    assert await other.swap("thresholds", 1, b"")
    assert await store.cell("thresholds") == Cell(2, b"")


@pytest.mark.parametrize("version", [0, 2, 10])
async def test_a_cell_of_another_version_is_left_alone(store, version):
    """Who has read something else must read again."""
    await store.swap("thresholds", 0, b"first")

    assert not await store.swap("thresholds", version, b"second")
    assert await store.cell("thresholds") == Cell(1, b"first")


async def test_a_cell_nobody_wrote_has_no_later_version(store):
    """A swap of a version that never was writes nothing."""
    assert not await store.swap("thresholds", 1, b"body")
    assert await store.cell("thresholds") == Cell(0, b"")


async def test_cells_of_other_names_are_others(store):
    """Each name has a version of its own."""
    await store.swap("one", 0, b"1")

    assert await store.swap("two", 0, b"2")
    assert await store.cell("one") == Cell(1, b"1")


async def test_one_of_many_swaps_at_once_wins(store, other):
    """Nobody's change is lost without notice."""
    swaps = await asyncio.gather(
        *(s.swap("thresholds", 0, b"%d" % n) for n, s in enumerate((store, other) * 10))
    )

    assert swaps.count(True) == 1
    assert await store.cell("thresholds") == Cell(1, b"%d" % swaps.index(True))


async def test_a_cell_outlives_a_handle(store, connect):
    """Who opens the store later sees it."""
    await store.swap("thresholds", 0, b"body")
    await store.aclose()

    assert await (await connect()).cell("thresholds") == Cell(1, b"body")
