"""Calls of an API that may be spared for what can wait."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cache.sharing.quota import LocalQuota, Quota, SharedQuota
from cache.stores.sqlite import SqliteStore
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["local", "shared", "store away"])
async def quota(
    request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Quota]:
    """A quota of 100 calls in 60 s, full."""
    store = SqliteStore(tmp_path / "quota.db", clock, timeout_s=2.0)
    await store.open()
    if request.param == "store away":
        await store.aclose()
    yield LocalQuota(clock) if request.param == "local" else SharedQuota(store, "test", clock)
    await store.aclose()


async def test_a_full_quota_can_spare_a_call(quota: Quota):
    """Asking takes nothing."""
    assert [await quota.spare_in_s(0.2) for _ in range(200)] == [0.0] * 200
    assert (await quota.take()).ticket == 1


async def test_the_last_share_is_not_spared(quota: Quota):
    """With a fifth left there is none for what can wait, and one for who cannot."""
    for _ in range(80):
        await quota.take()

    assert await quota.spare_in_s(0.2) == pytest.approx(0.6)
    assert (await quota.take()).wait_s == 0


async def test_a_call_is_spared_once_enough_have_flown_in(quota: Quota, clock: ManualClock):
    """The seconds told are the seconds it takes."""
    for _ in range(90):
        await quota.take()
    wait_s = await quota.spare_in_s(0.2)

    clock.advance(seconds=wait_s - 0.1)
    before = await quota.spare_in_s(0.2)
    clock.advance(seconds=0.1)

    assert before > 0
    assert await quota.spare_in_s(0.2) == pytest.approx(0, abs=1e-6)


async def test_the_apis_own_window_is_waited_out(quota: Quota):
    """Where an answer says when the window ends, nothing flows in before that."""
    ticket = (await quota.take()).ticket
    await quota.correct(ticket, remaining=20, reset_s=42, limit=100)

    assert await quota.spare_in_s(0.2) == pytest.approx(42)


async def test_a_quota_of_few_calls_spares_some(quota: Quota):
    """A share of less than one call holds nothing back, or nothing would ever be spared."""
    ticket = (await quota.take()).ticket
    await quota.correct(ticket, remaining=1, reset_s=42, limit=2)

    assert await quota.spare_in_s(0.2) == 0
