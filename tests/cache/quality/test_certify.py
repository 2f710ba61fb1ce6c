"""Certified thresholds, held against traffic whose true risk is known."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest

from cache.quality.bounds import binomial_tail
from cache.quality.certify import Audits, Target, certified, points, upper_bound
from cache.quality.losses import Loss
from tests.cache.quality.traffic import LEVELS, Traffic, clear, stepped

RUNS = 1000
RISK, DELTA = 0.05, 0.05
GRID = tuple(LEVELS[::-2].tolist())
MOST_FAILURES = next(n for n in range(RUNS) if 1 - binomial_tail(n, RUNS, DELTA) < 1e-3)
"""A procedure that keeps its word fails more often once in a thousand times."""

ALIKE = {"current": 0.0, "chances": (0.5, 0.5)}


def threshold(audits: Audits, loss: Loss) -> float | None:
    return certified(audits, Target(loss, RISK, 1 - DELTA), GRID)


def unsafe(traffic: Traffic, chosen: Iterable[float | None]) -> int:
    """Return of how many chosen thresholds the true risk is too high."""
    return sum(at is not None and traffic.risk(at) >= RISK for at in chosen)


def failures(traffic: Traffic, choose: Callable[[int], float | None]) -> int:
    """Return in how many runs what is chosen is not safe."""
    return unsafe(traffic, map(choose, range(RUNS)))


@pytest.mark.parametrize("loss", list(Loss))
@pytest.mark.parametrize(
    ("drawn", "requests"),
    [
        ({"chances": (0.8, 0.4)}, 3000),
        ({"chances": (0.8, 0.4), "dropped": 0.01}, 3000),
        ({"current": 0.0, "chances": (0.8, 0.4)}, 4000),
        (ALIKE, 2500),
    ],
    ids=["free below, audits above", "some dropped", "audits alone", "alike"],
)
def test_thresholds_are_safe_as_often_as_promised(loss, drawn, requests):
    """However audits are drawn, the risk is too high in no more runs than may be."""
    traffic = Traffic(loss, curve=stepped, **drawn)

    chosen = [threshold(traffic.audits(requests, seed), loss) for seed in range(RUNS)]

    assert unsafe(traffic, chosen) <= MOST_FAILURES
    assert sum(at is not None for at in chosen) > RUNS / 4


@pytest.mark.parametrize("loss", list(Loss))
def test_drawing_by_entry_would_not_be_safe(loss):
    """What is popular would count for no more than what nobody asks for."""
    mistaken = Traffic(loss, by_entry=True, **ALIKE)

    failed = failures(mistaken, lambda seed: threshold(mistaken.audits(3000, seed), loss))

    assert failed > 2 * MOST_FAILURES


@pytest.mark.parametrize("loss", list(Loss))
def test_counting_all_audits_alike_would_not_be_safe(loss):
    """Quiet hours, in which most is audited, would hide the busy ones."""
    traffic = Traffic(loss, current=0.0, chances=(0.9, 0.1), moods=(0.4, 1.6))

    def choose(seed: int) -> float | None:
        audits = traffic.audits(3000, seed)
        return threshold(replace(audits, probability=np.ones(len(audits)), floor=1.0), loss)

    assert failures(traffic, choose) > 2 * MOST_FAILURES


def test_looking_again_and_again_at_exact_tails_would_not_be_safe():
    """Sooner or later chance would have its way."""
    traffic = Traffic(Loss.WRONG, curve=lambda level: np.full_like(level, 1.01 * RISK), **ALIKE)

    def choose(seed: int) -> float | None:
        audits = traffic.audits(4000, seed)
        looks = (threshold(first(audits, count), traffic.loss) for count in range(60, 1500, 30))
        return next((at for at in looks if at is not None), None)

    assert failures(traffic, choose) > 2 * MOST_FAILURES


def first(audits: Audits, count: int) -> Audits:
    return Audits(
        audits.similarity[:count], audits.loss[:count], audits.probability[:count], audits.floor
    )


@pytest.mark.parametrize("loss", list(Loss))
@pytest.mark.parametrize("drawn", [{"current": 0.90}, ALIKE], ids=["mixed", "alike"])
def test_most_of_what_may_be_served_is_served(loss, drawn):
    """With 2,000 audits and a clear curve, 85 % of the hits that an oracle would allow."""
    traffic = Traffic(loss, curve=clear, **drawn)

    shares = []
    for seed in range(40):
        audits = first(traffic.audits(8000, seed), 2000)
        shares.append(traffic.share(threshold(audits, loss)))

    assert np.median(shares) >= 0.85 * traffic.share(traffic.safest(RISK))


def test_nothing_is_certified_of_too_few_audits():
    """58 audits without an error prove nothing at 5 % and 95 %; 59 do."""
    target = Target(Loss.WRONG, 0.05, 0.95)

    def spotless(count: int) -> Audits:
        return Audits(np.full(count, 0.95), np.zeros(count), np.ones(count), 1.0)

    assert certified(spotless(58), target) is None
    assert certified(spotless(59), target) == 0.60


def test_a_threshold_below_one_that_is_not_proved_is_not_looked_at():
    """Or the risk of many looks would add up."""
    target = Target(Loss.WRONG, 0.05, 0.95)
    # Safe down to 0.9, a cluster of losses at 0.85, and so much below that all together is safe
    counts = {0.95: (200, 0), 0.90: (200, 1), 0.85: (100, 60), 0.80: (4000, 0)}
    similarity = np.concatenate([np.full(n, at) for at, (n, _) in counts.items()])
    loss = np.concatenate([np.arange(n) < lost for n, lost in counts.values()]).astype(float)
    audits = Audits(similarity, loss, np.ones(len(loss)), 1.0)

    assert certified(audits, target, (0.95, 0.9, 0.85, 0.8)) == 0.9
    assert certified(audits, target, (0.95, 0.9, 0.8)) == 0.8


def test_one_early_loss_does_not_end_the_search():
    """Where the strictest threshold has hardly audits enough, testing begins below."""
    target = Target(Loss.WRONG, 0.05, 0.95)
    similarity = np.concatenate([np.full(60, 0.98), np.full(400, 0.9)])
    loss = np.zeros(460)
    loss[3] = 1
    audits = Audits(similarity, loss, np.ones(460), 1.0)

    assert certified(audits, target, (0.98, 0.9)) == 0.9


def test_points_tell_what_is_known_of_every_threshold():
    """Also of those that are not proved."""
    target = Target(Loss.WRONG, 0.05, 0.95)
    audits = Audits(np.full(100, 0.9), np.arange(100) % 10 == 0, np.full(100, 0.5), 0.5)

    strict, lax = points(audits, target, (0.95, 0.85))

    assert (strict.audits, strict.hits, strict.p_value, strict.upper_bound) == (0, 0.0, 1.0, 1.0)
    assert np.isnan(strict.mean_loss)
    assert (lax.audits, lax.hits, lax.mean_loss) == (100, 200.0, 0.1)
    assert lax.p_value == pytest.approx(binomial_tail(10, 100, 0.05))
    assert 0.1 < lax.upper_bound < 0.2


@pytest.mark.parametrize("loss", list(Loss))
@pytest.mark.parametrize("drawn", [{"current": 0.90}, ALIKE], ids=["mixed", "alike"])
def test_bounds_hold_as_often_as_promised(loss, drawn):
    """The true risk lies above the bound in no more runs than may be."""
    traffic = Traffic(loss, **drawn)
    target = Target(loss, RISK, 0.9)
    truth = traffic.risk(0.80)

    bounds = [upper_bound(traffic.audits(400, seed).at(0.80), target) for seed in range(300)]

    assert sum(bound < truth for bound in bounds) <= 0.1 * 300 + 20
    assert np.median(bounds) < 3 * truth


def test_what_audits_stand_for_is_told_by_their_probabilities():
    """A hit that was drawn once in five times counts for five."""
    audits = Audits(np.array([0.95, 0.85]), np.array([0.0, 1.0]), np.array([1.0, 0.2]), floor=0.2)

    assert audits.hits == 6.0
    assert audits.mean_loss == pytest.approx(5 / 6)
    assert audits.at(0.9).mean_loss == 0.0
    assert np.isnan(audits.at(0.99).mean_loss)
