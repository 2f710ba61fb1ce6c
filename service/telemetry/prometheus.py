"""Figures in Prometheus' text format."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from service.telemetry import metrics
from service.telemetry.figures import Figures
from service.telemetry.metrics import COUNTERS, LATENCY, READINGS

__all__ = ["render"]


def render(figures: Figures) -> bytes:
    """Return every metric of the table in text format 0.0.4."""
    registry = CollectorRegistry()
    registry.register(_Exposition(figures))
    return generate_latest(registry)


class _Exposition(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        for metric in (COUNTERS | READINGS).values():
            yield self._family(metric)
        histogram = HistogramMetricFamily(LATENCY.name, LATENCY.help, labels=[LATENCY.label])
        for tier, durations in self._figures.histograms().items():
            histogram.add_metric([tier], durations.cumulative, durations.total_s)
        yield histogram

    def _family(self, metric: metrics.Metric) -> Metric:
        family_of = CounterMetricFamily if metric.grows else GaugeMetricFamily
        family = family_of(metric.name, metric.help, labels=[metric.label] if metric.label else [])
        if not metric.label:
            family.add_metric([], self._figures.get(metric.name))
        for label, value in self._figures.labels(metric.name).items():
            family.add_metric([label], value)
        return family
