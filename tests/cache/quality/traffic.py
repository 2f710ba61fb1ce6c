"""Traffic whose true risk is known, and audits of it as a service draws them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cache.quality.certify import Audits
from cache.quality.losses import Loss

LEVELS = np.round(np.arange(0.70, 1.0, 0.01), 2)
"""Similarities of requests to what they would be served; each is as likely as the others."""


def falling(level: np.ndarray) -> np.ndarray:
    """A mean loss that falls with similarity: 0.15 at 0.70, 0.01 at 0.99."""
    return 0.15 - 0.14 * (level - 0.70) / 0.29


def stepped(level: np.ndarray) -> np.ndarray:
    """A mean loss that steps up at 0.87: what lies above is soon proved, what lies below never."""
    return np.where(level >= 0.865, 0.01, 0.10)


def clear(level: np.ndarray) -> np.ndarray:
    """A mean loss that is low down to 0.82 and high below."""
    return np.where(level >= 0.815, 0.005, 0.4)


@dataclass(frozen=True)
class Traffic:
    """
    Requests for entries of Zipf popularity, in two moods that come at random.

    A quiet request is audited often and lost seldom, a busy one the other way
    round; entries differ in how much they lose, popular ones lose most.

    Args:
        loss: Which loss is drawn.
        current: Threshold that is served while audits are drawn; below it labels are free.
        chances: Of an audit, quiet and busy.
        moods: What the mean loss is multiplied by, quiet and busy.
        dropped: Share of drawn audits that are lost.
        curve: Mean loss by similarity.
        by_entry: Whether each entry is drawn as often as any other, which is a mistake.
    """

    loss: Loss = Loss.LIFT
    current: float = 0.90
    chances: tuple[float, float] = (0.8, 0.2)
    moods: tuple[float, float] = (0.6, 1.4)
    dropped: float = 0.0
    curve: Callable[[np.ndarray], np.ndarray] = falling
    by_entry: bool = False
    entries: int = 200

    def risk(self, threshold: float) -> float:
        """Return the true mean loss among the hits that a threshold serves."""
        return float(np.mean(self.moods) * self.curve(_served(threshold)).mean())

    def share(self, threshold: float | None) -> float:
        """Return the share of requests that a threshold serves."""
        return 0.0 if threshold is None else len(_served(threshold)) / len(LEVELS)

    def safest(self, risk: float) -> float:
        """Return the lowest threshold whose true risk is below `risk`."""
        return min(level for level in LEVELS if self.risk(level) < risk)

    def audits(self, requests: int, seed: int) -> Audits:
        """Draw by hit, each with its logged probability, as the service does."""
        chance = np.random.default_rng(seed)
        popularity = 1 / np.arange(1, self.entries + 1)
        popularity /= popularity.sum()
        faults = np.linspace(1.6, 0.4, self.entries)
        faults /= faults @ popularity
        drawn_by = None if self.by_entry else popularity
        entry = chance.choice(self.entries, requests, p=drawn_by)
        similarity = chance.choice(LEVELS, requests)
        busy = chance.integers(0, 2, requests)
        mean = self.curve(similarity) * faults[entry] * np.array(self.moods)[busy]
        loss = self._losses(mean, chance)
        above = similarity >= self.current
        probability = np.where(above, np.array(self.chances)[busy], 1.0)
        loss[above & (chance.random(requests) < self.dropped)] = 1.0
        kept = chance.random(requests) < probability
        return Audits(similarity[kept], loss[kept], probability[kept], min(self.chances))

    def _losses(self, mean: np.ndarray, chance: np.random.Generator) -> np.ndarray:
        if self.loss is Loss.WRONG:
            return (chance.random(len(mean)) < mean).astype(np.float64)
        # Nothing, or anything up to all: half of it on average, as often as gives the mean
        lost = chance.random(len(mean)) < 2 * mean
        return np.where(lost, chance.random(len(mean)), 0.0)


def _served(threshold: float) -> np.ndarray:
    return np.array([level for level in LEVELS if level > threshold - 1e-9])
