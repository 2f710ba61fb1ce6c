"""Exact binomial tails, against values that are known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.quality.bounds import audits_needed, binomial_tail, highest_share


@pytest.mark.parametrize(
    ("risk", "needed"), [(0.05, [59, 93, 153, 208]), (0.01, [299, 473, 773, 1049])]
)
def test_audits_needed_are_those_of_the_tables(risk, needed):
    """At 95 %, with 0, 1, 3 and 5 errors."""
    assert [audits_needed(risk, 0.95, errors) for errors in (0, 1, 3, 5)] == needed


@given(st.integers(1, 60), st.data(), st.floats(0.001, 0.999))
def test_the_tail_is_the_sum_of_its_terms(audits, data, risk):
    """As whole numbers have it."""
    errors = data.draw(st.integers(0, audits))
    terms = [math.comb(audits, n) * risk**n * (1 - risk) ** (audits - n) for n in range(errors + 1)]

    assert binomial_tail(errors, audits, risk) == pytest.approx(min(1.0, sum(terms)), rel=1e-9)


def test_large_counts_do_not_overflow():
    """A hundred thousand audits are a number like any other."""
    assert binomial_tail(5000, 100_000, 0.05) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("errors", "audits", "bound"),
    [(0, 59, 0.0495), (0, 10, 0.2589), (3, 153, 0.0499), (10, 10, 1.0)],
)
def test_the_bound_is_that_of_clopper_and_pearson(errors, audits, bound):
    """One-sided, at 95 %."""
    assert highest_share(errors, audits, 0.95) == pytest.approx(bound, abs=1e-4)


@given(st.integers(1, 400), st.data())
def test_the_bound_is_where_the_tail_says(audits, data):
    """What it excludes is just as unlikely as promised."""
    errors = data.draw(st.integers(0, audits - 1))

    bound = highest_share(errors, audits, 0.95)

    assert binomial_tail(errors, audits, bound) == pytest.approx(0.05, abs=1e-6)
