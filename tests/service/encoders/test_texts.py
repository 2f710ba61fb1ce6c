"""Vectors of queries in the photos' space."""

import asyncio

import pytest

from cache.sharing.flight import SingleFlight
from service.encoders.texts import TextVectors
from service.errors import EncoderFailed
from tests.service.doubles import FakeClip

pytestmark = pytest.mark.anyio


@pytest.fixture
def clip():
    """A model that counts the texts it encodes."""
    return FakeClip()


@pytest.fixture
async def texts(clip):
    """Vectors by that model."""
    async with SingleFlight(running=10, waiting=0, finish=False) as flight:
        yield TextVectors(clip, flight)


async def test_a_query_is_encoded_once(texts, clip):
    """At the same time or one after the other, equal queries are one."""
    first, second = await asyncio.gather(texts.of("photo 1"), texts.of("photo 1"))
    third = await texts.of("photo 1")

    assert clip.texts == ["photo 1"]
    assert first is second is third


async def test_a_vector_is_at_hand_once_it_was_encoded(texts):
    """Who only looks starts nothing."""
    before = texts.known("photo 1")
    vector = await texts.of("photo 1")

    assert before is None
    assert texts.known("photo 1") is vector


async def test_only_the_newest_are_kept(texts, clip):
    """What is remembered of queries is bounded."""
    for number in range(300):
        await texts.of(f"photo {number}")

    assert texts.known("photo 0") is None
    assert texts.known("photo 299") is not None


async def test_a_failure_is_not_kept(clip):
    """A query that could not be encoded is tried again."""
    failing = [EncoderFailed("It chokes.")]

    class Choking(FakeClip):
        async def encode_texts(self, texts):
            if failing:
                raise failing.pop()
            return await super().encode_texts(texts)

    async with SingleFlight(running=10, waiting=0, finish=False) as flight:
        texts = TextVectors(Choking(), flight)
        with pytest.raises(EncoderFailed):
            await texts.of("photo 1")

        assert (await texts.of("photo 1")).shape == (8,)
