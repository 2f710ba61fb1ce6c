"""What a process counts and measures, as numbers by key: to show, to send and to join."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Self

from service.telemetry.counters import Counters, Latencies
from service.telemetry.metrics import BOUNDS, BUCKETS_S, LATENCY, METRICS, SUM

__all__ = ["Figures", "Histogram", "Readings", "join"]

Readings = Mapping[tuple[str, str], float]
"""What is read off the running parts, by (metric name, label value)."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """
    Durations in buckets.

    Args:
        counts: Durations in each bucket, not cumulative, shape (len(BUCKETS_S) + 1,).
        total_s: Sum of all durations.
    """

    counts: tuple[float, ...]
    total_s: float

    @property
    def total(self) -> float:
        """How many durations there are."""
        return sum(self.counts)

    @property
    def cumulative(self) -> list[tuple[str, float]]:
        """Each bucket's bound and how many durations reach at most to it."""
        return list(zip(BOUNDS, accumulate(self.counts), strict=True))

    def percentiles_ms(self) -> dict[str, float]:
        """
        Return p50, p95 and p99 in milliseconds, a line drawn through the right bucket.

        The bucket is right and the place in it a guess: as bounds lie a factor
        of 2 to 3 apart, so far may the figure be off, and mostly less. Below the
        first bound it lies between 0 and 1 ms; above the last it is that
        bound, 30 s.
        """
        shares = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
        return {name: round(1000 * self._quantile_s(share), 3) for name, share in shares.items()}

    def _quantile_s(self, share: float) -> float:
        wanted = share * self.total
        below = 0.0
        for (low, high), count in zip(pairwise((0.0, *BUCKETS_S)), self.counts, strict=False):
            if count and below + count >= wanted:
                return low + (high - low) * (wanted - below) / count
            below += count
        return BUCKETS_S[-1]


@dataclass(frozen=True, slots=True)
class Figures:
    """
    Numbers by key: one process's, or several processes' joined.

    A key is a metric's name, or `name:label`; for the histogram of latencies
    `name:tier:bound` and `name:tier:sum`.
    """

    values: Mapping[str, float]

    @classmethod
    def of(cls, counters: Counters, latencies: Latencies, readings: Readings) -> Self:
        """Return what a process has to show now."""
        read = {f"{name}:{label}" if label else name: v for (name, label), v in readings.items()}
        times = {f"{LATENCY.name}:{key}": value for key, value in latencies.flat().items()}
        return cls(counters.flat() | read | times)

    def get(self, name: str, label: str = "") -> float:
        """Return one number; 0 where there is none."""
        return self.values.get(f"{name}:{label}" if label else name, 0)

    def labels(self, name: str) -> dict[str, float]:
        """Return the numbers of a metric by label value."""
        prefix = f"{name}:"
        return {k.removeprefix(prefix): v for k, v in self.values.items() if k.startswith(prefix)}

    def histograms(self) -> dict[str, Histogram]:
        """Return the latencies by tier; buckets of other bounds than ours are passed over."""
        values = self.labels(LATENCY.name)
        tiers = dict.fromkeys(key.rpartition(":")[0] for key in values)
        return {
            tier: Histogram(
                tuple(values.get(f"{tier}:{bound}", 0.0) for bound in BOUNDS),
                values.get(f"{tier}:{SUM}", 0.0),
            )
            for tier in tiers
        }

    def growing(self) -> "Figures":
        """Return what still counts when the process has ended: what only grows."""
        return Figures({key: v for key, v in self.values.items() if _grows(key)})


def join(several: Iterable[Figures]) -> Figures:
    """Make one of several, as the table of metrics says; what it does not have is left out."""
    joined: dict[str, float] = {}
    for key, value in _all(several):
        metric = METRICS.get(_name(key))
        if metric is None:
            continue
        before = joined.get(key, 0)
        largest = metric.joined == "largest"
        joined[key] = max(before, value) if largest else before + value
    return Figures(joined)


def _all(several: Iterable[Figures]) -> Iterator[tuple[str, float]]:
    for figures in several:
        yield from figures.values.items()


def _name(key: str) -> str:
    return key.partition(":")[0]


def _grows(key: str) -> bool:
    metric = METRICS.get(_name(key))
    return metric is not None and metric.grows
