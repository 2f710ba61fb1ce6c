"""Lift kept, as the design defines it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.quality.losses import Loss, lift_kept

POOL = np.array([30, 20, 10, 20, 20, 20], np.float32)
"""Its mean is 20, and its best is 30."""


@pytest.mark.parametrize(
    ("served", "kept"),
    [
        ([30], 1.0),
        ([25], 0.5),
        ([20], 0.0),
        ([10], 0.0),
        ([35], 1.0),
        ([25, 0, 0], 0.5),
        ([], 0.0),
    ],
)
def test_lift_is_what_lies_above_the_mean(served, kept):
    """As a share of the fresh answer's, between 0 and 1; what nobody asked for does not count."""
    assert lift_kept(np.array(served, np.float32), POOL, 1) == pytest.approx(kept)


def test_all_photos_asked_for_count():
    """The fresh best two are 30 and 20: a lift of 5; the served lie 2.5 above the mean."""
    assert lift_kept(np.array([25, 20], np.float32), POOL, 2) == pytest.approx(0.5)


def test_an_answer_with_fewer_photos_is_held_against_as_many_as_were_asked():
    """Its mean is over those it has."""
    assert lift_kept(np.array([25], np.float32), POOL, 2) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("fresh", "k"),
    [
        (POOL, 6),
        (POOL, 7),
        (np.full(9, 20, np.float32), 3),
        (np.array([20.01, 20, 20], np.float32), 1),
        (np.empty(0, np.float32), 1),
    ],
)
def test_it_is_undefined_where_the_fresh_answer_has_no_lift(fresh, k):
    """All of the pool is shown, or all of it is as good."""
    assert lift_kept(np.array([20], np.float32), fresh, k) is None


@given(
    st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=30),
    st.integers(1, 8),
    st.floats(-20, 20),
)
def test_the_fresh_answer_keeps_all_and_a_shift_of_all_scores_changes_nothing(scores, k, shift):
    """Whatever the pool, where it is defined."""
    fresh = np.array(scores, np.float32)
    best = np.sort(fresh)[::-1][:k]
    kept = lift_kept(best, fresh, k)

    assert kept is None or kept == pytest.approx(1.0)
    worst = lift_kept(fresh[np.argsort(fresh)[:k]], fresh, k)
    assert worst is None or worst == 0.0


def test_losses_are_what_is_not_kept_or_whether_it_is_too_little():
    """0.9 is right, what lies below it is wrong."""
    assert [Loss.LIFT.of(kept) for kept in (1.0, 0.75, 0.0)] == [0.0, 0.25, 1.0]
    assert [Loss.WRONG.of(kept) for kept in (1.0, 0.9, 0.899, 0.0)] == [0.0, 0.0, 1.0, 1.0]
