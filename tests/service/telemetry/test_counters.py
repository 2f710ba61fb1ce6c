"""Counting and timing in one process."""

import pytest

from service.telemetry.counters import Counters, Latencies


def test_sums_grow_by_label():
    """Each label value has a sum of its own."""
    counters = Counters()
    counters.add("nearhit_searches", "exact")
    counters.add("nearhit_searches", "exact", 2)
    counters.add("nearhit_searches", "pool")

    assert counters.labels("nearhit_searches") == {"exact": 3, "pool": 1}
    assert counters.flat() == {"nearhit_searches:exact": 3, "nearhit_searches:pool": 1}


@pytest.mark.parametrize(
    ("name", "label"),
    [("nearhit_surprises", ""), ("nearhit_searches", ""), ("nearhit_unstored_answers", "x")],
)
def test_only_names_and_labels_of_the_table_are_counted(name: str, label: str):
    """A misspelt metric is a mistake at once, not a figure nobody finds."""
    with pytest.raises(KeyError):
        Counters().add(name, label)


def test_percentiles_are_of_the_newest_durations():
    """Old times make room for new ones."""
    latencies = Latencies()
    for _ in range(3000):
        latencies.add("pool", 9.0)
    for _ in range(2048):
        latencies.add("pool", 0.010)

    assert latencies.percentiles_ms() == {"pool": {"p50": 10.0, "p95": 10.0, "p99": 10.0}}


def test_the_histogram_counts_every_duration_ever():
    """A duration on a bound belongs to it, and what is above the last has a bucket too."""
    latencies = Latencies()
    for seconds in (0.0005, 0.001, 0.3, 99.0):
        latencies.add("pool", seconds)

    flat = latencies.flat()

    assert flat.pop("pool:sum") == pytest.approx(99.3015)
    assert flat == {"pool:0.001": 2, "pool:0.5": 1, "pool:+Inf": 1}
