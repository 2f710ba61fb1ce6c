"""Warming: what becomes of rows, and whom it leaves alone."""

import asyncio

import pytest

from service.errors import AlreadyWarming, DeadlineExceeded, QuotaExhausted
from service.warming import Outcome, Row, Warmed, Warming
from tests.service.world import World

pytestmark = pytest.mark.anyio

HORSE = Row("horse", "photo 7")


def warming(world: World) -> Warming:
    """Return a warming of a world's searches."""
    return Warming(world.search, world.source.spare_in_s, world.clock)


def outcomes(warmed: list[Warmed]) -> list[Outcome]:
    """Return what became of each row."""
    return [one.outcome for one in warmed]


async def test_a_row_is_ranked_as_a_search_would_be(world: World):
    """Whoever asks then gets what a fresh ranking gives, without a model."""
    assert outcomes(await warming(world).run([HORSE])) == [Outcome.STORED]
    asked = len(world.clip.texts)

    answer = await world.ask("photo 7")

    assert answer.found.tier == "exact"
    assert answer.results[0].candidate.id == "fake:7"
    assert len(world.clip.texts) == asked


async def test_a_row_is_a_fresh_ranking_to_observers(world: World):
    """Its neighbours' losses are known for nothing, as with every fresh ranking."""
    await warming(world).run([HORSE, HORSE])

    assert [(seen.tag, seen.query) for seen in world.seen] == [("horse", "photo 7")]


async def test_cold_rows_wait_until_there_are_calls_to_spare(world: World):
    """The source is not asked; rows of warm tags are ranked."""
    await world.ask("photo 21", tag="tiger")
    world.source.spare_s = 12.5

    warmed = await warming(world).run([HORSE, Row("tiger", "photo 22")])

    assert outcomes(warmed) == [Outcome.WAITING, Outcome.STORED]
    assert isinstance(warmed[0].reason, QuotaExhausted)
    assert warmed[0].reason.retry_after_s == 12.5
    assert world.source.calls == ["tiger"]


async def test_who_joins_a_warmed_fetch_is_not_held_back(world: World):
    """What warming leaves to people is never refused to one who asks for the same tag."""
    world.source.open.clear()
    batch = asyncio.create_task(warming(world).run([HORSE]))
    await world.source.asked.wait()
    world.source.spare_s = 60.0

    person = asyncio.create_task(world.ask("photo 3"))
    await asyncio.sleep(0)
    world.source.open.set()

    assert (await person).found.tier == "origin"
    assert outcomes(await batch) == [Outcome.STORED]
    assert world.source.calls == ["horse"]


async def test_what_the_store_did_not_take_has_failed(world: World):
    """It is ranked, and not yet remembered: the row is worth another attempt."""
    await world.ask("photo 1")
    await world.store.aclose()

    (warmed,) = await warming(world).run([HORSE])

    assert warmed.outcome is Outcome.FAILED
    assert "the store has not taken it" in str(warmed.reason)


async def test_a_batch_that_takes_long_hands_back_the_rest(world: World):
    """Rows not begun within half a minute wait; the one under way is finished."""
    world.source.open.clear()
    batch = asyncio.create_task(warming(world).run([HORSE, Row("tiger", "photo 21")]))
    await world.source.asked.wait()
    world.clock.advance(seconds=30)
    world.source.open.set()

    warmed = await batch

    assert outcomes(warmed) == [Outcome.STORED, Outcome.WAITING]
    assert isinstance(warmed[1].reason, DeadlineExceeded)
    assert warmed[1].reason.retry_after_s is not None


async def test_a_batch_that_was_given_up_makes_room(world: World):
    """A cancelled batch does not close the door behind it."""
    one = warming(world)
    world.source.open.clear()
    batch = asyncio.create_task(one.run([HORSE]))
    await world.source.asked.wait()
    with pytest.raises(AlreadyWarming):
        await one.run([HORSE])
    batch.cancel()
    await asyncio.gather(batch, return_exceptions=True)
    world.source.open.set()

    assert outcomes(await one.run([HORSE])) == [Outcome.STORED]
