"""What tests of the cache share: a clock, a real SQLite file, entries and pools."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cache.stores.sqlite import SqliteStore
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
