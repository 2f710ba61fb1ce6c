"""A search as it goes on: what is told while a cold tag is fetched, and what at the end."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from cache.pools.filters import Filters
from service.answers import SearchAnswer
from service.errors import SourceUnavailable, UnknownFilter
from service.origin.progress import Fetching, Progress
from service.requests import SearchRequest
from service.streaming import Partial, _Best
from service.tiers import Tier
from tests.service.doubles import DIMENSION
from tests.service.doubles import _candidate as candidate
from tests.service.world import World, ids, made

pytestmark = pytest.mark.anyio

PATIENCE_S = 10


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A search over sixty horses, whose pool takes them all."""
    async with made(tmp_path, pool_size=60) as world:
        world.source.photos["horse"] = range(60)
        yield world


def request(query: str, k: int = 3, **rest: object) -> SearchRequest:
    return SearchRequest.checked("horse", query, k, **rest)


async def everything(world: World, query: str, k: int = 3) -> list:
    """Return all events of a search."""
    async with asyncio.timeout(PATIENCE_S):
        return [event async for event in world.streaming.run(request(query, k))]


def of_kind(events: Sequence, kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


async def test_a_cold_search_ends_with_its_answer(world: World):
    """The last event is what `/search` would have answered, and it is remembered."""
    events = await everything(world, "photo 7")

    assert isinstance(events[-1], SearchAnswer)
    assert (events[-1].found.tier, ids(events[-1])[0]) == (Tier.ORIGIN, "fake:7")
    assert len(of_kind(events, SearchAnswer)) == 1
    assert (await world.ask("photo 7")).found.tier is Tier.EXACT


@pytest.mark.parametrize("query", ["photo 7", "photo 8"])
async def test_a_warm_search_has_nothing_to_tell_but_its_answer(world: World, query: str):
    """From memory or from a warm pool there is the answer alone."""
    await world.ask("photo 7")

    events = await everything(world, query)

    assert [type(event) for event in events] == [SearchAnswer]


async def test_progress_never_falls_and_ends_complete(world: World):
    """Photos fetched and encoded only grow, and neither is more than there are."""
    hold = Held(world)
    async with aclosing(world.streaming.run(request("photo 7"))) as events:
        told = [await anext(events)]
        for encoded in (20, 40):
            hold.let(20)
            told += await told_until(events, encoded)
        hold.let(20)
        rest = [event async for event in events]

    progress = of_kind(told + rest, Progress)
    counts = [(p.fetched, p.encoded) for p in progress]
    assert counts == sorted(counts)
    assert all(p.encoded <= p.fetched <= (p.photos or 0) for p in progress[1:])
    assert [p.encoded for p in progress if p.encoded in {20, 40}] == [20, 40]


async def test_the_best_so_far_is_told_from_24_photos_on(world: World):
    """Before, the best of a handful would only flicker."""
    hold = Held(world)
    async with aclosing(world.streaming.run(request("photo 1"))) as events:
        hold.let(23)
        before = await told_until(events, 23)
        hold.let(1)
        after = await told_until(events, 24)
        after.append(await anext(events))
        hold.let(100)
        rest = [event async for event in events]

    assert of_kind(before, Partial) == []
    (partial,) = of_kind(after, Partial)
    assert partial.encoded == 24
    assert isinstance(rest[-1], SearchAnswer)


async def test_partial_scores_are_those_of_the_answer(world: World):
    """A photo's score does not change when the others arrive, beyond its third decimal."""
    hold = Held(world)
    async with aclosing(world.streaming.run(request("photo 1", k=200))) as events:
        hold.let(30)
        (*_, _) = await told_until(events, 30)
        partial = await anext(events)
        hold.let(100)
        *_, answer = [event async for event in events]

    final = {scored.candidate.id: scored.score for scored in answer.results}
    assert len(partial.results) == 30
    for scored in partial.results:
        assert scored.score == pytest.approx(final[scored.candidate.id], abs=0.002)
    scores = [scored.score for scored in partial.results]
    assert scores == sorted(scores, reverse=True)


async def test_a_partial_is_told_only_where_the_best_have_changed(world: World):
    """While the same photos stay the best, progress alone is told."""
    hold = Held(world)
    # The photo the query names is among the first to come, and k is 1.
    async with aclosing(world.streaming.run(request("photo 1", k=1))) as events:
        hold.let(30)
        told = await told_until(events, 30)
        told.append(await anext(events))
        hold.let(100)
        rest = [event async for event in events]

    assert [ids_of(partial) for partial in of_kind(told + rest, Partial)] == [["fake:1"]]


async def test_photos_that_cannot_be_had_are_told(world: World):
    """Broken photos are counted apart from those that have come."""
    world.source.rejected = {0, 1}
    world.source.unavailable = {2}

    events = await everything(world, "photo 7")

    assert of_kind(events, Progress)[-1] == Progress(photos=60, fetched=57, encoded=57, failed=3)


async def test_a_fetch_that_is_over_is_told_of_no_more(world: World):
    """Why a photo could not be had does not hold the fetch it was missing from."""
    world.source.rejected, world.source.unavailable = {0, 1}, {2}
    gc.disable()
    try:
        await everything(world, "photo 7")
        events = await everything(world, "photo 8")
    finally:
        gc.enable()

    assert [type(event) for event in events] == [SearchAnswer]


async def test_a_leaving_client_leaves_the_fetch_to_be_finished(world: World):
    """Who goes while photos arrive has started what is then there for others."""
    hold = Held(world)
    events = world.streaming.run(request("photo 7"))
    async with aclosing(events):
        hold.let(5)
        await told_until(events, 5)
    left = len(world.asking), fetching_of(world).is_watched
    hold.let(100)
    async with asyncio.timeout(PATIENCE_S):
        while len(world.fetching):
            await asyncio.sleep(0.005)

    answer = await world.ask("photo 8")

    assert left == (0, False)
    assert answer.found.tier is Tier.POOL
    assert world.clip.images == 60
    assert world.source.calls == ["horse"]


async def test_nothing_is_left_behind(world: World):
    """After a stream has ended nobody holds its fetch any more."""
    await everything(world, "photo 7")

    assert len(world.progresses) == 0


async def test_two_watch_one_fetch_with_their_own_queries(world: World):
    """One fetch serves both; each is shown what is best for its own query."""
    hold = Held(world)
    one = asyncio.create_task(everything(world, "photo 1", k=1))
    two = asyncio.create_task(everything(world, "photo 2", k=1))
    hold.let(30)
    fetching = fetching_of(world)
    async with asyncio.timeout(PATIENCE_S):
        while fetching.progress.encoded < 30:
            await fetching.changed()
        await asyncio.sleep(0.3)  # longer than between two looks
    hold.let(100)
    first, second = await asyncio.gather(one, two)

    best = [[ids_of(partial) for partial in of_kind(told, Partial)] for told in (first, second)]
    assert best == [[["fake:1"]], [["fake:2"]]]
    assert (ids(first[-1]), ids(second[-1])) == (["fake:1"], ["fake:2"])
    assert world.clip.images == 60


async def test_who_comes_late_is_told_how_far_it_is(world: World):
    """A stream that joins a fetch under way begins with its present state."""
    hold = Held(world)
    early = asyncio.create_task(world.ask("photo 1"))
    hold.let(10)
    async with asyncio.timeout(PATIENCE_S):
        fetching = world.progresses.of(world.search.pool_key(request("photo 1")))
        while fetching.progress.encoded < 10:
            await fetching.changed()

    async with aclosing(world.streaming.run(request("photo 2"))) as events:
        first = await anext(events)
        hold.let(100)
    await early

    assert (first.photos, first.encoded) == (60, 10)


async def test_another_replicas_fetch_is_watched_by_its_numbers(world: World, tmp_path: Path):
    """Who waits for another replica's photos is told how far it is, and gets the same answer."""
    async with made(tmp_path, beside=world, pool_size=60) as other:
        hold = Held(world)
        leading = asyncio.create_task(world.ask("photo 7"))
        await world.clip.asked_for_photos.wait()
        async with aclosing(other.streaming.run(request("photo 7"))) as events:
            hold.let(30)
            told = await told_until(events, 30)
            hold.let(100)
            *_, answer = [event async for event in events]
        await leading

    assert told[-1].photos == 60
    assert of_kind(told, Partial) == []
    assert ids(answer)[0] == "fake:7"
    assert world.source.calls == ["horse"]
    assert other.clip.images == 0


async def test_a_failure_ends_the_events(world: World):
    """What `/search` would fail with is raised after whatever was told."""
    world.source.error = SourceUnavailable("It is down.", retry_after_s=7)

    with pytest.raises(SourceUnavailable, match="It is down"):
        await everything(world, "photo 7")


async def test_a_filter_the_source_does_not_have_is_refused_at_once(world: World):
    """Such a search never begins."""
    asked = request("photo 7", filters=Filters.of({"mood": "gloomy"}))

    with pytest.raises(UnknownFilter):
        world.streaming.run(asked)

    assert world.source.calls == []


class Held:
    """Holds a world's photos back, and lets them be encoded one by one."""

    def __init__(self, world: World) -> None:
        self._places = world.clip.places = asyncio.Semaphore(0)

    def let(self, photos: int) -> None:
        """Let so many more photos through."""
        for _ in range(photos):
            self._places.release()


async def told_until(events: AsyncIterator, encoded: int) -> list:
    """Return what is told up to the progress that shows so many photos encoded."""
    told = []
    async with asyncio.timeout(PATIENCE_S):
        while not (isinstance(told[-1:] and told[-1], Progress) and told[-1].encoded >= encoded):
            told.append(await anext(events))
    return told


def fetching_of(world: World) -> Fetching:
    return world.progresses.of(world.search.pool_key(request("photo 1")))


def ids_of(partial: Partial) -> list[str]:
    return [scored.candidate.id for scored in partial.results]


def encoded(fetching: Fetching, numbers: Sequence[int]) -> None:
    for number in numbers:
        vector = np.zeros(DIMENSION, np.float16)
        vector[number % DIMENSION] = 1
        fetching.photo_encoded(candidate(number), vector)


def test_the_best_of_a_fetch_that_begins_anew_are_its_own():
    """What was encoded before is not among them, though as many have come again."""
    fetching = Fetching()
    best = _Best(fetching, 1.0, 60)
    for numbers in (range(24), range(30, 54)):
        fetching.begin(24)
        encoded(fetching, numbers)
        partial = best.changed(np.ones(DIMENSION, np.float32))

    assert {one.candidate.id for one in partial.results} == {f"fake:{n}" for n in range(30, 54)}
    assert partial.encoded == 24


def test_a_photo_that_came_and_cannot_be_had_after_all_has_not_come():
    """It counts once, as failed."""
    fetching = Fetching()
    fetching.begin(1)
    fetching.photo_fetched(candidate(1))
    fetching.photo_failed(candidate(1))

    assert fetching.progress == Progress(photos=1, fetched=0, encoded=0, failed=1)


async def test_photos_are_told_when_they_have_come_before_they_are_encoded(world: World):
    """The bar moves while the encoder is busy, and who goes then leaves no search behind."""
    gate, encode = asyncio.Event(), world.clip.encode_images

    async def later(images: Sequence) -> object:
        await gate.wait()
        return await encode(images)

    world.origin._vectors._encode = later
    async with asyncio.timeout(PATIENCE_S):
        events = world.streaming.run(request("photo 7"))
        while not (told := await anext(events)).fetched:
            pass
        assert told.encoded == 0
        left_at = time.monotonic()
        await events.aclose()
        assert time.monotonic() - left_at < 1
        assert len(world.asking) == 0
        gate.set()
