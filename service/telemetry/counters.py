"""Counting in one process: what `/cache/stats` and `/metrics` both read."""

import bisect
from collections import Counter, defaultdict, deque

import numpy as np

from service.telemetry.metrics import BOUNDS, BUCKETS_S, COUNTERS, SUM

__all__ = ["Counters", "Latencies"]

_KEPT = 2048


class Counters:
    """Sums that only grow, by metric name and label value; names come from the table."""

    def __init__(self) -> None:
        self._sums: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, label: str = "", value: float = 1) -> None:
        """
        Add to a sum.

        Raises:
            KeyError: If the name is not in the table of metrics.
        """
        metric = COUNTERS[name]
        if bool(metric.label) != bool(label):
            raise KeyError(f"{name} takes the label {metric.label!r}, not {label!r}")
        self._sums[name, label] += value  # type: ignore[assignment]  # Counter is typed for ints

    def get(self, name: str, label: str = "") -> float:
        """Return one sum."""
        return self._sums[name, label]

    def labels(self, name: str) -> dict[str, float]:
        """Return the sums of a metric by label value."""
        return {label: v for (n, label), v in self._sums.items() if n == name}

    def flat(self) -> dict[str, float]:
        """Return all sums as `name` or `name:label`, for flushing."""
        return {f"{n}:{label}" if label else n: v for (n, label), v in self._sums.items()}


class Latencies:
    """Durations by tier: a histogram since the start, and the newest for percentiles."""

    def __init__(self) -> None:
        self._tiers: defaultdict[str, _Durations] = defaultdict(_Durations)

    def add(self, tier: str, seconds: float) -> None:
        """Take in one duration."""
        durations = self._tiers[tier]
        durations.newest.append(seconds)
        durations.buckets[bisect.bisect_left(BUCKETS_S, seconds)] += 1
        durations.total_s += seconds

    def percentiles_ms(self) -> dict[str, dict[str, float]]:
        """Return p50, p95 and p99 of the newest 2048 durations a tier, in milliseconds."""
        return {tier: _percentiles_ms(list(one.newest)) for tier, one in self._tiers.items()}

    def flat(self) -> dict[str, float]:
        """Return the histogram: a bucket under `tier:bound`, all seconds under `tier:sum`."""
        counts = {
            f"{tier}:{bound}": float(count)
            for tier, one in self._tiers.items()
            for bound, count in zip(BOUNDS, one.buckets, strict=True)
            if count
        }
        return counts | {f"{tier}:{SUM}": one.total_s for tier, one in self._tiers.items()}


class _Durations:
    """Of one tier."""

    __slots__ = ("buckets", "newest", "total_s")

    def __init__(self) -> None:
        self.newest: deque[float] = deque(maxlen=_KEPT)
        self.buckets = [0] * (len(BUCKETS_S) + 1)
        self.total_s = 0.0


def _percentiles_ms(seconds: list[float]) -> dict[str, float]:
    p50, p95, p99 = np.percentile(seconds, [50, 95, 99]) * 1000
    return {"p50": round(p50, 3), "p95": round(p95, 3), "p99": round(p99, 3)}
