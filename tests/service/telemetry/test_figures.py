"""Figures of several processes, joined, and shown to Prometheus."""

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.telemetry.counters import Counters, Latencies
from service.telemetry.figures import Figures, join
from service.telemetry.metrics import BUCKETS_S, READINGS
from service.telemetry.prometheus import render

BOUNDS = ("0.001", "0.25", "0.5", "30.0", "+Inf")


def of_seconds(*seconds: float) -> Figures:
    """Return the figures of a process that answered these searches."""
    latencies = Latencies()
    for one in seconds:
        latencies.add("pool", one)
    return Figures.of(Counters(), latencies, {})


def samples(figures: Figures) -> dict[str, float]:
    """Return what Prometheus reads, by name and label values in order of the labels."""
    families = text_string_to_metric_families(render(figures).decode())
    return {
        ":".join(
            [sample.name, *(value for _, value in sorted(sample.labels.items()))]
        ): sample.value
        for family in families
        for sample in family.samples
    }


def test_what_grows_adds_up_by_label():
    """Counts of two processes under one label are one count."""
    one = Figures({"nearhit_searches:exact": 2, "nearhit_unstored_answers": 1})
    other = Figures({"nearhit_searches:exact": 3, "nearhit_searches:pool": 1})

    joined = join([one, other])

    assert joined.labels("nearhit_searches") == {"exact": 5, "pool": 1}
    assert joined.get("nearhit_unstored_answers") == 1


@pytest.mark.parametrize(
    ("name", "joined"),
    [
        ("nearhit_entries", 5),
        ("nearhit_photo_bytes", 5),
        ("nearhit_store_bytes", 5),
        ("nearhit_journal_lag", 5),
        ("nearhit_vector_bytes", 8),
        ("nearhit_pools_in_memory", 8),
        ("nearhit_fetches", 8),
        ("nearhit_workers", 8),
    ],
)
def test_a_gauge_is_summed_unless_all_look_at_the_same(name: str, joined: int):
    """Memory adds up; entries, files and the store are the same for every worker."""
    assert not READINGS[name].grows
    assert join([Figures({name: 3}), Figures({name: 5})]).get(name) == joined


def test_of_an_ended_process_only_what_grows_is_left():
    """It has no entries any more, and has answered all the same."""
    figures = Figures(
        {"nearhit_searches:exact": 2, "nearhit_search_seconds:exact:0.5": 2, "nearhit_entries": 7}
    )

    assert set(figures.growing().values) == {
        "nearhit_searches:exact",
        "nearhit_search_seconds:exact:0.5",
    }


def test_a_metric_of_another_version_is_left_out():
    """Joined figures hold nothing that the table does not have."""
    assert join([Figures({"nearhit_searches:exact": 1, "nearhit_dreams": 4})]).values == {
        "nearhit_searches:exact": 1
    }


def test_joined_latencies_are_one_histogram():
    """Prometheus sees the durations of both, cumulated, on a bound and above the last too."""
    shown = samples(join([of_seconds(0.0005, 0.001), of_seconds(0.3, 99.0)]))

    counts = {bound: shown[f"nearhit_search_seconds_bucket:{bound}:pool"] for bound in BOUNDS}
    assert counts == {"0.001": 2, "0.25": 2, "0.5": 3, "30.0": 3, "+Inf": 4}
    assert shown["nearhit_search_seconds_count:pool"] == 4
    assert shown["nearhit_search_seconds_sum:pool"] == pytest.approx(99.3015)


def test_figures_of_nothing_are_well_formed():
    """A service that has just started can be scraped."""
    assert samples(Figures({}))["nearhit_unstored_answers_total"] == 0


def test_percentiles_of_a_histogram_lie_in_the_right_bucket():
    """However durations are spread, a percentile is off by its bucket's width at most."""
    seconds = np.random.default_rng(7).lognormal(-3, 2, 5000).clip(0, 29)

    histogram = of_seconds(*seconds).histograms()["pool"]

    bounds = (0.0, *BUCKETS_S)
    for name, share in (("p50", 50), ("p95", 95), ("p99", 99)):
        true_s = np.percentile(seconds, share, method="inverted_cdf")
        bucket = np.searchsorted(bounds, true_s)
        shown_s = histogram.percentiles_ms()[name] / 1000
        assert bounds[bucket - 1] <= shown_s <= bounds[bucket]


def test_a_percentile_is_interpolated_in_its_bucket():
    """Half of ten durations between 10 and 25 ms is shown half the way."""
    (histogram,) = of_seconds(*[0.02] * 10).histograms().values()

    assert histogram.percentiles_ms()["p50"] == 17.5


def test_a_percentile_above_the_last_bound_is_that_bound():
    """What took longer than 30 s is shown as 30 s."""
    (histogram,) = of_seconds(45.0).histograms().values()

    assert histogram.percentiles_ms()["p99"] == 30_000
