"""What every VectorIndex does; NumPy says what is right."""

import gc
from collections.abc import Callable

import numpy as np
import psutil
import pytest

from index import DimensionMismatch, DuplicateKey, FlatIndex, InvalidVector, VectorIndex
from index.faiss import FaissIndex

DIMENSION = 8
EAST, NORTH, UP = np.eye(3, DIMENSION, dtype=np.float32)
EXTREMES = [-(2**63), -1, 0, 1, 2**63 - 1]

INVALID = {
    "nan": EAST + np.float32("nan"),
    "infinite": EAST + np.float32("inf"),
    "zero": np.zeros(DIMENSION, np.float32),
    "beyond float32": np.full(DIMENSION, 1e200),
}
MISSHAPEN = {
    "one-dimensional": EAST,
    "too short": np.ones((1, DIMENSION - 1), np.float32),
    "too long": np.ones((1, DIMENSION + 1), np.float32),
    "three-dimensional": np.ones((1, 1, DIMENSION), np.float32),
}


@pytest.fixture(params=[FlatIndex, FaissIndex])
def make(request) -> Callable[[int], VectorIndex]:
    """Make an empty index of some dimension."""
    return request.param


@pytest.fixture
def index(make) -> VectorIndex:
    """An empty index."""
    return make(DIMENSION)


def random_vectors(count: int, dimension: int = DIMENSION) -> np.ndarray:
    """Float32, shape (count, dimension), the same in every run."""
    return np.random.default_rng(count).normal(size=(count, dimension)).astype(np.float32)


def units(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to unit length, float32."""
    exact = vectors.astype(np.float64)
    return (exact / np.linalg.norm(exact, axis=1, keepdims=True)).astype(np.float32)


def held(vectors: np.ndarray) -> np.ndarray:
    """Rows as an index holds them: unit length, rounded to float16; as float64."""
    exact = vectors.astype(np.float64)
    rows = exact / np.linalg.norm(exact, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float64)


def cosines(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosine of each row with each of the others, float64, shape (rows, others)."""
    lengths = np.linalg.norm(rows, axis=1)[:, None] * np.linalg.norm(others, axis=1)
    return rows @ others.T / lengths


def found(index: VectorIndex, scope: str, vector: np.ndarray, k: int = 16) -> list[int]:
    """Keys nearest to one vector."""
    return [neighbour.key for neighbour in index.search(scope, vector[None], k)[0]]


def contents(index: VectorIndex) -> object:
    """All that can be seen of scopes "a" and "b"."""
    figures = index.statistics()
    answers = [index.search(scope, np.eye(DIMENSION), 1000) for scope in ("a", "b")]
    return figures.entries, figures.vector_bytes, answers


def test_dimension_is_the_one_asked_for(index):
    """An index tells the length of its vectors."""
    assert index.dimension == DIMENSION


@pytest.mark.parametrize("batch", [1, 7, 64])
@pytest.mark.parametrize("k", [1, 16, 100, 500])
def test_search_finds_what_numpy_finds(index, batch, k):
    """Answers are the k largest cosines with what is held, in order, for any size of batch."""
    vectors = random_vectors(500)
    queries = random_vectors(batch)
    index.add("a", range(500), vectors)

    answers = index.search("a", queries, k)

    similarity = cosines(queries.astype(np.float64), held(vectors))
    best = np.argsort(-similarity, axis=1)[:, :k]
    assert [[n.key for n in answer] for answer in answers] == best.tolist()
    assert np.allclose(
        [[n.similarity for n in answer] for answer in answers],
        np.take_along_axis(similarity, best, axis=1),
        atol=1e-6,
    )


def test_search_does_not_depend_on_the_batch(index):
    """A query's answer is the same to the last bit alone and among others."""
    queries = random_vectors(64)
    index.add("a", range(500), random_vectors(500))

    together = index.search("a", queries)

    assert together == [index.search("a", query[None])[0] for query in queries]


def test_search_returns_sixteen_unless_told_otherwise(index):
    """The default k is 16."""
    index.add("a", range(20), random_vectors(20))

    assert len(index.search("a", EAST[None])[0]) == 16


def test_search_beyond_the_scope_returns_what_there_is(index):
    """A k larger than the scope returns every entry."""
    index.add("a", [1, 2], np.stack([EAST, NORTH]))

    assert found(index, "a", EAST, k=10**12) == [1, 2]


def test_search_of_an_unknown_scope_finds_nothing(index):
    """A scope never added to is empty."""
    index.add("a", [1], EAST[None])

    assert index.search("b", np.stack([EAST, NORTH])) == [[], []]


@pytest.mark.parametrize("scope", ["a", "b"])
def test_search_of_no_vectors_returns_no_answers(index, scope):
    """An empty batch is answered by an empty list."""
    index.add("a", [1], EAST[None])

    assert index.search(scope, np.empty((0, DIMENSION), np.float32)) == []


@pytest.mark.parametrize("k", [0, -1])
def test_search_refuses_a_k_below_one(index, k):
    """Asking for no neighbours is an error, also where the scope is empty."""
    with pytest.raises(ValueError, match="at least 1"):
        index.search("a", EAST[None], k)


@pytest.mark.parametrize("batch", [1, 40])
@pytest.mark.parametrize("k", [1, 5, 16])
def test_equal_similarities_come_by_rising_key(index, batch, k):
    """Of many equal vectors, added in any order, the lowest keys are served."""
    keys = np.random.default_rng(0).permutation(300)
    index.add("a", keys.tolist(), np.tile(random_vectors(1), (300, 1)))

    answers = index.search("a", random_vectors(batch), k)

    assert all([n.key for n in answer] == list(range(k)) for answer in answers)


def test_almost_equal_similarities_come_in_exact_order(make):
    """Similarities closer than float32 arithmetic can tell are still in order."""
    index = make(384)
    (query,) = units(random_vectors(1, 384))
    vectors = query + random_vectors(3000, 384) * np.float32(1e-4)
    index.add("a", range(3000), vectors)

    (answer,) = index.search("a", query[None])

    similarity = cosines(held(vectors), units(query[None]).astype(np.float64))[:, 0]
    best = np.lexsort((np.arange(3000), -similarity))[:16]
    assert [n.key for n in answer] == best.tolist()
    assert np.allclose([n.similarity for n in answer], similarity[best], rtol=1e-12)


def test_similarity_stays_between_minus_one_and_one(make):
    """Rounding never carries a similarity beyond that of equal or opposite vectors."""
    index = make(384)
    vectors = random_vectors(50, 384)
    index.add("a", range(100), np.concatenate([vectors, -vectors]))

    answers = index.search("a", vectors, 100)

    values = np.array([[n.similarity for n in answer] for answer in answers])
    assert values.max() <= 1.0
    assert values.min() >= -1.0
    assert np.allclose(values[:, [0, -1]], [1.0, -1.0], atol=1e-6)


@pytest.mark.parametrize("length", [1e-44, 1e-20, 3.0, 1e20, 3e38])
def test_length_does_not_matter(index, length):
    """Vectors are scaled to unit length, whether added or searched for."""
    index.add("a", [1], EAST[None] * np.float32(length))

    (neighbour,) = index.search("a", (EAST + NORTH)[None] * np.float32(length))[0]

    assert neighbour.similarity == pytest.approx(0.5**0.5)


def test_arrays_of_the_caller_are_left_alone(index):
    """Neither scaling nor storing touches, or keeps, the caller's array."""
    vectors = np.stack([EAST * 2, NORTH * 3])
    index.add("a", [1, 2], vectors)
    assert np.array_equal(vectors, [EAST * 2, NORTH * 3])

    vectors[:] = UP

    assert found(index, "a", EAST, k=1) == [1]


def test_arrays_need_not_be_contiguous(index):
    """A transposed view or a slice with steps is as good as any array."""
    vectors = random_vectors(20)
    index.add("a", range(10), np.asfortranarray(vectors)[::2])

    assert [found(index, "a", vector, k=1) for vector in vectors[::2]] == [[i] for i in range(10)]


def test_keys_may_be_any_64_bit_integers(index):
    """Negative keys and the ends of the range are kept, found and removed."""
    index.add("a", EXTREMES, np.tile(EAST, (5, 1)))

    assert found(index, "a", EAST) == EXTREMES
    assert index.remove("a", EXTREMES[:2]) == 2
    assert found(index, "a", EAST) == EXTREMES[2:]


def test_keys_and_similarities_are_plain_numbers(index):
    """Neighbours can be serialised: no NumPy scalars in them."""
    index.add("a", np.array([1]), EAST[None])

    (neighbour,) = index.search("a", EAST[None])[0]

    assert (type(neighbour.key), type(neighbour.similarity)) == (int, float)


@pytest.mark.parametrize(("key", "error"), [(1.5, TypeError), (2**63, OverflowError)])
def test_what_is_no_64_bit_integer_is_no_key(index, key, error):
    """A key is refused rather than rounded or wrapped, and nothing is added."""
    with pytest.raises(error):
        index.add("a", [1, key], np.stack([EAST, NORTH]))

    assert index.statistics().entries == {}


def test_scopes_are_hard_partitions(index):
    """However near, an entry of one scope is never found in another."""
    index.add("a", range(100), random_vectors(100))
    index.add("b", range(100, 110), -random_vectors(10))

    answers = index.search("b", random_vectors(100), 1000)

    assert {n.key for answer in answers for n in answer} == set(range(100, 110))


def test_scopes_may_hold_the_same_key(index):
    """Keys are unique within a scope; removing one leaves the other scope's."""
    index.add("a", [1], EAST[None])
    index.add("b", [1], NORTH[None])

    assert index.remove("a", [1]) == 1
    assert found(index, "a", NORTH) == []
    assert found(index, "b", NORTH) == [1]


def test_scopes_of_like_names_are_apart(index):
    """No name of a scope reaches another: no prefixes, no patterns, no case."""
    names = ["", "a", "A", "a*", "a:b", "a\0b", "ä"]
    for key, name in enumerate(names):
        index.add(name, [key], EAST[None])

    assert [found(index, name, EAST) for name in names] == [[key] for key in range(len(names))]


@pytest.mark.parametrize("keep", [90, 10, 1])
def test_removed_keys_are_gone(index, keep):
    """After removing few or many entries, exactly the others are found."""
    vectors = random_vectors(100)
    index.add("a", range(100), vectors)

    assert index.remove("a", range(keep, 100)) == 100 - keep
    assert sorted(found(index, "a", EAST, k=100)) == list(range(keep))
    assert [found(index, "a", vector, k=1) for vector in vectors[:keep]] == [
        [i] for i in range(keep)
    ]


def test_remove_counts_only_what_was_there(index):
    """Unknown keys, repeated keys and unknown scopes do not count."""
    index.add("a", [1, 2, 3], np.stack([EAST, NORTH, UP]))

    assert index.remove("a", [7, -1]) == 0
    assert index.remove("b", [1]) == 0
    assert index.remove("a", []) == 0
    assert index.remove("a", [1, 1, 7]) == 1
    assert index.remove("a", [1]) == 0


def test_removed_key_can_be_added_again(index):
    """A key that was removed is new again, with its new vector."""
    index.add("a", [1, 2], np.stack([EAST, NORTH]))
    index.remove("a", [1])

    index.add("a", [1], UP[None])

    assert found(index, "a", UP, k=1) == [1]


def test_removal_is_counted_off(index):
    """Bytes follow the entries down, and an emptied scope disappears."""
    index.add("a", range(100), random_vectors(100))
    index.add("b", range(10), random_vectors(10))
    entry_bytes = DIMENSION * 2 + 8
    assert index.statistics().vector_bytes == 110 * entry_bytes

    index.remove("a", range(40))
    index.remove("b", range(10))

    assert index.statistics().entries == {"a": 60}
    assert index.statistics().vector_bytes == 60 * entry_bytes


@pytest.mark.parametrize("keep", [0, 10])
def test_removal_gives_memory_back(make, keep):
    """The process itself shrinks when a large scope does."""
    index = make(384)
    index.add("a", range(50_000), random_vectors(50_000, 384))
    gc.collect()
    before = psutil.Process().memory_info().rss

    index.remove("a", range(keep, 50_000))

    gc.collect()
    freed = before - psutil.Process().memory_info().rss
    assert freed > 0.8 * 50_000 * 384 * 2


def test_statistics_count_every_vector_searched_for(index):
    """Searches count vectors, also in unknown scopes; refused ones do not count."""
    index.add("a", [1], EAST[None])
    index.search("a", random_vectors(3))
    index.search("b", random_vectors(2))
    with pytest.raises(InvalidVector):
        index.search("a", np.zeros((1, DIMENSION), np.float32))

    assert index.statistics().searches == 5


def test_statistics_are_of_one_moment(index):
    """Figures once given do not change with the index."""
    index.add("a", [1], EAST[None])
    figures = index.statistics()

    index.add("a", [2], EAST[None])
    index.add("b", [2], EAST[None])

    assert figures.entries == {"a": 1}


def test_adding_nothing_makes_no_scope(index):
    """An empty batch is accepted and leaves no trace."""
    index.add("a", [], np.empty((0, DIMENSION), np.float32))

    assert index.statistics().entries == {}


@pytest.mark.parametrize("vector", INVALID.values(), ids=INVALID)
def test_vectors_without_direction_are_refused_whole(index, vector):
    """One invalid vector refuses its batch, and the index is as before."""
    index.add("a", [1], EAST[None])
    before = contents(index)

    with pytest.raises(InvalidVector):
        index.add("a", [2, 3], np.stack([NORTH, vector]))
    with pytest.raises(InvalidVector):
        index.add("b", [2, 3], np.stack([vector, NORTH]))
    with pytest.raises(InvalidVector):
        index.search("a", np.stack([NORTH, vector]))

    assert contents(index) == before


@pytest.mark.parametrize("vectors", MISSHAPEN.values(), ids=MISSHAPEN)
def test_other_shapes_are_refused(index, vectors):
    """A batch of another shape is an error, and the index is as before."""
    index.add("a", [1], EAST[None])
    before = contents(index)

    with pytest.raises(DimensionMismatch):
        index.add("a", [2], vectors)
    with pytest.raises(DimensionMismatch):
        index.search("a", vectors)
    with pytest.raises(DimensionMismatch):
        index.search("unknown", vectors)

    assert contents(index) == before


@pytest.mark.parametrize("keys", [[], [2], [2, 3, 4]])
def test_one_key_a_vector(index, keys):
    """As many keys as vectors, or nothing is added."""
    with pytest.raises(DimensionMismatch):
        index.add("a", keys, np.stack([EAST, NORTH]))

    assert index.statistics().entries == {}


@pytest.mark.parametrize("keys", [[2, 1], [2, 2]], ids=["there already", "twice in one call"])
def test_duplicate_keys_are_refused_whole(index, keys):
    """A key can be added once; a batch with a duplicate adds nothing."""
    index.add("a", [1], EAST[None])
    before = contents(index)

    with pytest.raises(DuplicateKey):
        index.add("a", keys, np.stack([NORTH, UP]))

    assert contents(index) == before
