"""What tests of the cache share: a clock, a real SQLite file, two replicas on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cache.stores.sqlite import SqliteStore
from tests.cache.replicas import Replica, replica
from tests.clocks import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=1.0)
    await store.open()
    yield store
    await store.aclose()


@pytest.fixture
async def ours(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Replica]:
    """A replica that follows the journal."""
    async with replica(tmp_path, clock) as one:
        yield one


@pytest.fixture
async def others(tmp_path: Path, clock: ManualClock, ours: Replica) -> AsyncIterator[Replica]:
    """Another replica on the same file."""
    async with replica(tmp_path, clock) as one:
        yield one
