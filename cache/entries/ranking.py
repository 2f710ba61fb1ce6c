"""Rankings: a pool in order of score for one query."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ranking"]

_STEPS = 65535


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Ranking:
    """
    All of a pool's positions, best first, with their scores.

    Scores are kept as 16-bit steps between the lowest and the highest, from
    the moment a ranking is made: an answer read back from a store has the very
    scores of the first one. A step is 1/65535 of the spread, under 0.001 for
    any spread below 65.

    Args:
        positions: Positions in the pool, uint16, shape (n,), best first.
        steps: Scores as steps, uint16, shape (n,), never rising.
        low: Lowest score.
        high: Highest score.
    """

    positions: NDArray[np.uint16]
    steps: NDArray[np.uint16]
    low: float
    high: float

    @classmethod
    def of(cls, scores: NDArray[np.float32]) -> Self:
        """Rank positions by score, float32, shape (n,), n < 65536; ties by position."""
        order = np.argsort(-scores, kind="stable")
        low, high = (float(scores.min()), float(scores.max())) if len(scores) else (0.0, 0.0)
        share = (scores[order].astype(np.float64) - low) / (high - low or 1.0)
        return cls(order.astype(np.uint16), np.rint(share * _STEPS).astype(np.uint16), low, high)

    @property
    def scores(self) -> NDArray[np.float64]:
        """Scores in rank order, shape (n,)."""
        return self.low + self.steps.astype(np.float64) / _STEPS * (self.high - self.low)

    def top(self, k: int) -> list[tuple[int, float]]:
        """Return the first k positions with their scores, best first."""
        # Number by number, the very sums of `scores`: k is small, and the pool is not.
        spread = self.high - self.low
        scores = [self.low + step / _STEPS * spread for step in self.steps[:k].tolist()]
        return list(zip(self.positions[:k].tolist(), scores, strict=True))

    def __len__(self) -> int:
        return len(self.positions)
