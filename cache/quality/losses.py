"""What a hit costs: how much of the fresh answer's lift it loses."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_LIFT", "RIGHT", "Loss", "lift_kept"]

LEAST_LIFT = 0.01
"""A pool whose best k are no better than its mean by this much, in scores, says nothing."""

RIGHT = 0.9
"""Lift kept from which an answer counts as right."""


class Loss(StrEnum):
    """What is counted as a hit's loss, in [0, 1]."""

    LIFT = "lift"
    """1 - lift kept."""

    WRONG = "wrong"
    """1 where less than `RIGHT` of the lift is kept, else 0."""

    def of(self, kept: float) -> float:
        """Return the loss of a hit that keeps so much of the lift."""
        return 1.0 - kept if self is Loss.LIFT else float(kept < RIGHT)


def lift_kept(served: NDArray[np.float32], fresh: NDArray[np.float32], k: int) -> float | None:
    """
    Return the share of the fresh answer's lift that another answer keeps, in [0, 1].

    Lift is the mean score of an answer's k photos above the mean of the pool
    that the asked tag has; all scores are those of the query that was asked.

    Args:
        served: Scores of what was served, or would have been, in its order; shape (m,).
            Fewer than k where it had no more.
        fresh: Scores of the asked tag's whole pool, in any order; shape (n,).
        k: Photos that were asked for, at least 1.

    Returns:
        None where it is undefined: the pool has no more than k photos, or the fresh
        answer itself has hardly any lift.
    """
    if len(fresh) <= k:
        return None
    scores = fresh.astype(np.float64)
    mean = scores.mean()
    lift = np.partition(scores, -k)[-k:].mean() - mean
    if not lift >= LEAST_LIFT:
        return None
    if not len(served):
        return 0.0
    kept = (served[:k].astype(np.float64).mean() - mean) / lift
    return float(np.clip(kept, 0.0, 1.0))
