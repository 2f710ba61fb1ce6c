"""The counters in Prometheus' text format."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from service.telemetry import metrics
from service.telemetry.counters import Counters, Latencies
from service.telemetry.metrics import COUNTERS, LATENCY, READINGS

__all__ = ["Exposition"]

Readings = Mapping[tuple[str, str], float]


class Exposition(Collector):
    """
    Renders counters, latencies and readings; holds no figure of its own.

    Args:
        counters: Sums.
        latencies: Durations by tier.
        readings: Called at every rendering; returns values by (name, label value).
    """

    def __init__(
        self, counters: Counters, latencies: Latencies, readings: Callable[[], Readings]
    ) -> None:
        self._counters = counters
        self._latencies = latencies
        self._readings = readings
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def render(self) -> bytes:
        """Return the whole exposition in text format 0.0.4."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric of the table."""
        for metric in COUNTERS.values():
            yield _family(metric, self._counters.labels(metric.name))
        readings = self._readings()
        for metric in READINGS.values():
            values = {label: v for (name, label), v in readings.items() if name == metric.name}
            yield _family(metric, values)
        histogram = HistogramMetricFamily(LATENCY.name, LATENCY.help, labels=[LATENCY.label])
        for tier, (buckets, total) in self._latencies.histograms().items():
            histogram.add_metric([tier], buckets, total)
        yield histogram


def _family(metric: metrics.Metric, values: Mapping[str, float]) -> Metric:
    family_of = CounterMetricFamily if metric.grows else GaugeMetricFamily
    family = family_of(metric.name, metric.help, labels=[metric.label] if metric.label else [])
    if not metric.label:
        values = values or {"": 0.0}
    for label, value in values.items():
        family.add_metric([label] if metric.label else [], value)
    return family
