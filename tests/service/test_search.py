"""The use case, tier by tier."""

import asyncio
from pathlib import Path

import pytest

from cache.errors import FlightsFull
from cache.journal.notices import Deletion
from cache.journal.records import RecordKind
from cache.pools.filters import Filters
from service.errors import DeadlineExceeded, SourceUnavailable, UnknownFilter
from service.tiers import Tier
from tests.cache.replicas import wait_for
from tests.service.doubles import at
from tests.service.world import POLICY, World, ids, made

pytestmark = pytest.mark.anyio


async def test_a_cold_tag_is_answered_from_the_origin(world: World):
    """The first search of a tag fetches and ranks its photos, best first, and is remembered."""
    answer = await world.ask("photo 7")

    assert answer.found.tier is Tier.ORIGIN
    assert ids(answer)[0] == "fake:7"
    assert answer.results[0].score == pytest.approx(100, abs=0.1)
    assert answer.found.stored


async def test_the_same_search_again_runs_no_model(world: World):
    """An exact hit gives the very same answer without any encoder."""
    first = await world.ask("photo 7")
    asked = len(world.query.encoded), len(world.clip.texts)

    again = await world.ask("  PHOTO  7 ")

    assert again.found.tier is Tier.EXACT
    assert again.results == first.results
    assert (len(world.query.encoded), len(world.clip.texts)) == asked


async def test_a_query_that_means_the_same_is_answered_from_memory(world: World):
    """A semantic hit tells what it matched, and neither ranks nor fetches."""
    world.query.places = {"a": at(1.0), "b": at(0.95)}
    first = await world.ask("a")

    answer = await world.ask("b")

    found = answer.found
    assert found.tier is Tier.SEMANTIC
    assert found.entry is not None
    assert found.entry.query == "a"
    assert found.similarity == pytest.approx(0.95, abs=0.001)
    assert answer.results == first.results
    assert world.clip.texts == ["a"]


async def test_a_query_below_the_threshold_ranks_the_warm_pool(world: World):
    """Not near enough means the pool tier: one text encode, no fetch."""
    world.query.places = {"photo 1": at(1.0), "photo 2": at(0.89)}
    await world.ask("photo 1")

    answer = await world.ask("photo 2")

    assert answer.found.tier is Tier.POOL
    assert ids(answer)[0] == "fake:2"
    assert world.source.calls == ["horse"]
    assert world.clip.images == 10


async def test_the_nearest_that_may_be_served_is_served(world: World):
    """A neighbour a guard rejects makes room for the next one."""
    world.query.places = {
        "red": at(0.99),
        "plain": at(0.95),
        "blue": at(1.0),
        "shiny": at(1.0),
    }
    await world.ask("red")
    await world.ask("plain", min_similarity=1.0)

    refused = await world.ask("blue", min_similarity=0.96)
    served = await world.ask("shiny", min_similarity=0.94)

    assert refused.found.tier is Tier.POOL
    assert served.found.entry is not None
    assert served.found.entry.query == "plain"


async def test_an_inflected_tag_is_served_and_another_is_not(world: World):
    """`horses` may be answered from `horse`; `tiger` never is."""
    world.query.places = {"a": at(1.0), "b": at(0.99)}
    await world.ask("a", tag="horse")

    inflected = await world.ask("b", tag="horses")
    across = await world.ask("b", tag="tiger", min_similarity=-1)

    assert (inflected.found.tier, inflected.found.relation) == (Tier.SEMANTIC, "inflection")
    assert across.found.tier is Tier.ORIGIN


async def test_a_request_may_set_its_own_threshold(world: World):
    """`min_similarity` of a request replaces the service's, up and down."""
    world.query.places = {"a": at(1.0), "b": at(0.95), "c": at(0.5)}
    await world.ask("a")

    strict = await world.ask("b", min_similarity=0.96)
    lax = await world.ask("c", min_similarity=0.1)

    assert (strict.found.tier, lax.found.tier) == (Tier.POOL, Tier.SEMANTIC)


async def test_fresh_passes_over_what_is_remembered(world: World):
    """`fresh` ranks the warm pool for the query itself, replaces the entry, and never refetches."""
    await world.ask("photo 1")

    fresh = await world.ask("photo 1", fresh=True)
    after = await world.ask("photo 1")

    assert (fresh.found.tier, after.found.tier) == (Tier.POOL, Tier.EXACT)
    assert world.source.calls == ["horse"]
    assert len(world.cache) == 1


@pytest.mark.parametrize(("idle", "tier"), [(True, Tier.POOL), (False, Tier.SEMANTIC)])
async def test_prefer_exact_ranks_the_warm_pool_while_the_encoder_is_idle(
    tmp_path: Path, idle: bool, tier: Tier
):
    """With `exact` preferred, a semantic hit is for when the encoder has other work."""
    async with made(tmp_path, prefer="exact") as world:
        world.query.places = {"a": at(1.0), "b": at(0.99)}
        await world.ask("a")
        world.clip.idle = idle

        answer = await world.ask("b")

    assert answer.found.tier is tier


async def test_a_hit_never_becomes_an_entry(world: World):
    """Only a fresh ranking is remembered, or errors would feed on each other."""
    world.query.places = {"a": at(1.0), "b": at(0.95), "c": at(0.8)}
    await world.ask("a")
    for _ in range(3):
        await world.ask("b")

    answer = await world.ask("b")

    assert answer.found.tier is Tier.SEMANTIC
    assert len(world.cache) == 1


async def test_a_pool_is_fetched_again_after_exactly_24_hours(world: World):
    """Within 24 hours the source is not asked again, after them it is, and entries go along."""
    await world.ask("photo 1")
    world.clock.advance(seconds=24 * 3600 - 1)
    before = await world.ask("photo 1")
    world.clock.advance(seconds=1)

    after = await world.ask("photo 1")

    assert (before.found.tier, after.found.tier) == (Tier.EXACT, Tier.ORIGIN)
    assert world.source.calls == ["horse", "horse"]


async def test_a_pool_fetched_again_encodes_only_new_photos(world: World):
    """Nothing is ever encoded twice: photos known from yesterday keep their embeddings."""
    await world.ask("photo 1")
    world.clock.advance(hours=24)
    world.source.photos["horse"] = range(5, 12)

    answer = await world.ask("photo 11", k=20)

    assert world.clip.images == 12
    assert world.source.fetched[10:] == [10, 11]
    assert len(answer.results) == 7
    assert ids(answer)[0] == "fake:11"


async def test_many_searches_of_one_cold_tag_make_one_fetch(world: World):
    """However many ask at once, the API is called once and each photo encoded once."""
    answers = await asyncio.gather(*(world.ask(f"photo {n}") for n in range(50)))

    assert world.source.calls == ["horse"]
    assert world.clip.images == 10
    assert {answer.found.tier for answer in answers} == {Tier.ORIGIN}


async def test_an_empty_pool_is_an_empty_answer(world: World):
    """A tag without photos is answered with none, and asked of the source once."""
    first = await world.ask("anything", tag="unicorn")
    again = await world.ask("something else", tag="unicorn")

    assert (first.results, again.results) == ([], [])
    assert (first.found.tier, again.found.tier) == (Tier.ORIGIN, Tier.POOL)
    assert world.source.calls == ["unicorn"]


async def test_k_beyond_the_pool_returns_what_there_is(world: World):
    """More photos than there are is no error."""
    assert len((await world.ask("photo 1", k=200)).results) == 10


async def test_filters_are_hard_partitions(world: World):
    """What was remembered under other filters is never served, and pools are not shared."""
    world.query.places = {"a": at(1.0), "b": at(0.99)}
    await world.ask("a")

    answer = await world.ask("b", filters=Filters.of({"order": "latest"}))

    assert answer.found.tier is Tier.ORIGIN
    assert world.source.calls == ["horse", "horse"]


async def test_an_unknown_filter_is_refused_before_anything_is_done(world: World):
    """What the source cannot apply costs neither an encode nor a call."""
    with pytest.raises(UnknownFilter):
        await world.ask("a", filters=Filters.of({"colour": "red"}))

    assert (world.query.encoded, world.source.calls) == ([], [])


async def test_on_fresh_ranking_sees_every_fresh_ranking_and_no_hit(world: World):
    """Observers get the ranking and the neighbours the index had at the time."""
    world.query.places = {"photo 1": at(1.0), "photo 2": at(0.5), "photo 3": at(0.95)}
    await world.ask("photo 1")
    await world.ask("photo 1")
    await world.ask("photo 2")

    first, second = world.seen

    assert (first.query, list(first.neighbours)) == ("photo 1", [])
    assert (second.query, second.pool.key.tag) == ("photo 2", "horse")
    assert [near.entry.query for near in second.neighbours] == ["photo 1"]
    assert second.ranking.positions[0] == 2


async def test_without_its_store_a_search_goes_on(world: World):
    """A store that is away costs the memory, never the answer; it is counted."""
    await world.ask("photo 1")

    world.store.away = True
    warm = await world.ask("photo 2")
    cold = await world.ask("photo 21", tag="tiger")

    assert (warm.found.tier, warm.found.stored) == (Tier.POOL, False)
    assert (cold.found.tier, cold.found.stored) == (Tier.ORIGIN, False)
    assert ids(cold)[0] == "fake:21"
    assert world.counters.get("nearhit_unstored_answers") == 2


async def test_a_pool_is_offered_to_the_store_again_before_an_entry_speaks_of_it(world: World):
    """`stored: true` must mean that the answer survives; its pool is part of it."""
    world.store.read_only = True
    first = await world.ask("photo 1")
    world.store.read_only = False

    second = await world.ask("photo 2")
    world.pools._pools.clear()
    again = await world.ask("photo 2")

    assert (first.found.stored, second.found.stored) == (False, True)
    assert again.found.tier is Tier.EXACT


async def test_an_entry_without_its_ranking_is_a_miss(world: World, other: World):
    """Should the store have let a ranking go, who has it not in memory ranks the pool anew."""
    await world.ask("photo 1")
    await world.file._write(lambda db: db.execute("DELETE FROM blobs WHERE kind = 'ranking'"))
    await other.catch_up()

    answer = await other.ask("photo 1")

    assert answer.found.tier is Tier.POOL
    assert (await other.ask("photo 1")).found.tier is Tier.EXACT


async def test_an_entry_answers_from_its_own_pool_though_there_is_a_newer(
    world: World, other: World
):
    """A ranking speaks of one fetch; over another its positions would show other photos."""
    first = await world.ask("photo 1")
    world.source.photos["horse"] = range(10, 20)
    other.store.away = True
    await other.ask("photo 12")
    other.store.away = False
    await wait_for(lambda: other.memory.outbox.statistics().delivered == 1)
    await world.catch_up()

    again, newer = await world.ask("photo 1"), await world.ask("photo 11")

    assert again.found.tier is Tier.EXACT
    assert again.results == first.results
    assert all(int(photo.partition(":")[2]) >= 10 for photo in ids(newer))


async def test_equal_searches_at_the_same_time_are_one(world: World):
    """Twenty people who ask the same at once cost one of each encode, and make one entry."""
    answers = await asyncio.gather(*(world.ask("photo 3", k=n + 1) for n in range(20)))

    assert [len(answer.results) for answer in answers] == [min(n + 1, 10) for n in range(20)]
    assert (len(world.query.encoded), len(world.clip.texts)) == (1, 1)
    records = (await world.store.read(0, 100)).records
    assert [one.record.kind for one in records].count(RecordKind.ENTRY) == 1
    assert len(world.seen) == 1


async def test_neighbours_of_other_tags_do_not_crowd_out_the_one_that_may_be_served(world: World):
    """A query asked under many tags fills the nearest places; the same tag's is still found."""
    world.query.places = {"a": at(1.0), "b": at(0.97), "c": at(1.0)}
    await world.ask("b", tag="horse")
    for number in range(20):
        world.source.photos[f"tag{number}"] = [1]
        await world.ask("a", tag=f"tag{number}", fresh=True)

    answer = await world.ask("c", tag="horse")

    assert answer.found.tier is Tier.SEMANTIC
    assert answer.found.entry is not None
    assert answer.found.entry.query == "b"


async def test_nothing_is_looked_for_beyond_neighbours_that_are_too_far(world: World):
    """Where the sixteenth is below every threshold, one search of the index is enough."""
    for number in range(20):
        world.query.places[f"photo {number}"] = at(0.5)
        await world.ask(f"photo {number}", fresh=True)
    world.query.places["photo 30"] = at(1.0)
    before = world.index.statistics().searches

    answer = await world.ask("photo 30")

    assert answer.found.tier is Tier.POOL
    assert world.index.statistics().searches == before + 1


async def test_a_search_that_takes_too_long_ends_and_its_fetch_goes_on(tmp_path: Path):
    """The caller is told when to come back; by then the pool is there."""
    async with made(tmp_path, timeout_s=0.05) as world:
        world.source.open.clear()
        with pytest.raises(DeadlineExceeded) as caught:
            await world.ask("photo 1")
        world.source.open.set()
        world.search = world.searching(POLICY)

        answer = await world.ask("photo 1")

    assert caught.value.retry_after_s
    assert answer.results
    assert world.source.calls == ["horse"]


async def test_a_search_whose_only_caller_has_gone_is_not_computed(world: World):
    """Who leaves while the query waits for its encoder takes the query along."""
    world.query.open.clear()
    asking = asyncio.create_task(world.ask("photo 1"))
    await wait_for(lambda: world.query.waiting == 1)

    asking.cancel()
    await wait_for(lambda: world.query.waiting == 0)

    world.query.open.set()
    assert (world.query.encoded, world.source.calls, len(world.asking)) == ([], [], 0)


async def test_a_search_past_its_deadline_leaves_the_encoder(tmp_path: Path):
    """Its caller has been answered, so the query is not encoded for nobody."""
    async with made(tmp_path, timeout_s=0.02) as world:
        world.query.open.clear()

        with pytest.raises(DeadlineExceeded):
            await world.ask("photo 1")

        await wait_for(lambda: world.query.waiting == 0)
        assert world.query.encoded == []


async def test_a_search_that_others_have_joined_goes_on_without_the_first(world: World):
    """Equal searches are one, and it is not the first caller's to end."""
    world.query.open.clear()
    first, second = (asyncio.create_task(world.ask("photo 1")) for _ in range(2))
    await wait_for(lambda: world.query.waiting == 1)

    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    world.query.open.set()

    assert ids(await second)[0] == "fake:1"
    assert world.query.encoded == ["photo 1"]


async def test_a_fetch_is_finished_though_its_only_caller_has_gone(world: World):
    """Photos under way are not thrown away: the next search of the tag finds their pool."""
    world.source.open.clear()
    asking = asyncio.create_task(world.ask("photo 1"))
    await world.source.asked.wait()

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    world.source.open.set()
    await wait_for(lambda: len(world.pools) == 1)

    assert (await world.ask("photo 2")).found.tier is Tier.POOL
    assert world.source.calls == ["horse"]


async def test_one_tag_too_many_is_refused_at_once(world: World):
    """Fetches are bounded: what would be one too many is told to come back."""
    world.source.open.clear()
    waiting = [asyncio.create_task(world.ask("a", tag=f"tag{n}")) for n in range(4)]
    while len(world.fetching) < 4:
        await asyncio.sleep(0)

    with pytest.raises(FlightsFull):
        await world.ask("a", tag="another")

    world.source.open.set()
    await asyncio.gather(*waiting)


async def test_what_the_source_says_reaches_the_caller_and_is_soon_forgotten(world: World):
    """A source that is down is an error now and asked again soon."""
    world.source.error = SourceUnavailable("It is down.", retry_after_s=7)
    with pytest.raises(SourceUnavailable):
        await world.ask("photo 1")
    world.source.error = None
    world.clock.advance(seconds=2)

    answer = await world.ask("photo 1")

    assert answer.found.tier is Tier.ORIGIN


async def test_what_one_replica_learnt_another_answers_without_a_model(world: World, other: World):
    """A hit needs nothing but the store: no fetch, no encode, whoever ranked it."""
    first = await world.ask("photo 7")
    await other.catch_up()

    answer = await other.ask("photo 7")

    assert answer.found.tier is Tier.EXACT
    assert answer.results == first.results
    assert (other.clip.texts, other.clip.images, world.source.calls) == ([], 0, ["horse"])


async def test_a_pool_of_another_replica_is_warm_here(world: World, other: World):
    """Photos are fetched and encoded once for the deployment."""
    await world.ask("photo 7")
    await other.catch_up()

    answer = await other.ask("photo 3")

    assert answer.found.tier is Tier.POOL
    assert ids(answer)[0] == "fake:3"
    assert (other.clip.images, world.source.calls) == (0, ["horse"])


async def test_an_answer_the_store_refused_is_shared_when_it_is_back(world: World, other: World):
    """`stored: false` is how it was when the answer went out, not for ever."""
    world.store.away = True
    answer = await world.ask("photo 7")
    world.store.away = False

    await wait_for(lambda: world.memory.outbox.statistics().delivered == 1)

    await other.catch_up()
    assert not answer.found.stored
    assert (await other.ask("photo 7")).found.tier is Tier.EXACT


async def test_a_ranking_in_flight_when_its_query_is_deleted_leaves_nothing(
    world: World, other: World
):
    """Who asked before the deletion gets an answer; nobody after it gets the same one."""
    await world.ask("photo 1")
    world.clip.open.clear()
    world.clip.asked.clear()
    asking = asyncio.create_task(world.ask("photo 2"))
    await world.clip.asked.wait()
    await other.memory.delete(Deletion(query="photo 2"))
    await world.catch_up()
    world.clip.open.set()

    answer = await asking

    await other.catch_up()
    assert (answer.found.stored, ids(answer)[0]) == (False, "fake:2")
    assert len(world.cache) == len(other.cache) == 1
    assert (await other.ask("photo 2")).found.tier is Tier.POOL


async def test_a_search_does_not_join_one_begun_before_a_deletion(world: World):
    """Whoever deletes and asks again gets an answer of its own."""
    await world.ask("photo 1")
    world.clip.open.clear()
    world.clip.asked.clear()
    before = asyncio.create_task(world.ask("photo 2"))
    await world.clip.asked.wait()
    await world.memory.delete(Deletion(query="photo 2"))
    after = asyncio.create_task(world.ask("photo 2"))
    await wait_for(lambda: len(world.asking) == 2)

    world.clip.open.set()

    answers = await asyncio.gather(before, after)
    assert [answer.found.stored for answer in answers] == [False, True]
    assert (await world.ask("photo 2")).found.tier is Tier.EXACT


async def test_a_search_joins_one_begun_before_another_deletion(world: World):
    """Deleting one thing costs no encode of another."""
    await world.ask("photo 1")
    world.clip.open.clear()
    world.clip.asked.clear()
    before = asyncio.create_task(world.ask("photo 2"))
    await world.clip.asked.wait()
    await world.memory.delete(Deletion(tag="tiger"))
    after = asyncio.create_task(world.ask("photo 2"))
    await asyncio.sleep(0.02)

    world.clip.open.set()

    await asyncio.gather(before, after)
    assert world.clip.texts.count("photo 2") == 1


async def test_after_a_tag_is_deleted_its_photos_are_fetched_again(world: World, other: World):
    """On every replica: the pool goes along with what was remembered of it."""
    await world.ask("photo 1")
    await other.catch_up()
    await other.ask("photo 1")
    await world.memory.delete(Deletion(tag="horse"))
    await other.catch_up()

    answer = await other.ask("photo 1")

    assert answer.found.tier is Tier.ORIGIN
    assert world.source.calls == ["horse", "horse"]


async def test_a_corrupt_ranking_is_made_again(world: World, other: World):
    """What the disk has spoilt is a miss, never a wrong answer, and is replaced."""
    first = await world.ask("photo 1")
    spoil = "UPDATE blobs SET body = zeroblob(40) WHERE kind = 'ranking'"
    await world.file._write(lambda db: db.execute(spoil))
    await other.catch_up()

    again = await other.ask("photo 1")

    assert (again.found.tier, again.results) == (Tier.POOL, first.results)
    assert (await other.ask("photo 1")).found.tier is Tier.EXACT


async def test_ages_count_from_what_was_remembered(world: World):
    """An exact hit is as old as its entry, a ranked pool as old as its fetch."""
    world.query.places = {"photo 1": at(1.0), "photo 2": at(0.1)}
    await world.ask("photo 1")
    world.clock.advance(seconds=60)
    pool = await world.ask("photo 2")
    world.clock.advance(seconds=60)
    exact = await world.ask("photo 1")

    assert (pool.found.age_s, exact.found.age_s) == (60, 120)


async def test_savings_are_counted_against_what_would_have_come_next(world: World):
    """An API call is avoided only where the asked tag had no warm pool."""
    world.query.places = {"a": at(1.0), "b": at(0.95), "c": at(0.96)}
    await world.ask("a")
    await world.ask("b")
    same = world.counters.get("nearhit_encoder_seconds_avoided")
    calls = world.counters.get("nearhit_api_calls_avoided")
    await world.ask("c", tag="horses")
    inflected = world.counters.get("nearhit_encoder_seconds_avoided") - same

    assert (same, calls) == (10.0, 0)
    assert inflected == 110.0
    assert world.counters.get("nearhit_api_calls_avoided") == 1


async def test_each_answer_is_counted_and_timed_by_tier(world: World):
    """Counts and latencies tell the tiers apart."""
    for _ in range(3):
        await world.ask("photo 1")

    assert world.counters.labels("nearhit_searches") == {"origin": 1, "exact": 2}
    assert world.latencies.percentiles_ms().keys() == {"origin", "exact"}
