"""Rankings: order, ties, and scores within a step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cache.entries.codec import decode_ranking, encode_ranking
from cache.entries.ranking import Ranking
from tests.cache.examples import ranking

SCORES = arrays(
    np.float32, st.integers(0, 200), elements=st.floats(-32, 32, width=32, allow_subnormal=False)
)


def test_top_returns_the_best_first():
    """The first k come with their positions, best first."""
    assert [at for at, _ in ranking(10, 30, 20).top(2)] == [1, 2]


def test_top_breaks_ties_by_position():
    """Equal scores keep the source's order, however many there are."""
    scores = [7, 9] * 100

    odd, even = list(range(1, 200, 2)), list(range(0, 200, 2))
    assert [at for at, _ in ranking(*scores).top(200)] == odd + even


def test_top_beyond_the_pool_returns_what_there_is():
    """A k larger than the pool is no error."""
    assert ranking(1, 2).top(200) == [(1, 2.0), (0, 1.0)]


def test_top_of_an_empty_pool_is_empty():
    """A pool without photos ranks to nothing."""
    assert ranking().top(3) == []


def test_equal_scores_are_kept_exactly():
    """A pool without any spread keeps its score."""
    assert ranking(21.5, 21.5).top(2) == [(0, 21.5), (1, 21.5)]


@given(SCORES)
def test_ranking_is_a_permutation_in_order_of_score(scores):
    """Every position comes once, and no photo comes before a better one."""
    made = Ranking.of(scores)

    assert sorted(made.positions.tolist()) == list(range(len(scores)))
    assert (np.diff(scores[made.positions]) <= 0).all()


@given(SCORES)
def test_ranking_keeps_scores_within_a_thousandth(scores):
    """Scores differ by less than 0.001 from those ranked, and never rise."""
    made = Ranking.of(scores)

    assert made.scores == pytest.approx(scores[made.positions], abs=0.001)
    assert (np.diff(made.scores) <= 0).all()


@given(SCORES)
def test_scores_read_back_are_the_very_same(scores):
    """An answer from a store has the scores of the first one, to the last bit."""
    made = Ranking.of(scores)

    read = decode_ranking(encode_ranking(made))

    assert read.top(len(scores)) == made.top(len(scores))
