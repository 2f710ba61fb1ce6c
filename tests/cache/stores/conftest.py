"""Handles on one store, as several processes have them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cache.stores.protocol import Store
from cache.stores.sqlite import SqliteStore
from tests.clocks import ManualClock


@pytest.fixture(params=["sqlite"])
async def connect(
    tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Callable[[], Awaitable[Store]]]:
    """Open one more handle on the same store; every kind of store is a parameter here."""
    async with AsyncExitStack() as stack:

        async def open_one() -> Store:
            store = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=1.0)
            stack.push_async_callback(store.aclose)
            await store.open()
            return store

        yield open_one


@pytest.fixture
async def store(connect: Callable[[], Awaitable[Store]]) -> Store:
    return await connect()


@pytest.fixture
async def other(connect: Callable[[], Awaitable[Store]], store: Store) -> Store:
    """A second handle on the same store."""
    return await connect()
