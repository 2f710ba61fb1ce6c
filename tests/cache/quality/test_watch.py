"""Thresholds earned while the service runs."""

import numpy as np
import pytest

from cache.quality.bounds import binomial_tail
from cache.quality.certify import Audits, Target
from cache.quality.losses import Loss
from cache.quality.watch import Watch
from tests.cache.quality.traffic import LEVELS, Traffic, clear, stepped

RUNS = 1000
RISK, DELTA = 0.05, 0.05
GRID = tuple(LEVELS[::-3].tolist())
MOST_FAILURES = next(n for n in range(RUNS) if 1 - binomial_tail(n, RUNS, DELTA) < 1e-3)


def watch(audits: Audits, loss: Loss, **options: float) -> Watch:
    return Watch(Target(loss, RISK, 1 - DELTA), audits.floor, GRID, **options)


def taught(audits: Audits, loss: Loss) -> float:
    """Show a watch some audits; return the lowest threshold it ever proved, 2 if it never did."""
    watching, lowest = watch(audits, loss), 2.0
    for one in zip(audits.similarity, audits.loss, audits.probability, strict=True):
        watching.add(*one)
        lowest = min(lowest, watching.threshold or 2.0)
    return lowest


@pytest.mark.timeout(300)  # a million audits, one by one
@pytest.mark.parametrize("loss", list(Loss))
def test_no_look_at_any_time_is_wrong_more_often_than_promised(loss):
    """However often one looks: the lowest threshold ever proved counts."""
    traffic = Traffic(loss, curve=stepped, chances=(1.0, 0.5))

    lowest = [taught(traffic.audits(1500, seed), loss) for seed in range(RUNS)]

    assert sum(at <= 1 and traffic.risk(at) >= RISK for at in lowest) <= MOST_FAILURES
    assert sum(at <= 1 for at in lowest) > RUNS / 4


@pytest.mark.parametrize("loss", list(Loss))
def test_a_clear_curve_is_earned(loss):
    """A few thousand audits suffice for most of what an oracle would allow."""
    traffic = Traffic(loss, curve=clear, current=0.90)

    shares = [traffic.share(taught(traffic.audits(4000, seed), loss)) for seed in range(10)]

    assert np.median(shares) >= 0.85 * traffic.share(traffic.safest(RISK))


@pytest.mark.parametrize("loss", list(Loss))
def test_a_shift_of_meaning_is_noticed_and_what_was_lost_is_earned_again(loss):
    """A stream that is safe, then is not, then is again."""
    good = Traffic(loss, curve=clear, current=0.90)
    bad = Traffic(loss, curve=lambda level: np.full_like(level, 0.3), current=0.90)
    watching = watch(good.audits(1, 0), loss)
    told = []
    for traffic, seed in ((good, 1), (bad, 2), (good, 3)):
        audits = traffic.audits(3000, seed)
        for one in zip(audits.similarity, audits.loss, audits.probability, strict=True):
            watching.add(*one)
        told.append((watching.threshold is not None, watching.withdrawals))

    assert told == [(True, 0), (False, 1), (True, 1)]


def test_what_is_safe_is_seldom_withdrawn():
    """A risk that is just as promised for a long time raises no alarm."""
    flat = Traffic(Loss.LIFT, curve=lambda level: np.full_like(level, 0.03), current=0.90)

    withdrawn = 0
    for seed in range(10):
        audits = flat.audits(5000, seed)
        watching = watch(audits, Loss.LIFT)
        for one in zip(audits.similarity, audits.loss, audits.probability, strict=True):
            watching.add(*one)
        withdrawn += watching.withdrawals

    assert withdrawn == 0


def test_audits_are_counted_of_what_the_threshold_serves():
    """Those below it say nothing of it."""
    watching = Watch(Target(Loss.WRONG, 0.05, 0.95), 1.0, (0.95, 0.9))
    for _ in range(40):
        watching.add(0.91, 1.0, 1.0)
    for _ in range(400):
        watching.add(0.96, 0.0, 1.0)

    assert (watching.threshold, watching.audits) == (0.95, 400)


def test_a_probability_below_the_floor_is_refused():
    """It could win more than the bets allow for."""
    watching = Watch(Target(Loss.WRONG, 0.05, 0.95), 0.2)

    with pytest.raises(ValueError, match="least probability"):
        watching.add(0.9, 0.0, 0.1)
    assert watching.threshold is None
