"""Bad days of Redis: searches go on, and what was learnt meanwhile is not lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from cache.clock import SystemClock
from cache.stores.redis import RedisStore
from service.answers import SearchAnswer
from service.tiers import Tier
from tests.redis_server import RedisServer, serve_redis
from tests.service.world import World, living, stock

pytestmark = pytest.mark.anyio

TIMEOUT_S = 0.3


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A server of the test's own, that may be hurt."""
    with serve_redis() as server:
        yield server


@asynccontextmanager
async def replicas(redis: RedisServer, count: int) -> AsyncIterator[Sequence[World]]:
    """Run replicas of one source over one server, with real clocks and little patience."""
    clock, source = SystemClock(), stock()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                living(World(RedisStore(redis.url(), clock, timeout_s=TIMEOUT_S), clock, source))
            )
            for _ in range(count)
        ]


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Return once something holds."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


async def until_stored(world: World, query: str) -> SearchAnswer:
    """Ask until the answer comes from an entry."""
    async with asyncio.timeout(10):
        while (answer := await world.ask(query)).found.tier is not Tier.EXACT:
            await asyncio.sleep(0.05)
    return answer


async def test_a_server_that_never_was_there_costs_nobody_an_answer(redis: RedisServer):
    """Without Redis a replica searches; nothing is called stored, and failures are counted."""
    redis.kill()
    async with replicas(redis, 1) as (world,):
        cold, warm = await world.ask("photo 1"), await world.ask("photo 2")

        assert (cold.found.tier, warm.found.tier) == (Tier.ORIGIN, Tier.POOL)
        assert not cold.found.stored
        assert not warm.found.stored
        assert world.counters.get("nearhit_unstored_answers") == 2
        assert world.memory.outbox.statistics().waiting == 2
        redis.start()


async def test_what_was_learnt_without_the_server_is_offered_to_it(redis: RedisServer):
    """Entries made while Redis was away are on all replicas once it is there."""
    redis.kill()
    async with replicas(redis, 2) as (one, other):
        await one.ask("photo 1")
        redis.start()

        await until(lambda: len(other.memory.entries) == 1)
        answer = await other.ask("photo 1")

        assert answer.found.tier is Tier.EXACT
        assert other.source.calls == ["horse"]
        assert one.memory.outbox.statistics().delivered == 1


async def test_a_server_that_hangs_delays_searches_a_moment_only(redis: RedisServer):
    """A hung server costs one time-out, not one a call; searches of warm tags stay quick."""
    async with replicas(redis, 1) as (world,):
        await world.ask("photo 0")
        redis.pause()
        spent_s = []
        for number in range(1, 9):
            began = time.monotonic()
            answer = await world.ask(f"photo {number}")
            spent_s.append(time.monotonic() - began)
            assert len(answer.results) == 3
        redis.resume()

        answer = await until_stored(world, "photo 8")

    assert sorted(spent_s)[4] < TIMEOUT_S / 2, "most of them do not wait at all"
    assert max(spent_s) < 3 * TIMEOUT_S
    assert answer.found.stored


async def test_hits_go_on_while_the_server_hangs(redis: RedisServer):
    """What is in memory needs no server: exact hits are answered as if nothing were."""
    async with replicas(redis, 1) as (world,):
        await world.ask("photo 1")
        await world.ask("photo 1")
        redis.pause()
        began = time.monotonic()

        answers = [await world.ask("photo 1") for _ in range(20)]

        spent_s = time.monotonic() - began
        redis.resume()

    assert {answer.found.tier for answer in answers} == {Tier.EXACT}
    assert spent_s < TIMEOUT_S


async def test_a_server_emptied_is_a_new_beginning_without_stale_answers(redis: RedisServer):
    """After FLUSHALL all replicas forget the old journal together, and learn anew."""
    async with replicas(redis, 2) as (one, other):
        await one.ask("photo 1")
        await until(lambda: len(other.memory.entries) == 1)
        redis.call("FLUSHALL")
        await until(lambda: not one.memory.entries and not other.memory.entries)

        again = await one.ask("photo 1")
        await until(lambda: len(other.memory.entries) == 1)
        answer = await other.ask("photo 1")

    assert (again.found.tier, again.found.stored) == (Tier.POOL, True)
    assert answer.found.tier is Tier.EXACT
    assert one.source.calls == ["horse"], "the pool in memory is still good"


async def test_what_is_stored_just_after_the_server_was_emptied_can_be_read(redis: RedisServer):
    """`stored` is true of the new journal, not of the one that the replica believed in."""
    async with replicas(redis, 1) as (world,):
        await world.ask("photo 1")
        redis.call("FLUSHALL")
        answer = await world.ask("photo 2")
    async with replicas(redis, 1) as (later,):
        await until(lambda: later.memory.follower.caught_up)
        again = await later.ask("photo 2")

    assert answer.found.stored
    assert again.found.tier is Tier.EXACT
    assert not later.source.calls


async def test_a_server_that_comes_back_older_is_read_from_its_start():
    """Where the journal loses its tail and issues its positions again, nobody mixes them up."""
    with serve_redis("--dbfilename", "dump.rdb") as redis:
        async with replicas(redis, 2) as (one, other):
            await one.ask("photo 1")
            await until(lambda: len(other.memory.entries) == 1)
            redis.call("SAVE")
            await one.ask("photo 2")
            await until(lambda: len(other.memory.entries) == 2)
            redis.restart()
            answer = await until_stored(one, "photo 3")
            await until(lambda: other.memory.entries.exact(*key(other, "photo 3")) is not None)

            lost = [w.memory.entries.exact(*key(w, "photo 2")) for w in (one, other)]
            kept = [w.memory.entries.exact(*key(w, "photo 1")) for w in (one, other)]

    assert answer.found.entry is not None
    assert lost == [None, None]
    assert all(kept)


def key(world: World, query: str) -> tuple[str, str, str]:
    """Return what an entry of the horse is found by."""
    (scope,) = {entry.scope for entry in world.memory.entries._entries.values()}
    return scope, "horse", query


async def test_a_server_killed_again_and_again_fails_no_search(redis: RedisServer):
    """Ten crashes while people search: every search is answered, and the cache works in the end."""
    async with replicas(redis, 2) as worlds:
        answers: list[SearchAnswer] = []

        async def searching(world: World, first: int) -> None:
            for number in range(60):
                answers.append(await world.ask(f"photo {first} of {number}"))
                await asyncio.sleep(0.02)

        async def crashing() -> None:
            for _ in range(10):
                await asyncio.sleep(0.1)
                await asyncio.to_thread(redis.restart)

        await asyncio.gather(crashing(), *(searching(w, n) for n, w in enumerate(worlds)))
        last = await until_stored(worlds[1], "photo 9 at last")

    assert len(answers) == 120
    assert all(len(answer.results) == 3 for answer in answers)
    assert last.found.stored


async def test_a_full_server_is_survived(redis: RedisServer):
    """At maxmemory searches go on unstored, a tenth is given up, and then they are stored again."""
    async with replicas(redis, 1) as (world,):
        for number in range(200):
            await world.ask(f"photo {number}")
        redis.call("CONFIG", "SET", "maxmemory", str(redis.used_bytes() - 100_000))
        answer = await world.ask("photo over the brim")
        await until(lambda: world.memory.evictor.evicted_entries == 20)
        redis.call("CONFIG", "SET", "maxmemory", "0")

        last = await until_stored(world, "photo once more")

    assert len(answer.results) == 3
    assert not answer.found.stored
    assert last.found.stored


async def test_a_server_that_others_fill_does_not_cost_the_cache(redis: RedisServer):
    """Where evicting cannot help, most of what is remembered stays, and pools stay whole."""
    async with replicas(redis, 2) as (one, other):
        for number in range(100):
            await one.ask(f"photo {number}")
        await until(lambda: len(other.memory.entries) == 100)
        redis.call("SET", "of somebody else", "x" * 5_000_000)
        redis.call("CONFIG", "SET", "maxmemory", str(redis.used_bytes() - 4_000_000))
        for number in range(20):
            await one.ask(f"photo {number} over the brim")
            await other.ask(f"photo {number} over the other brim")
        await asyncio.sleep(1)

        left = len(one.memory.entries)
        redis.call("CONFIG", "SET", "maxmemory", "0")
        answer = await other.ask("photo 99")

    assert left >= 75
    assert answer.found.tier in (Tier.EXACT, Tier.POOL)
    assert one.source.calls == ["horse"]
