"""The quota of an API, in one process and shared by several."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cache.sharing.bucket import Bucket
from cache.sharing.quota import LocalQuota, Quota, SharedQuota
from cache.stores.sqlite import SqliteStore
from tests.cache.away import Interruptible
from tests.cache.spoiling import spoilt
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

HEADERS = {"remaining": 10, "reset_s": 30, "limit": 100}


@pytest.fixture
async def door(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Interruptible]:
    store = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=5.0)
    await store.open()
    yield Interruptible(store)
    await store.aclose()


@pytest.fixture
def ours(door: Interruptible, clock: ManualClock) -> SharedQuota:
    return SharedQuota(door, "key", clock)


@pytest.fixture
def others(store: SqliteStore, clock: ManualClock) -> SharedQuota:
    """The same quota, as another replica has it."""
    return SharedQuota(store, "key", clock)


async def granted(quota: Quota, most: int = 1000) -> int:
    """Take until no more is granted; return how many were."""
    for count in range(most):
        if (await quota.take()).wait_s:
            return count
    return most


async def test_one_process_grants_the_limit(clock):
    """Without others the quota is a hundred calls, and then those that flow in."""
    quota = LocalQuota(clock)

    first = await granted(quota)
    clock.advance(seconds=6)

    assert (first, await granted(quota)) == (100, 10)


async def test_one_process_goes_by_what_the_api_says(clock):
    """Corrections and refusals count here as they do between replicas."""
    quota = LocalQuota(clock)
    ticket = (await quota.take()).ticket

    await quota.correct(ticket, **HEADERS)
    corrected = await granted(quota)
    clock.advance(seconds=30)
    await quota.empty(17)

    assert corrected == 10
    assert (await quota.take()).wait_s >= 17


async def test_two_replicas_grant_the_limit_together(ours, others):
    """However many ask at the same time, each token is granted once."""

    async def ask(quota: SharedQuota) -> int:
        return sum([not (await quota.take()).wait_s for _ in range(8)])

    counts = await asyncio.gather(*(ask(quota) for quota in (ours, others) for _ in range(8)))

    assert sum(counts) == 100


async def test_tickets_are_numbered_over_all_replicas(ours, others):
    """Only so can an answer tell which calls it has counted."""
    grants = [await quota.take() for quota in (ours, others, ours)]

    assert [grant.ticket for grant in grants] == [1, 2, 3]


async def test_what_the_api_tells_one_replica_holds_for_all(ours, others):
    """Calls that others have granted meanwhile are taken off."""
    ticket = (await ours.take()).ticket
    await granted(others, most=4)

    await ours.correct(ticket, **HEADERS)

    assert await granted(others) == 6


async def test_a_refusal_stops_all_replicas(ours, others, clock):
    """No other replica walks into the same refusal."""
    await ours.take()

    await ours.empty(17)

    assert (await others.take()).wait_s == 17
    clock.advance(seconds=17)
    assert not (await others.take()).wait_s


async def test_a_replica_that_starts_finds_what_is_left(ours, store, clock):
    """Starting anew is no way to a full bucket."""
    await granted(ours, most=90)

    assert await granted(SharedQuota(store, "key", clock)) == 10


async def test_another_key_has_another_quota(ours, store, clock):
    """Quotas are told apart by name."""
    await granted(ours)

    assert await granted(SharedQuota(store, "another", clock)) == 100


async def test_while_the_store_is_away_a_replica_goes_by_what_it_knew(ours, others, door):
    """It neither stops nor begins with a full bucket."""
    await granted(others, most=60)
    await ours.take()
    door.away = True

    assert await granted(ours) == 39


async def test_a_replica_that_never_saw_the_store_has_a_bucket_of_its_own(ours, door):
    """A store that is away is no reason not to call the API."""
    door.away = True

    assert await granted(ours) == 100


async def test_when_the_store_is_back_the_quota_is_shared_again(ours, others, door):
    """What all have taken counts, as soon as it can be known."""
    await ours.take()
    door.away = True
    await ours.take()
    door.away = False
    await granted(others, most=90)

    assert await granted(ours) == 9


async def test_a_replica_that_loses_a_race_asks_again(ours, others, door):
    """Somebody else's change between reading and writing is not overwritten."""
    await ours.take()
    door.before("swap", others.take)

    assert (await ours.take()).ticket == 3


@pytest.mark.parametrize("spoiling", [name for name in spoilt(b"any") if name != "empty"])
async def test_a_bucket_that_cannot_be_read_is_replaced(ours, others, store, spoiling):
    """A replica goes by what it knew, and writes that."""
    await granted(ours, most=60)
    cell = await store.cell("quota/key")
    await store.swap("quota/key", cell.version, spoilt(cell.body)[spoiling])

    assert await granted(ours, most=10) == 10
    assert Bucket.of((await store.cell("quota/key")).body).taken == 70
    assert await granted(others) == 30
