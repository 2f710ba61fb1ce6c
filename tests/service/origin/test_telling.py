"""Progress of a fetch, within a replica and between replicas."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import structlog

from cache.pools.filters import NO_FILTERS
from cache.pools.pool import Candidate, PoolKey
from cache.sharing.beside import beside
from cache.stores.protocol import Blob, BlobKind
from cache.stores.sqlite import SqliteStore
from service.origin import telling
from service.origin.progress import Fetching, Progress, Progresses
from service.origin.telling import Telling
from tests.cache.away import Interruptible
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

KEY = PoolKey("fake", "horse", NO_FILTERS, 20, "c" * 16)
VECTOR = np.ones(4, np.float16)
PATIENCE_S = 10


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Interruptible]:
    """A store that can be away."""
    store = Interruptible(SqliteStore(tmp_path / "told.db", ManualClock(), timeout_s=2.0))
    await store.open()
    yield store
    await store.aclose()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell more often than anybody would want to."""
    monkeypatch.setattr(telling, "_EVERY_S", 0.01)


def photo(number: int) -> Candidate:
    return Candidate(f"fake:{number}", "", "", 1, 1, "", "", (), "fake")


def begun(photos: int) -> Fetching:
    fetching = Fetching()
    fetching.begin(photos)
    return fetching


async def heard(store: Interruptible, fetching: Fetching, progress: Progress) -> None:
    """Return once a fetch is as far as that by what it hears."""
    async with (
        asyncio.timeout(PATIENCE_S),
        beside(Telling(store, ManualClock()).hear(KEY, fetching)),
    ):
        with fetching.watched():
            while fetching.progress != progress:
                await fetching.changed()


async def test_what_one_replica_tells_another_hears(store: Interruptible):
    """Numbers come as they are, photos of any state."""
    ours, theirs = begun(5), Fetching()
    ours.photo_encoded(photo(1), VECTOR)
    ours.photo_fetched(photo(2))
    ours.photo_failed(photo(3))

    async with beside(Telling(store, ManualClock()).tell(KEY, ours)):
        await heard(store, theirs, Progress(photos=5, fetched=2, encoded=1, failed=1))


async def test_nothing_is_asked_where_nobody_watches(store: Interruptible):
    """Hearing costs no call of the store while no stream looks."""
    fetching = Fetching()
    async with beside(Telling(store, ManualClock()).hear(KEY, fetching)):
        await asyncio.sleep(0.1)

    assert store.calls["get"] == 0


@pytest.mark.parametrize("body", [b"", b"nonsense", b"\x01" * 40])
async def test_what_cannot_be_read_is_not_heard(store: Interruptible, body: bytes):
    """A damaged blob is nothing, and the next whole one is heard."""
    await store.put([Blob(BlobKind.PROGRESS, KEY.digest, body, 2e9)])
    theirs = Fetching()

    async with beside(Telling(store, ManualClock()).hear(KEY, theirs)):
        with theirs.watched():
            while not store.calls["get"]:
                await asyncio.sleep(0.005)
    assert theirs.progress == Progress()


async def test_a_store_that_is_away_ends_neither_telling_nor_hearing(store: Interruptible):
    """When it is back both go on."""
    ours, theirs = begun(5), Fetching()
    store.away = True
    async with beside(Telling(store, ManualClock()).tell(KEY, ours)):
        with theirs.watched():
            async with beside(Telling(store, ManualClock()).hear(KEY, theirs)):
                await asyncio.sleep(0.05)
                store.away = False
                ours.photo_fetched(photo(1))
                async with asyncio.timeout(PATIENCE_S):
                    while theirs.progress.photos != 5:
                        await theirs.changed()


async def test_a_fetch_that_begins_anew_forgets_the_last(store: Interruptible):
    """Photos of a fetch that lost its lease are not those of the next."""
    fetching = begun(5)
    fetching.photo_encoded(photo(1), VECTOR)

    fetching.begin(3)

    assert fetching.progress == Progress(photos=3)
    assert (fetching.encoded(0), fetching.begun) == ([], 2)


async def test_a_photo_counts_once():
    """However often a photo is told, it is one."""
    fetching = begun(2)
    for _ in range(2):
        fetching.photo_encoded(photo(1), VECTOR)

    assert fetching.progress == Progress(photos=2, fetched=1, encoded=1)
    assert len(fetching.encoded(0)) == 1


async def test_news_that_come_before_one_waits_are_not_missed():
    """What is told between asking and waiting ends the wait."""
    fetching = begun(2)
    news = fetching.changed()
    fetching.photo_fetched(photo(1))

    async with asyncio.timeout(PATIENCE_S):
        await news


def test_a_key_has_one_fetch_while_anybody_holds_it():
    """Those who watch and the fetch itself meet; afterwards nothing is left."""
    progresses = Progresses()
    one = progresses.of(KEY)

    assert progresses.of(KEY) is one
    del one
    assert len(progresses) == 0


async def test_work_beside_that_fails_is_logged_and_costs_the_block_nothing():
    """A mistake in what only tells is news, not the end of a fetch."""

    async def fail() -> None:
        raise RuntimeError("a mistake")

    with structlog.testing.capture_logs() as logs:
        async with beside(fail()):
            await asyncio.sleep(0)

    assert [line["event"] for line in logs] == ["work_beside_failed"]
