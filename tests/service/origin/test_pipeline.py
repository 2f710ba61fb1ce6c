"""Cold tags: what is fetched, what is left out, how long it is good for."""

import asyncio

import pytest

from service.errors import SourceUnavailable
from service.tiers import Tier
from tests.service.world import World, ids

pytestmark = pytest.mark.anyio


async def test_a_broken_photo_is_left_out(world: World):
    """One photo that cannot be decoded never fails a search; the rest is ranked."""
    world.source.rejected = {7}

    answer = await world.ask("photo 7", k=20)

    assert len(answer.results) == 9
    assert "fake:7" not in ids(answer)
    assert world.counters.labels("nearhit_photos") == {"encoded": 9, "rejected": 1}


async def test_if_no_photo_can_be_used_that_is_an_error_with_its_reason(world: World):
    """A setting or host that breaks all photos must not look like a tag without any, nor last."""
    world.source.rejected = set(range(10))
    with pytest.raises(SourceUnavailable, match=r"None of this tag's 10 photos .* It is broken"):
        await world.ask("photo 7")
    world.source.rejected = set()
    world.clock.advance(seconds=60)

    answer = await world.ask("photo 7")

    assert len(answer.results) == 3
    assert world.source.calls == ["horse"]


async def test_mostly_broken_photos_make_a_pool_for_a_minute(world: World):
    """More than half broken is a broken host rather than bad luck."""
    world.source.rejected = set(range(6))

    answer = await world.ask("photo 7")

    assert answer.found.pool.expires_at == world.clock.now() + 60


async def test_photos_that_do_not_come_are_asked_for_again_in_a_minute(world: World):
    """A pool with gaps lives a minute; then its photos are tried again, but not the API."""
    world.source.unavailable = {1, 2, 3}
    first = await world.ask("photo 1", k=20)
    world.source.unavailable = set()
    within = await world.ask("photo 1", k=20)
    world.clock.advance(seconds=60)

    later = await world.ask("photo 1", k=20)

    assert (len(first.results), len(within.results), len(later.results)) == (7, 7, 10)
    assert (within.found.tier, later.found.tier) == (Tier.EXACT, Tier.ORIGIN)
    assert world.source.calls == ["horse"]
    assert world.clip.images == 10


async def test_a_completed_pool_ends_24_hours_after_the_api_answered(world: World):
    """The second try at the photos does not prolong the answer they belong to."""
    answered_at = world.clock.now()
    world.source.unavailable = {1, 2, 3}
    await world.ask("photo 1")
    world.source.unavailable = set()
    world.clock.advance(seconds=60)

    later = await world.ask("photo 1")

    assert later.found.pool.expires_at == answered_at + 24 * 3600


async def test_a_few_photos_missing_do_not_shorten_a_pool(world: World):
    """Up to a tenth of the photos may be missing."""
    world.source.unavailable = {1}

    answer = await world.ask("photo 1")

    assert answer.found.pool.expires_at == world.clock.now() + 24 * 3600


async def test_if_no_photo_comes_the_source_is_unavailable(world: World):
    """Nothing to rank for now is an error that says when to come back, and nothing is kept."""
    world.source.unavailable = set(range(10))
    with pytest.raises(SourceUnavailable) as caught:
        await world.ask("photo 1")
    world.source.unavailable = set()
    world.clock.advance(seconds=60)

    answer = await world.ask("photo 1")

    assert caught.value.retry_after_s == 60
    assert len(answer.results) == 3
    assert world.source.calls == ["horse"]


async def test_a_photo_the_model_fails_on_is_left_out(world: World):
    """One photo a model chokes on does not cost the others."""
    world.clip.chokes_on = {7}

    answer = await world.ask("photo 7", k=20)

    assert len(answer.results) == 9
    assert world.clip.images == 9


async def test_a_model_that_fails_is_an_error_now_and_tried_again(world: World):
    """With no photo encoded there is nothing to rank; the API's answer is kept for the next."""
    world.clip.chokes_on = set(range(10))
    with pytest.raises(SourceUnavailable):
        await world.ask("photo 1")
    world.clip.chokes_on = set()
    world.clock.advance(seconds=60)

    answer = await world.ask("photo 1")

    assert answer.found.tier is Tier.ORIGIN
    assert world.source.calls == ["horse"]


async def test_a_photo_of_two_tags_is_encoded_once_even_at_the_same_time(world: World):
    """Two tags that share photos and are fetched at once share the work."""
    world.source.photos["pony"] = range(10)

    await asyncio.gather(world.ask("photo 1"), world.ask("photo 1", tag="pony"))

    assert world.clip.images == 10
    assert len(world.source.fetched) == 10


async def test_what_was_encoded_is_kept_when_others_are_missing(world: World):
    """A fetch that finds only some photos has not encoded those in vain."""
    world.source.unavailable = set(range(5))
    await world.ask("photo 7")
    world.source.unavailable = set()
    world.clock.advance(seconds=61)

    await world.ask("photo 7")

    assert world.clip.images == 10


async def test_a_pool_is_read_only(world: World):
    """Pools are immutable; an answer must not depend on who ranked before."""
    pool = (await world.ask("photo 1")).found.pool

    with pytest.raises(ValueError, match="read-only"):
        pool.embeddings[0, 0] = 1
