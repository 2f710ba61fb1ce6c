"""Handles on one store, as several processes have them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cache.stores.protocol import Store
from cache.stores.redis import RedisStore
from cache.stores.sqlite import SqliteStore
from tests.clocks import ManualClock
from tests.redis_server import RedisServer, serve_redis

TIMEOUT_S = 5.0
"""Ends what hangs; long enough for a machine that is busy with other tests."""


@pytest.fixture(scope="session")
def shared_server() -> Iterator[RedisServer]:
    """One server for all tests; none may end it or set it up otherwise."""
    with serve_redis() as server:
        yield server


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    """A server that holds nothing."""
    shared_server.call("FLUSHALL")
    return shared_server


@pytest.fixture(params=["sqlite", "redis"])
async def connect(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Callable[[], Awaitable[Store]]]:
    """Open one more handle on the same store; every kind of store is a parameter here."""

    def of_sqlite() -> Store:
        return SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=TIMEOUT_S)

    def of_redis() -> Store:
        return RedisStore(server.url(), clock, timeout_s=TIMEOUT_S)

    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("server")
    make = {"sqlite": of_sqlite, "redis": of_redis}[request.param]
    async with AsyncExitStack() as stack:

        async def open_one() -> Store:
            store = make()
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
