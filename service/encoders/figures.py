"""What ran in a worker: counts, batch sizes, and how long items waited and batches took."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

__all__ = ["KindStatistics", "Ran", "Spent", "Times"]

_NEWEST = 512


@dataclass(frozen=True, slots=True)
class Times:
    """Percentiles of the newest durations, in seconds; zeros where there are none."""

    p50_s: float = 0.0
    p99_s: float = 0.0

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Times":
        """Take the percentiles of durations."""
        values = list(seconds)
        if not values:
            return cls()
        p50, p99 = np.percentile(values, [50, 99])
        return cls(float(p50), float(p99))


@dataclass(frozen=True, slots=True)
class KindStatistics:
    """
    One kind of work at one moment.

    Args:
        waiting: Items that wait now.
        batches: Batches run since the start.
        items: Items encoded since the start.
        encode_s: Seconds batches took since the start, together.
        sizes: Batches since the start by their number of items.
        waits: How long the newest items waited.
        runs: How long the newest batches took.
    """

    waiting: int = 0
    batches: int = 0
    items: int = 0
    encode_s: float = 0.0
    sizes: Mapping[int, int] = field(default_factory=dict)
    waits: Times = Times()
    runs: Times = Times()


@dataclass(slots=True)
class Spent:
    """
    What one kind of work has cost so far; it goes on counting.

    Args:
        items: Items encoded since the start.
        seconds: Seconds their batches took, together.
    """

    items: int = 0
    seconds: float = 0.0

    @property
    def mean_s(self) -> float:
        """Seconds an item; 0 where there was none."""
        return self.seconds / max(1, self.items)


class Ran:
    """What ran of one kind since the start."""

    def __init__(self) -> None:
        self.spent = Spent()
        self._sizes: Counter[int] = Counter()
        self._waits: deque[float] = deque(maxlen=_NEWEST)
        self._runs: deque[float] = deque(maxlen=_NEWEST)

    def waited(self, seconds: float, items: int) -> None:
        """Count items that have waited for so long."""
        self._waits.extend([seconds] * items)

    def batch(self, size: int, encoded: int, seconds: float) -> None:
        """Count a batch: how many items it had, how many were encoded, how long it took."""
        self.spent.items += encoded
        self.spent.seconds += seconds
        self._sizes[size] += 1
        self._runs.append(seconds)

    def statistics(self, waiting: int) -> KindStatistics:
        """Return the figures, with the number of items that wait now."""
        return KindStatistics(
            waiting=waiting,
            batches=self._sizes.total(),
            items=self.spent.items,
            encode_s=self.spent.seconds,
            sizes=MappingProxyType(dict(sorted(self._sizes.items()))),
            waits=Times.of(self._waits),
            runs=Times.of(self._runs),
        )
