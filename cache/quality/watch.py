"""Thresholds that are earned while the service runs, and lost again when the risk drifts."""

import math
from collections.abc import Sequence

import numpy as np

from cache.quality.betting import STAKES, capital, growth
from cache.quality.certify import GRID, Target

__all__ = ["Watch"]

_SURVEY = 4
_SPARE = 2
"""
Audits are surveyed until they could have proved the laxest threshold so many times over. Then
the strictest that they could have proved this many times over is the first to be.
"""


class Watch:
    """
    One stratum's audits as they come: which threshold they have proved so far.

    Each threshold of a grid has its bets (`cache.quality.betting`), whose capital proves
    it at 1 / (1 - confidence), whenever that is: looking often costs nothing. They
    count in a fixed order, from the first that had audits enough when the survey was
    over, which no loss has a say in.

    Bets the other way watch for drift: of a threshold whose risk is as promised, the
    capital that is staked on a higher one seldom grows. It starts again from 1 whenever it
    falls below (the e-detector of Shin, Ramdas and Rinaldo 2023, in its CUSUM form), so that
    it takes as long to notice after a good year as after a good hour. At `alarm`
    everything is withdrawn and earned anew from later audits alone.

    So is an attempt that these bets win against before anything is proved, or what was
    lost in a bad time would have to be won back. The n-th attempt proves at
    (1 - confidence) / (n (n + 1)), so that all together are wrong as seldom as one would be.

    Args:
        target: What is to be proved.
        floor: Least probability of an audit.
        grid: Thresholds, strictest first.
        alarm: Audits between two false alarms, at least, on average.
    """

    def __init__(
        self,
        target: Target,
        floor: float,
        grid: Sequence[float] = GRID,
        *,
        alarm: float = 100_000.0,
    ) -> None:
        self._target = target
        self._floor = floor
        self._grid = np.array(grid)
        self._alarm = math.log(alarm)
        self.withdrawals = 0
        self.attempts = 0
        self._first: int | None = None
        self._begin()

    @property
    def threshold(self) -> float | None:
        """The lowest threshold that is proved, or None."""
        return None if self._proved is None else float(self._grid[self._proved])

    @property
    def audits(self) -> int:
        """Audits seen of hits that the proved threshold serves; of all, before one is."""
        return int(self._seen[-1 if self._proved is None else self._proved])

    def add(self, similarity: float, loss: float, probability: float) -> None:
        """
        Take in an audit.

        Args:
            similarity: At which the hit was or would be served.
            loss: In [0, 1], 1 where the audit was dropped.
            probability: With which it was drawn, at least the floor.
        """
        losses, chances = np.array([loss, 0.0]), np.array([probability, probability])
        gain, best = growth(losses, chances, self._target.risk, self._floor)
        # To bet against losses is to bet on what they leave
        doubt, _ = growth(1 - losses, chances, 1 - self._target.risk, self._floor)
        served = self._grid <= similarity
        self._seen[served] += 1
        self._best[served] += best
        self._capital[served] += gain
        self._doubt[served] = np.maximum(self._doubt[served], 0.0) + doubt
        if self._is_refuted():
            self.withdrawals += self._proved is not None
            self._begin()
            return
        self._choose_first()
        self._prove()

    def _begin(self) -> None:
        self.attempts += 1
        ways = self.attempts * (self.attempts + 1)
        self._proof = math.log(ways / (1 - self._target.confidence))
        shape = (len(self._grid), len(STAKES))
        self._seen = np.zeros(len(self._grid), np.int64)
        self._best = np.zeros(shape)
        self._capital = np.zeros(shape)
        self._doubt = np.zeros(shape)
        self._proved: int | None = None

    def _choose_first(self) -> None:
        if self._first is None and capital(self._best[-1]) >= _SURVEY * self._proof:
            self._first = int(np.argmax(capital(self._best) >= _SPARE * self._proof))

    def _prove(self) -> None:
        """Go down the grid as far as each threshold in turn is proved."""
        if self._first is None:
            return
        following = self._first if self._proved is None else self._proved + 1
        while following < len(self._grid) and capital(self._capital[following]) >= self._proof:
            self._proved = following
            following += 1

    def _is_refuted(self) -> bool:
        """Return whether what is proved, or is to be proved first, is seen to be unsafe."""
        at = self._first if self._proved is None else self._proved
        return at is not None and bool(capital(self._doubt[at]) >= self._alarm)
