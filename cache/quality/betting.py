"""
Proof by betting: what audits drawn with different probabilities prove about a mean loss.

Whoever bets that losses are low, at odds that would be fair if their mean were the
risk, can hardly get rich where it is that high or higher: the chance of ever having
1/delta times the stake is at most delta (Ville 1939). So a capital that high, at any
moment and however often one looks, is proof at confidence 1 - delta.

The bets are those of Waudby-Smith and Ramdas, "Estimating means of bounded random
variables by betting" (JRSS B 2024, section 4), with each audit weighted by the inverse of
its inclusion probability, as Horvitz and Thompson (1952) do: capital is multiplied by
1 + stake * (risk - loss) * floor / probability. An audit that is not drawn multiplies by 1.
Stakes are several constants side by side, between which the first capital is shared; so
nothing is tuned to the losses, and the best of them wins but for a constant. High stakes
have the larger shares, as most of what is worth proving has few losses. Stakes learnt on the
way, as in the paper, prove very low risks with fewer audits and fail at higher ones.
"""

import numpy as np
from numpy.typing import NDArray

from cache.quality.bounds import least_refuted

__all__ = ["STAKES", "capital", "growth", "highest_mean", "p_value"]

STAKES = np.array([0.02, 0.04, 0.07, 0.12, 0.2, 0.3, 0.42, 0.56, 0.72, 0.9])
"""Parts of the most that may be staked; all of it would be gone with a loss of 1."""

_SHARES = np.log(np.array([1, 1, 1, 1, 1, 1, 2, 3, 4, 6]) / 21)
"""Logarithms of the shares of the first capital."""


def growth(
    losses: NDArray[np.float64], probabilities: NDArray[np.float64], risk: float, floor: float
) -> NDArray[np.float64]:
    """
    Return the logarithms of what each audit multiplies each stake's capital by.

    Args:
        losses: In [0, 1], shape (n,).
        probabilities: With which each audit was drawn, in [floor, 1], shape (n,).
        risk: The mean loss that is bet against, in (0, 1).
        floor: Least probability an audit may be drawn with; fixed before the audits are seen.

    Returns:
        Shape (n, stakes).
    """
    if len(probabilities) and probabilities.min() < floor:
        raise ValueError("an audit was drawn with less than the least probability")
    gains = (risk - losses) * (floor / probabilities)
    logs: NDArray[np.float64] = np.log1p(np.multiply.outer(gains, STAKES / (1 - risk)))
    return logs


def capital(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Return the logarithm of the capital of all stakes together; it begins at 0.

    Args:
        logs: Logarithms of what each stake's capital has been multiplied by, the stakes last.

    Returns:
        The shape without the stakes.
    """
    held: NDArray[np.float64] = np.logaddexp.reduce(logs + _SHARES, axis=-1)
    return held


def p_value(logs: NDArray[np.float64]) -> float:
    """
    Return the p-value against "the mean loss is the risk or more", good at every moment.

    Args:
        logs: As `growth` returns them, shape (n, stakes), in the order the audits were drawn.
    """
    return float(np.exp(-capital(np.cumsum(logs, axis=0)).max(initial=0.0)))


def highest_mean(
    losses: NDArray[np.float64],
    probabilities: NDArray[np.float64],
    confidence: float,
    floor: float,
) -> float:
    """
    Return the upper confidence bound of the mean loss: the least that is refuted.

    Args:
        losses: As in `growth`.
        probabilities: Likewise.
        confidence: Of the bound, in (0, 1).
        floor: As in `growth`.
    """

    def p(risk: float) -> float:
        return p_value(growth(losses, probabilities, risk, floor))

    return least_refuted(p, confidence)
