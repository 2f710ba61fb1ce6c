"""What audits of one inclusion probability prove about a share: exact binomial tails."""

from collections.abc import Callable

import numpy as np

__all__ = ["audits_needed", "binomial_tail", "highest_share", "least_refuted"]

_BISECTIONS = 40


def binomial_tail(errors: int, audits: int, risk: float) -> float:
    """
    Return the probability of so few errors, or fewer, where the risk is this high.

    It is the p-value against "the risk is `risk` or more" of independent audits.

    Args:
        errors: Found, 0 to `audits`.
        audits: Drawn.
        risk: Probability of an error, in (0, 1).
    """
    if errors >= audits:
        return 1.0
    counts = np.arange(1, errors + 1)
    ways = np.concatenate([[0.0], np.cumsum(np.log(audits - counts + 1) - np.log(counts))])
    hits = np.arange(errors + 1)
    logs = ways + hits * np.log(risk) + (audits - hits) * np.log1p(-risk)
    return float(min(1.0, np.exp(np.logaddexp.reduce(logs))))


def audits_needed(risk: float, confidence: float, errors: int = 0) -> int:
    """
    Return how few audits with so many errors prove a risk below `risk`.

    Args:
        risk: To be undercut, in (0, 1).
        confidence: Of the proof, in (0, 1).
        errors: That will have been found.
    """
    low, high = errors, errors + 1
    while binomial_tail(errors, high, risk) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if binomial_tail(errors, middle, risk) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def highest_share(errors: int, audits: int, confidence: float) -> float:
    """
    Return the upper confidence bound of a share (Clopper and Pearson 1934, one-sided).

    Args:
        errors: Found, 0 to `audits`.
        audits: Drawn; without any, nothing is known.
        confidence: Of the bound, in (0, 1).
    """
    return least_refuted(lambda risk: binomial_tail(errors, audits, risk), confidence)


def least_refuted(p_value: Callable[[float], float], confidence: float) -> float:
    """
    Return the least risk that is refuted at a confidence; 1 where none is.

    Args:
        p_value: Against a risk of so much or more; falls as that rises.
        confidence: In (0, 1).
    """
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if p_value(middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high
