"""The lowest threshold that audits prove to be safe: Learn-then-Test, strictest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cache.quality.betting import growth, highest_mean, p_value
from cache.quality.bounds import binomial_tail, highest_share
from cache.quality.losses import Loss

__all__ = ["GRID", "Audits", "Point", "Target", "certified", "points", "upper_bound"]

GRID = tuple(round(0.99 - 0.01 * step, 2) for step in range(40))
"""Thresholds that are looked at, strictest first; fixed, so that no loss has a say in them."""

_SPARE = 3
"""
How much better than needed the proof would be without a loss where testing begins: with fewer
audits one early loss would end it, and with many more the strictest thresholds are passed over.
"""


@dataclass(frozen=True, slots=True)
class Target:
    """
    What is to be proved.

    Args:
        loss: Which loss.
        risk: Its mean over served hits is below this, in (0, 1).
        confidence: In (0, 1).
    """

    loss: Loss
    risk: float
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Audits:
    """
    Losses of hits of one stratum, served or not, in the order they were drawn.

    Args:
        similarity: At which each hit was or would be served, shape (n,).
        loss: In [0, 1], 1 where the audit was dropped, shape (n,).
        probability: With which it was drawn, in [floor, 1], shape (n,).
        floor: Least probability of a draw.
    """

    similarity: NDArray[np.float64]
    loss: NDArray[np.float64]
    probability: NDArray[np.float64]
    floor: float

    def __len__(self) -> int:
        return len(self.loss)

    def at(self, threshold: float) -> "Audits":
        """Return those of hits that a threshold serves."""
        served = self.similarity >= threshold
        return Audits(
            self.similarity[served], self.loss[served], self.probability[served], self.floor
        )

    @property
    def hits(self) -> float:
        """How many hits they stand for, by their probabilities."""
        return float((1 / self.probability).sum())

    @property
    def mean_loss(self) -> float:
        """Mean loss of the hits they stand for (Hajek 1971); NaN without any."""
        return float((self.loss / self.probability).sum() / self.hits) if len(self) else np.nan

    @property
    def are_alike(self) -> bool:
        """Whether all were drawn with one probability, so that each counts the same."""
        return bool(len(self) and self.probability.min() == self.probability.max())


@dataclass(frozen=True, slots=True)
class Point:
    """
    What is known of one threshold.

    Args:
        threshold: Least similarity of a served hit.
        hits: Hits it serves, as far as audits tell.
        audits: How many were drawn of them.
        mean_loss: Of those hits; NaN without audits.
        p_value: Against a mean loss of the target's risk or more.
        upper_bound: Of the mean loss, at the target's confidence, by these audits alone.
    """

    threshold: float
    hits: float
    audits: int
    mean_loss: float
    p_value: float
    upper_bound: float


def certified(audits: Audits, target: Target, grid: Sequence[float] = GRID) -> float | None:
    """
    Return the lowest threshold whose risk is proved to be below the target's, or None.

    Thresholds are tested one after the other, from the strictest that has audits enough,
    until one is not proved; so each may be tested at the whole 1 - confidence, and the
    chance that any proved one is not safe stays below it (fixed sequence testing:
    Angelopoulos, Bates, Candes, Jordan and Lei, "Learn then Test", 2021, section 2.2).
    How many audits there are says nothing of their losses, so it may decide where to
    begin: where some losses would not spoil the proof, or else where it is possible at all.

    Args:
        audits: Of one stratum.
        target: What is to be proved.
        grid: Thresholds, strictest first, fixed before losses were seen.
    """
    unspoilt = replace(audits, loss=np.zeros(len(audits)))
    best = [_p_value(unspoilt.at(threshold), target) for threshold in grid]
    level = 1 - target.confidence
    first = next((n for n, p in enumerate(best) if p <= level**_SPARE), None)
    if first is None:
        first = next((n for n, p in enumerate(best) if p <= level), len(grid))
    lowest = None
    for threshold in grid[first:]:
        if _p_value(audits.at(threshold), target) > level:
            break
        lowest = threshold
    return lowest


def points(audits: Audits, target: Target, grid: Sequence[float] = GRID) -> Iterator[Point]:
    """Yield what is known of each threshold of a grid, in its order."""
    for threshold in grid:
        served = audits.at(threshold)
        yield Point(
            threshold=threshold,
            hits=served.hits,
            audits=len(served),
            mean_loss=served.mean_loss,
            p_value=_p_value(served, target),
            upper_bound=upper_bound(served, target),
        )


def upper_bound(served: Audits, target: Target) -> float:
    """Return the bound of the mean loss at the target's confidence, of these hits alone."""
    if target.loss is Loss.WRONG and served.are_alike:
        return highest_share(int(served.loss.sum()), len(served), target.confidence)
    return highest_mean(served.loss, served.probability, target.confidence, served.floor)


def _p_value(served: Audits, target: Target) -> float:
    """Return the p-value, exact where losses are counted and all audits count the same."""
    if target.loss is Loss.WRONG and served.are_alike:
        return binomial_tail(int(served.loss.sum()), len(served), target.risk)
    return p_value(growth(served.loss, served.probability, target.risk, served.floor))
