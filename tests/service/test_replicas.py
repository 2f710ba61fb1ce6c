"""Three replicas over one store behave as one cache."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cache.journal.notices import Deletion
from cache.stores.protocol import Store
from cache.stores.redis import RedisStore
from cache.stores.sqlite import SqliteStore
from service.errors import SourceUnavailable
from service.tiers import Tier
from tests.clocks import ManualClock
from tests.redis_server import RedisServer, serve_redis
from tests.service.world import World, ids, living, stock

pytestmark = pytest.mark.anyio

Connect = Callable[[ManualClock], Store]


@pytest.fixture(scope="module")
def redis() -> RedisServer:
    with serve_redis() as server:
        yield server


@pytest.fixture(params=["sqlite", "redis"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Connect:
    """Return one more handle on the same store, of either kind."""
    if request.param == "sqlite":
        return lambda clock: SqliteStore(tmp_path / "shared.db", clock, timeout_s=2.0)
    server = request.getfixturevalue("redis")
    server.call("FLUSHALL")
    return lambda clock: RedisStore(server.url(), clock, timeout_s=2.0)


@pytest.fixture
async def worlds(connect: Connect) -> AsyncIterator[Sequence[World]]:
    """Three replicas of one source, at one time."""
    clock, source = ManualClock(), stock()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(living(World(connect(clock), clock, source)))
            for _ in range(3)
        ]


async def in_step(worlds: Sequence[World]) -> None:
    """Return once every replica has read what any of them has."""
    async with asyncio.timeout(5):
        end = max([(await world.store.read(0, 1)).end for world in worlds])
        for world in worlds:
            await world.memory.follower.reach(end)


async def test_what_one_learns_all_serve(worlds: Sequence[World]):
    """An entry of one replica is an exact hit on the others, with the same scores."""
    first = await worlds[0].ask("photo 3")
    await in_step(worlds)

    answers = [await world.ask("photo 3") for world in worlds]

    assert [answer.found.tier for answer in answers] == [Tier.EXACT] * 3
    assert all(answer.results == first.results for answer in answers)
    assert first.found.stored


async def test_a_pool_is_fetched_once_for_all_replicas(worlds: Sequence[World]):
    """Sixty people who ask three replicas for one cold tag cost one API call, a photo once."""
    answers = await asyncio.gather(
        *(worlds[n % 3].ask(f"photo {n % 10} of {n}") for n in range(60))
    )

    source = worlds[0].source
    assert source.calls == ["horse"]
    assert sorted(source.fetched) == list(range(10))
    assert len({answer.found.pool.id for answer in answers}) == 1
    assert all(len(answer.results) == 3 for answer in answers)


async def test_who_waits_elsewhere_is_told_of_a_failure(worlds: Sequence[World]):
    """One replica asks a source that is down; those that wait get its error, and do not ask too."""
    worlds[0].source.error = SourceUnavailable("It is down.", retry_after_s=10)

    answers = await asyncio.gather(
        *(world.ask("photo 1") for world in worlds), return_exceptions=True
    )

    assert [str(answer) for answer in answers] == ["It is down."] * 3
    assert worlds[0].source.calls == ["horse"]


async def test_a_source_that_is_back_is_asked_again_soon(worlds: Sequence[World]):
    """An outage is remembered for two seconds, by every replica, and no longer."""
    source = worlds[0].source
    source.error = SourceUnavailable("It is down.")
    with pytest.raises(SourceUnavailable):
        await worlds[0].ask("photo 1")
    await in_step(worlds)
    source.error = None

    with pytest.raises(SourceUnavailable):
        await worlds[1].ask("photo 1")
    worlds[0].clock.advance(seconds=2)
    answer = await worlds[1].ask("photo 1")

    assert len(answer.results) == 3


async def test_an_empty_tag_is_remembered_for_an_hour(worlds: Sequence[World]):
    """That there are no photos is an answer, for all replicas and not for the day."""
    source = worlds[0].source
    await worlds[0].ask("photo 1", tag="unicorn")
    await in_step(worlds)
    source.photos["unicorn"] = [7]
    worlds[0].clock.advance(seconds=3599)

    before = await worlds[1].ask("photo 1", tag="unicorn")
    worlds[0].clock.advance(seconds=1)
    after = await worlds[1].ask("photo 1", tag="unicorn")

    assert (len(before.results), len(after.results)) == (0, 1)
    assert source.calls == ["unicorn", "unicorn"]


async def test_a_deleted_tag_is_fetched_anew_by_every_replica(worlds: Sequence[World]):
    """A deletion takes entries and pools from all of them, wherever it was asked for."""
    await worlds[0].ask("photo 3")
    await in_step(worlds)
    for world in worlds:
        await world.ask("photo 3")
    worlds[0].source.photos["horse"] = range(5, 10)

    deleted = await worlds[1].memory.delete(Deletion(tag="horse"))
    await in_step(worlds)
    answer = await worlds[2].ask("photo 3")

    assert (deleted.entries, deleted.pools) == (1, 1)
    assert answer.found.tier is Tier.ORIGIN
    assert "fake:3" not in ids(answer)


async def test_a_deletion_beats_a_ranking_in_flight(worlds: Sequence[World]):
    """A search begun before a deletion is answered, and leaves nothing behind anywhere."""
    slow, other, _ = worlds
    await slow.ask("photo 1")
    await in_step(worlds)
    gate = asyncio.Event()
    encode = slow.clip.encode_texts

    async def held(texts: Sequence[str]):
        await gate.wait()
        return await encode(texts)

    slow.clip.encode_texts = held  # type: ignore[method-assign]
    in_flight = asyncio.create_task(slow.ask("photo 2"))
    while not slow.query.encoded[1:]:
        await asyncio.sleep(0)
    await other.memory.delete(Deletion(tag="horse"))
    gate.set()

    answer = await in_flight
    await in_step(worlds)

    assert len(answer.results) == 3
    assert [len(world.memory.entries) for world in worlds] == [0, 0, 0]


async def test_a_deletion_beats_a_fetch_in_flight(worlds: Sequence[World]):
    """Photos asked for before a deletion make no pool for those who ask after it."""
    slow, other, _ = worlds
    source = slow.source
    source.open.clear()
    in_flight = asyncio.create_task(slow.ask("photo 1"))
    await source.asked.wait()
    await other.memory.delete(Deletion(tag="horse"))
    await in_step(worlds)
    source.photos["horse"] = range(5, 10)
    later = asyncio.create_task(other.ask("photo 1"))
    source.open.set()

    await in_flight
    answer = await later

    assert set(ids(answer)) <= {f"fake:{n}" for n in range(5, 10)}
    assert source.calls == ["horse", "horse"]


async def test_a_search_after_a_deletion_joins_none_before_it(worlds: Sequence[World]):
    """On one replica too: who asks after the deletion gets photos of after the deletion."""
    world = worlds[0]
    source = world.source
    source.open.clear()
    in_flight = asyncio.create_task(world.ask("photo 1"))
    await source.asked.wait()
    await world.memory.delete(Deletion())
    later = asyncio.create_task(world.ask("photo 1"))
    await asyncio.sleep(0)
    source.open.set()

    before, after = await in_flight, await later

    assert before.found.pool.id != after.found.pool.id
    assert len(source.calls) == 2


async def test_deleting_a_query_leaves_the_pools(worlds: Sequence[World]):
    """A query is forgotten under every tag; its photos are not fetched again."""
    await worlds[0].ask("photo 3")
    await worlds[0].ask("photo 4")
    await in_step(worlds)

    await worlds[1].memory.delete(Deletion(query="photo 3"))
    await in_step(worlds)
    gone, kept = await worlds[2].ask("photo 3"), await worlds[2].ask("photo 4")

    assert (gone.found.tier, kept.found.tier) == (Tier.POOL, Tier.EXACT)
    assert worlds[0].source.calls == ["horse"]


async def test_one_replica_evicts_for_all(worlds: Sequence[World]):
    """What is missed least goes everywhere, down to 95 % of the bound; what is used stays."""
    for number in range(12):
        worlds[0].clock.advance(seconds=1)
        await worlds[0].ask(f"photo {number}")
    for _ in range(3):
        await worlds[0].ask("photo 0")
    await in_step(worlds)
    worlds[0].memory.evictor._bounds = worlds[0].memory.evictor._bounds.__class__(10, 100)

    went = await worlds[0].memory.evictor.evict()
    await in_step(worlds)

    assert went == 3
    assert [len(world.memory.entries) for world in worlds] == [9, 9, 9]
    first, second = await worlds[1].ask("photo 0"), await worlds[2].ask("photo 1")
    assert (first.found.tier, second.found.tier) == (Tier.EXACT, Tier.POOL)


async def test_nothing_is_served_past_its_end(worlds: Sequence[World]):
    """After 24 hours to the second every replica asks the source again."""
    await worlds[0].ask("photo 3")
    await in_step(worlds)
    worlds[0].clock.advance(seconds=24 * 3600 - 0.5)
    before = await worlds[1].ask("photo 3")
    worlds[0].clock.advance(seconds=0.5)

    after = await worlds[2].ask("photo 3")

    assert (before.found.tier, after.found.tier) == (Tier.EXACT, Tier.ORIGIN)
    assert sorted(worlds[0].source.fetched) == list(range(10)), "photos are encoded once"
