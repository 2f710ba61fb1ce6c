"""Encoding a query and finding its neighbours: one step for a whole batch."""

import asyncio

import numpy as np
import pytest

from index import FlatIndex
from service.encoders.query import SentenceEncoder
from service.errors import EncoderFailed

pytestmark = pytest.mark.anyio

DIMENSION = 4
HORSE, BOAT, CAR, NOTHING = np.eye(DIMENSION, dtype=np.float32)
PLACES = {"horse": HORSE, "boat": BOAT, "car": CAR, "nothing": np.zeros(DIMENSION, np.float32)}


class Model:
    """Places texts as told, and keeps what it was asked."""

    fingerprint = "f" * 16
    dimension = DIMENSION

    def __init__(self):
        self.batches = []

    def encode(self, texts):
        """Return a row a text."""
        self.batches.append(list(texts))
        return np.stack([PLACES[text] for text in texts])


class CountingIndex(FlatIndex):
    """An index that keeps how many vectors each search had."""

    def __init__(self):
        super().__init__(DIMENSION)
        self.searches = []

    def search(self, scope, vectors, k=16):
        """Search."""
        self.searches.append((scope, len(vectors)))
        return super().search(scope, vectors, k)


@pytest.fixture
def index():
    """Two scopes, which hold the same vectors under other keys."""
    index = CountingIndex()
    index.add("one", [1, 2], np.stack([HORSE, BOAT]))
    index.add("two", [3, 4], np.stack([BOAT, CAR]))
    return index


@pytest.fixture
async def encoder(index):
    """An encoder over that index."""
    async with SentenceEncoder(Model(), index, batch=8, queue=8) as encoder:
        yield encoder


async def test_a_query_gets_its_vector_and_neighbours(encoder):
    """One call gives both, the nearest first."""
    placed = await encoder.place("one", "boat")

    assert placed.embedding.tolist() == BOAT.tolist()
    assert [neighbour.key for neighbour in placed.neighbours] == [2, 1]
    assert placed.neighbours[0].similarity == pytest.approx(1)


async def test_queries_that_come_together_are_encoded_and_searched_together(encoder, index):
    """A batch is encoded at once, and each scope is searched once for all that ask it."""
    first = asyncio.create_task(encoder.place("one", "car"))
    asked = [("one", "horse"), ("two", "horse"), ("one", "boat"), ("two", "car")]
    placed = await asyncio.gather(*(encoder.place(*one) for one in asked))
    await first

    assert encoder._model.batches == [["car"], ["horse", "horse", "boat", "car"]]
    assert index.searches == [("one", 1), ("one", 2), ("two", 2)]
    assert [one.neighbours[0].key for one in placed] == [1, 3, 2, 4]


async def test_a_query_sees_no_other_scope(encoder):
    """Neighbours are those of the query's own scope, whoever shares its batch."""
    one, two, new = await asyncio.gather(
        encoder.place("one", "horse"), encoder.place("two", "horse"), encoder.place("new", "horse")
    )

    keys = [{neighbour.key for neighbour in placed.neighbours} for placed in (one, two, new)]
    assert keys == [{1, 2}, {3, 4}, set()]


async def test_a_query_without_direction_fails_alone(encoder):
    """What the index cannot take costs its own caller the answer, and nobody else."""
    first = asyncio.create_task(encoder.place("one", "car"))
    bad, good = await asyncio.gather(
        encoder.place("one", "nothing"), encoder.place("one", "horse"), return_exceptions=True
    )
    await first

    assert isinstance(bad, EncoderFailed)
    assert good.neighbours[0].key == 1


async def test_placed_queries_are_counted_apart_from_texts(encoder):
    """What placing costs can be told from what encoding alone does."""
    await encoder.place("one", "horse")
    await encoder.encode(["horse", "boat"])

    kinds = encoder.statistics().kinds
    assert (kinds["queries"].items, kinds["texts"].items) == (1, 2)
