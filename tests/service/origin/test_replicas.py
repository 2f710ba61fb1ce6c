"""Cold tags of several replicas: one fetch for all of them, and what it came to."""

import asyncio

import pytest

from cache.journal.notices import Deletion
from cache.sharing.refusals import Refusal
from service.answers import SearchAnswer
from service.errors import QuotaExhausted, SourceError, SourceRefused, SourceUnavailable
from service.tiers import Tier
from tests.cache.replicas import wait_for
from tests.service.world import World, ids

pytestmark = pytest.mark.anyio

HOUR_S = 3600.0
LEASE_S = 6.0


def pool_id(answer: SearchAnswer) -> str:
    return answer.found.pool.id


def asking(world: World, query: str = "photo 1", **rest: object) -> asyncio.Task[SearchAnswer]:
    return asyncio.create_task(world.ask(query, **rest))


async def refused(world: World, **rest: object) -> SourceError:
    """Ask, and return how the source refuses."""
    with pytest.raises(SourceError) as caught:
        await world.ask("photo 1", **rest)
    return caught.value


async def test_two_replicas_make_one_call(world: World, other: World):
    """One fetches, the other gets its pool without a call, a download or an encode."""
    world.source.open.clear()
    first = asking(world)
    await world.source.asked.wait()
    second = asking(other, "photo 2")
    await wait_for(lambda: other.store.calls["acquire"] >= 1)

    world.source.open.set()

    answers = await asyncio.gather(first, second)
    assert pool_id(answers[0]) == pool_id(answers[1])
    assert [ids(answer)[0] for answer in answers] == ["fake:1", "fake:2"]
    assert world.source.calls == ["horse"]
    assert (world.clip.images, other.clip.images) == (10, 0)


async def test_a_replica_that_dies_while_it_fetches_is_replaced(world: World):
    """Its lease holds the others up for as long as it may be alive, and no longer."""
    key = (await world.ask("photo 1")).found.pool.key
    await world.memory.delete(Deletion(tag="horse"))
    await world.file.acquire(f"fetch/{key.digest}", LEASE_S)
    waiting = asking(world)
    tries = world.store.calls["acquire"]
    await wait_for(lambda: world.store.calls["acquire"] >= tries + 2)
    calls = len(world.source.calls)

    world.clock.advance(seconds=LEASE_S)

    assert (await waiting).found.tier is Tier.ORIGIN
    assert (calls, len(world.source.calls)) == (1, 2)


async def test_who_was_taken_for_dead_gives_out_the_others_pool(world: World, other: World):
    """A replica that was stopped while it fetched cannot publish what it has."""
    world.clip.open.clear()
    stopped = asking(world)
    await world.clip.asked_for_photos.wait()
    world.clock.advance(seconds=LEASE_S)
    answer = await other.ask("photo 1")

    world.clip.open.set()

    assert pool_id(await stopped) == pool_id(answer)
    assert len(world.pools.published) == 1
    assert len(world.source.calls) == 2


@pytest.mark.parametrize(
    ("error", "lifetime_s"),
    [
        (SourceUnavailable("It is down.", retry_after_s=7), 2.0),
        (SourceRefused("It rejects the key."), 60.0),
    ],
    ids=["unavailable", "refused"],
)
async def test_a_failure_reaches_who_waits_and_is_remembered_for_a_while(
    world: World, other: World, error: SourceError, lifetime_s: float
):
    """Waiting replicas are told the same, and nobody asks the source before its time."""
    world.source.error = error
    world.source.open.clear()
    first, second = asking(world), asking(other)
    await wait_for(lambda: other.store.calls["acquire"] + world.store.calls["acquire"] >= 2)
    world.source.open.set()
    told = await asyncio.gather(first, second, return_exceptions=True)
    world.clock.advance(seconds=lifetime_s - 0.5)
    later = [await refused(replica) for replica in (world, other)]
    calls = len(world.source.calls)

    world.clock.advance(seconds=0.5)
    await refused(other)

    assert {(type(one), str(one)) for one in (*told, *later)} == {(type(error), str(error))}
    assert (calls, len(world.source.calls)) == (1, 2)


async def test_a_failure_tells_when_to_come_back(world: World):
    """Who asks while it is remembered is told how long that will be."""
    world.source.error = SourceRefused("It rejects the key.")
    await refused(world)
    world.clock.advance(seconds=20)

    assert (await refused(world)).retry_after_s == 40


async def test_a_failure_is_of_one_tag(world: World):
    """What is wrong with one need not be wrong with another."""
    world.source.error = SourceRefused("It rejects this.")
    await refused(world)
    world.source.error = None

    assert (await world.ask("photo 21", tag="tiger")).found.tier is Tier.ORIGIN


async def test_a_used_up_quota_is_not_remembered(world: World):
    """The quota itself knows when the next call may be made."""
    world.source.error = QuotaExhausted("Used up.", retry_after_s=30)
    await refused(world)
    world.source.error = None

    assert (await world.ask("photo 1")).found.tier is Tier.ORIGIN


async def test_a_deleted_tag_is_asked_for_though_it_was_refused(world: World, other: World):
    """Whoever mends the key need not wait for a minute."""
    world.source.error = SourceRefused("It rejects the key.")
    await refused(world)
    world.source.error = None

    await other.memory.delete(Deletion(tag="horse"))
    await world.catch_up()

    assert (await world.ask("photo 1")).found.tier is Tier.ORIGIN


async def test_a_failure_without_a_store_is_remembered_here(world: World):
    """A source that is down is spared also while the store is."""
    world.store.away = True
    world.source.error = SourceRefused("It rejects the key.")
    await refused(world)

    await refused(world)

    assert world.source.calls == ["horse"]


async def test_that_a_tag_has_no_photos_is_good_for_an_hour(world: World, other: World):
    """No replica asks again within it, and after it any may."""
    await world.ask("any", tag="unicorn")
    world.clock.advance(seconds=HOUR_S - 1)
    await other.catch_up()
    within = await other.ask("any", tag="unicorn")
    calls = len(world.source.calls)

    world.clock.advance(seconds=1)
    world.source.photos["unicorn"] = [30]
    after = await other.ask("photo 30", tag="unicorn")

    assert (within.results, within.found.tier, calls) == ([], Tier.POOL, 1)
    assert (ids(after), len(world.source.calls)) == (["fake:30"], 2)


async def test_that_a_tag_has_no_photos_reaches_who_waits(world: World, other: World):
    """An empty answer is an answer."""
    world.source.open.clear()
    first = asking(world, tag="unicorn")
    await world.source.asked.wait()
    second = asking(other, tag="unicorn")
    await wait_for(lambda: other.store.calls["acquire"] >= 1)

    world.source.open.set()

    assert [answer.results for answer in await asyncio.gather(first, second)] == [[], []]
    assert world.source.calls == ["unicorn"]


async def test_an_empty_pool_is_an_answer_though_a_refusal_is_remembered(world: World):
    """Two replicas that could not see each other may have been told different things."""
    key = (await world.ask("any", tag="unicorn")).found.pool.key
    end = world.clock.now() + 60
    refusal = Refusal(key.digest, key.tag, "SourceRefused", "No.", end)
    await world.memory.refusals.add(refusal)

    assert len(await world.origin.pool(key)) == 0


async def test_a_fetch_in_flight_when_its_tag_is_deleted_is_for_who_asked_before(
    world: World, other: World
):
    """Whoever asks after the deletion gets photos fetched after it, here and elsewhere."""
    world.source.open.clear()
    before = asking(world)
    await world.source.asked.wait()
    await other.memory.delete(Deletion(tag="horse"))
    await world.catch_up()
    after = [asking(world), asking(other)]
    await wait_for(lambda: len(world.fetching) == 2)

    world.source.open.set()

    first, *later = await asyncio.gather(before, *after)
    assert first.results
    assert not first.found.stored
    assert pool_id(later[0]) == pool_id(later[1]) != pool_id(first)
    assert world.source.calls == ["horse", "horse"]
    for replica in (world, other):
        await replica.catch_up()
        assert list(replica.pools.published) == [pool_id(later[0])]
        assert (await replica.ask("photo 1")).found.tier is Tier.EXACT


async def test_a_listing_of_a_deleted_tag_is_not_used_again(world: World):
    """The API's answer is kept while photos are missing, but not over a deletion."""
    world.source.unavailable = {1, 2, 3}
    await world.ask("photo 1")

    await world.memory.delete(Deletion(tag="horse"))
    await world.ask("photo 1")

    assert world.source.calls == ["horse", "horse"]


async def test_spoilt_embeddings_are_made_again(world: World, other: World):
    """A replica that cannot read a pool fetches it, and what it writes can be read."""
    await world.ask("photo 1")
    await world.file._write(
        lambda db: db.execute("UPDATE blobs SET body = x'00' WHERE kind='block'")
    )
    await other.catch_up()

    answer = await other.ask("photo 2")

    assert (answer.found.tier, ids(answer)[0]) == (Tier.ORIGIN, "fake:2")
    assert other.clip.images == 10
    await world.catch_up()
    assert (await world.ask("photo 2")).found.tier is Tier.EXACT


async def test_a_spoilt_pool_is_fetched_again_and_its_photos_are_not_encoded(
    world: World, other: World
):
    """Embeddings stand apart from pools; one call of the API makes good what was lost."""
    await world.ask("photo 1")
    await world.file._write(
        lambda db: db.execute("UPDATE blobs SET body = x'00' WHERE kind='pool'")
    )
    await other.catch_up()

    answer = await other.ask("photo 2")

    assert (answer.found.tier, ids(answer)[0]) == (Tier.ORIGIN, "fake:2")
    assert (other.clip.images, len(world.source.calls)) == (0, 2)


async def test_without_a_store_each_replica_fetches_for_itself(world: World, other: World):
    """And when it is back they agree again."""
    for replica in (world, other):
        replica.store.away = True
    answers = [await replica.ask("photo 1") for replica in (world, other)]
    for replica in (world, other):
        replica.store.away = False

    for replica in (world, other):
        outbox = replica.memory.outbox
        await wait_for(lambda outbox=outbox: outbox.statistics().delivered == 1)
    for replica in (world, other):
        await replica.catch_up()

    current = [(await one.pools.current(answers[0].found.pool.key)).id for one in (world, other)]
    assert [ids(answer)[0] for answer in answers] == ["fake:1", "fake:1"]
    assert current[0] == current[1]
