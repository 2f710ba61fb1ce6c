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

from service.telemetry.counters import Counters, Latencies
from service.telemetry.metrics import COUNTERS, GAUGES, LATENCY

__all__ = ["Exposition"]

Gauges = Mapping[tuple[str, str], float]


class Exposition(Collector):
    """
    Renders counters, latencies and gauges; holds no figure of its own.

    Args:
        counters: Sums.
        latencies: Durations by tier.
        gauges: Called at every rendering; returns values by (name, label value).
    """

    def __init__(
        self, counters: Counters, latencies: Latencies, gauges: Callable[[], Gauges]
    ) -> None:
        self._counters = counters
        self._latencies = latencies
        self._gauges = gauges
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def render(self) -> bytes:
        """Return the whole exposition in text format 0.0.4."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric of the table."""
        yield from self._collect_counters()
        yield from self._collect_gauges()
        histogram = HistogramMetricFamily(LATENCY.name, LATENCY.help, labels=[LATENCY.label])
        for tier, (buckets, total) in self._latencies.histograms().items():
            histogram.add_metric([tier], buckets, total)
        yield histogram

    def _collect_counters(self) -> Iterator[Metric]:
        for metric in COUNTERS.values():
            labels = [metric.label] if metric.label else []
            family = CounterMetricFamily(metric.name, metric.help, labels=labels)
            sums = self._counters.labels(metric.name) or ({} if labels else {"": 0.0})
            for label, value in sums.items():
                family.add_metric([label] if labels else [], value)
            yield family

    def _collect_gauges(self) -> Iterator[Metric]:
        values = self._gauges()
        for metric in GAUGES.values():
            labels = [metric.label] if metric.label else []
            family = GaugeMetricFamily(metric.name, metric.help, labels=labels)
            for (name, label), value in values.items():
                if name == metric.name:
                    family.add_metric([label] if labels else [], value)
            yield family
