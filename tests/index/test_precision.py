"""What half precision does to similarities, and what it saves."""

import os
import subprocess
import sys

import numpy as np
import pytest

from index import FlatIndex, VectorIndex
from index.faiss import FaissIndex

BOUND = 0.0005
ROUNDING_OF_QUERIES = 1e-6
GROWTH = """
import gc, numpy, psutil
from index.faiss import FaissIndex

def fill(index, count):
    for first in range(0, count, 512):
        index.add("a", range(first, first + 512), vectors)

def resident():
    gc.collect()
    return psutil.Process().memory_info().rss

vectors = numpy.random.default_rng(0).normal(size=(512, 384)).astype("float32")
fill(FaissIndex(384), 512)
before, index = resident(), FaissIndex(384)
fill(index, 100 * 512)
print((resident() - before) / (100 * 512))
"""


@pytest.fixture(params=[FlatIndex, FaissIndex])
def make(request):
    """Make an empty index of some dimension."""
    return request.param


def random_units(count: int, dimension: int = 384) -> np.ndarray:
    """Unit rows, float64, the same in every run."""
    rows = np.random.default_rng(count).normal(size=(count, dimension))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def at_midpoints() -> np.ndarray:
    """
    A unit vector that half precision turns as far as it can, float64, shape (1024,).

    All elements but the last lie between a power of two, where float16 are
    farthest apart, and the next float16: alternately just below and just above the middle.
    """
    sides = np.resize([-1e-7, 1e-7], 1023)
    elements = 2.0**-5 * (1 + 2.0**-11 + sides)
    return np.append(elements, np.sqrt(1 - np.square(elements).sum()))


def similarities(index: VectorIndex, queries: np.ndarray) -> np.ndarray:
    """Similarities to every query in order of keys, float64, shape (queries, entries)."""
    answers = index.search("a", queries, 10**6)
    return np.array([[n.similarity for n in sorted(a, key=lambda n: n.key)] for a in answers])


@pytest.mark.parametrize("dimension", [1, 2, 8, 384, 1000])
def test_half_precision_hardly_changes_a_similarity(make, dimension):
    """Similarities are those of the unrounded vectors, within the bound."""
    index, vectors = make(dimension), random_units(200, dimension)
    queries = random_units(50, dimension)
    index.add("a", range(200), vectors)

    error = similarities(index, queries) - queries @ vectors.T

    assert np.abs(error).max() < BOUND


def test_half_precision_keeps_its_bound_at_its_worst(make):
    """The bound holds where every element is rounded by the most, along the query."""
    vector = at_midpoints()
    turned = vector.astype(np.float16).astype(np.float64) - vector
    query = turned / np.linalg.norm(turned)
    index = make(1024)
    index.add("a", [1], vector[None])

    ((similarity,),) = similarities(index, query[None])

    assert 0.9 * BOUND < abs(similarity - query @ vector) < BOUND


def test_an_equal_vector_has_similarity_one(make):
    """Turned and lengthened by the most, a vector is still as near to itself as can be."""
    index = make(1024)
    index.add("a", [1], at_midpoints()[None])

    ((similarity,),) = similarities(index, at_midpoints()[None])

    assert similarity == pytest.approx(1.0, abs=ROUNDING_OF_QUERIES)


def test_embeddings_from_the_journal_lose_nothing(make):
    """What was rounded to half precision before is held to the last bit."""
    vectors = random_units(200).astype(np.float16)
    queries = random_units(50)
    index = make(384)
    index.add("a", range(200), vectors.astype(np.float32))

    found = similarities(index, queries)

    rows = vectors.astype(np.float64)
    exact = queries @ (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T
    assert np.allclose(found, exact, atol=1e-7)


@pytest.mark.parametrize("dimension", [2, 8, 16])
def test_every_half_is_kept(make, dimension):
    """Each float16 up to one is held and read back as it is, the smallest included."""
    halves = np.arange(0x3C00, dtype=np.uint16).view(np.float16)
    vectors = np.zeros((len(halves), dimension))
    vectors[:, 0] = halves
    vectors[:, 1] = np.sqrt(1 - vectors[:, 0] ** 2)
    index = make(dimension)
    index.add("a", range(len(halves)), vectors)

    (found,) = similarities(index, np.eye(1, dimension))

    rows = vectors.astype(np.float16).astype(np.float64)
    assert np.allclose(found, rows[:, 0] / np.linalg.norm(rows, axis=1), rtol=1e-12, atol=0)


@pytest.mark.parametrize("dimension", [2, 3, 8, 16, 24, 100, 384])
@pytest.mark.parametrize("spread", [1e-4, 1e-2, 1.0])
def test_faiss_answers_as_numpy_does(dimension, spread):
    """At any dimension, however crowded, both indexes give the same to the last bit."""
    centre, vectors = random_units(1, dimension), random_units(3000, dimension)
    crowd = centre + spread * vectors
    faiss, flat = FaissIndex(dimension), FlatIndex(dimension)
    for index in (faiss, flat):
        index.add("a", range(3000), crowd)

    queries = np.concatenate([centre, crowd[:20]])
    assert faiss.search("a", queries) == flat.search("a", queries)


def test_an_entry_costs_a_kilobyte_at_most():
    """A process grows by no more for each vector of MiniLM's length and its key."""
    # In a process of its own: memory that others have used and freed hides growth.
    ran = subprocess.run(
        [sys.executable, "-c", GROWTH],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout) < 1000
