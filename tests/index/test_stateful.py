"""FaissIndex does what FlatIndex does, whatever is asked of them in whatever order."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from index import DuplicateKey, FlatIndex
from index.faiss import FaissIndex

DIMENSION = 3
KEYS = st.one_of(st.integers(-5, 60), st.sampled_from([-(2**63), 2**63 - 1]))
SCOPES = st.sampled_from(["a", "b"])
# Few directions, so that vectors are often equal, opposite or equally similar.
VECTORS = st.tuples(*[st.integers(-2, 2)] * DIMENSION).filter(any)
ENTRIES = st.lists(st.tuples(KEYS, VECTORS), max_size=30)
BATCHES = st.lists(VECTORS, min_size=1, max_size=30)


def rows(vectors) -> np.ndarray:
    """Float32, shape (len(vectors), DIMENSION)."""
    return np.array(vectors, dtype=np.float32).reshape(-1, DIMENSION)


def attempt(index, scope, keys, vectors) -> bool:
    """Add, and tell whether the keys were new."""
    try:
        index.add(scope, keys, vectors)
    except DuplicateKey:
        return False
    return True


class Comparison(RuleBasedStateMachine):
    """Both indexes are asked the same and must answer the same, to the last bit."""

    def __init__(self):
        super().__init__()
        self.faiss = FaissIndex(DIMENSION)
        self.flat = FlatIndex(DIMENSION)

    @rule(scope=SCOPES, entries=ENTRIES)
    def add(self, scope, entries):
        """Most of these batches hold a duplicate sooner or later."""
        keys = [key for key, _ in entries]
        vectors = rows([vector for _, vector in entries])

        assert attempt(self.faiss, scope, keys, vectors) == attempt(self.flat, scope, keys, vectors)

    @rule(scope=SCOPES, entries=ENTRIES)
    def add_new(self, scope, entries):
        """Add only what is new, so that scopes grow."""
        there = {n.key for n in self.flat.search(scope, rows([(1, 0, 0)]), 1000)[0]}
        new = {key: vector for key, vector in entries if key not in there}

        self.faiss.add(scope, list(new), rows(list(new.values())))
        self.flat.add(scope, list(new), rows(list(new.values())))
        self.faiss.search(scope, rows([(1, 0, 0)]))  # as often as the other

    @rule(scope=SCOPES, keys=st.lists(KEYS, max_size=30))
    def remove(self, scope, keys):
        """Some keys are there, some are not, some stand twice."""
        assert self.faiss.remove(scope, keys) == self.flat.remove(scope, keys)

    @rule(scope=SCOPES, low=st.integers(-5, 60), high=st.integers(-5, 60))
    def remove_range(self, scope, low, high):
        """Remove many at once, so that scopes shrink and vanish."""
        keys = range(low, high)

        assert self.faiss.remove(scope, keys) == self.flat.remove(scope, keys)

    @rule(scope=SCOPES, vectors=BATCHES, k=st.integers(1, 70))
    def search(self, scope, vectors, k):
        """Keys, similarities and their order are equal."""
        queries = rows(vectors)

        assert self.faiss.search(scope, queries, k) == self.flat.search(scope, queries, k)

    @rule(scope=SCOPES, vectors=BATCHES)
    def search_invalid(self, scope, vectors):
        """A zero vector in the batch is refused by both."""
        for index in (self.faiss, self.flat):
            with pytest.raises(ValueError, match="zero"):
                index.search(scope, rows([*vectors, (0, 0, 0)]))

    @invariant()
    def statistics_are_equal(self):
        """Entries, bytes and searches are counted alike."""
        assert self.faiss.statistics() == self.flat.statistics()


TestComparison = Comparison.TestCase
TestComparison.settings = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault of the index
)
