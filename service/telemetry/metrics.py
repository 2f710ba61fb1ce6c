"""The table of metrics: every name the service counts or measures under."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["BOUNDS", "BUCKETS_S", "COUNTERS", "LATENCY", "METRICS", "READINGS", "SUM", "Metric"]


@dataclass(frozen=True, slots=True)
class Metric:
    """
    One name of the table.

    Args:
        name: Prometheus name, without the suffix `_total`.
        help: What it counts, in a sentence.
        label: Name of its one label; empty where it has none.
        grows: Whether it only grows while the process lives.
        joined: What several processes' values come to: their sum, or the
            largest where all look at the same thing. What grows is summed.
    """

    name: str
    help: str
    label: str = ""
    grows: bool = True
    joined: Literal["sum", "largest"] = "sum"


LATENCY = Metric("nearhit_search_seconds", "Time from request to answer.", "tier")

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the latency histogram, in seconds: from an exact hit to a cold tag."""

BOUNDS = (*(str(bound) for bound in BUCKETS_S), "+Inf")
"""The same as texts, with the last bucket's, which has no bound."""

SUM = "sum"
"""What stands in a bound's place for the seconds of all."""

COUNTERS = {
    metric.name: metric
    for metric in (
        Metric("nearhit_searches", "Answered searches by tier.", "tier"),
        Metric("nearhit_problems", "Requests answered with a problem, by its type.", "type"),
        Metric("nearhit_api_calls", "Searches asked of the photo source, by outcome.", "outcome"),
        Metric(
            "nearhit_api_calls_avoided",
            "Hits whose tag had no warm pool, so that the source would have been asked.",
        ),
        Metric("nearhit_photos", "Photos of fetched pools, by what became of them.", "outcome"),
        Metric(
            "nearhit_encoder_seconds_avoided",
            "Encoder time that would have come next, had there been no hit.",
        ),
        Metric("nearhit_store_failures", "Calls the store did not answer.", "call"),
        Metric("nearhit_unstored_answers", "Fresh rankings that could not be remembered."),
    )
}


def _same(name: str, sentence: str) -> Metric:
    """Return a gauge that all processes read off the same thing."""
    return Metric(name, sentence, grows=False, joined="largest")


READINGS = {
    metric.name: metric
    for metric in (
        Metric("nearhit_workers", "Processes that answer searches.", grows=False),
        _same("nearhit_entries", "Entries remembered."),
        Metric("nearhit_vector_bytes", "Bytes of vectors in the index.", grows=False),
        _same("nearhit_pools", "Pools known, whichever replica has fetched them."),
        Metric("nearhit_pools_in_memory", "Pools decoded in memory.", grows=False),
        _same("nearhit_photo_bytes", "Bytes of photo files kept."),
        _same("nearhit_store_bytes", "Bytes the store takes."),
        _same("nearhit_journal_lag", "Journal records not applied yet."),
        Metric("nearhit_journal_rebuilds", "Times the journal turned out to be another one."),
        Metric("nearhit_outbox_waiting", "Fresh rankings that wait for the store.", grows=False),
        Metric("nearhit_outbox", "Fresh rankings that waited, by what came of it.", "outcome"),
        Metric("nearhit_evicted", "What was evicted for all replicas.", "kind"),
        Metric("nearhit_fetches", "Pools being fetched or waiting for it.", grows=False),
        Metric("nearhit_encoder_waiting", "Texts and photos that wait.", "model", grows=False),
        Metric("nearhit_encoder_seconds", "Time spent in a model.", "model"),
        Metric("nearhit_encoded_items", "Texts and photos encoded.", "model"),
        Metric("nearhit_invalid_records", "Stored records and rankings that cannot be read."),
        Metric(
            "nearhit_figure_failures",
            "Files in which workers share their figures, not written or not read.",
            "call",
        ),
    )
}
"""What is read off the running parts, rather than counted here."""

METRICS = COUNTERS | READINGS | {LATENCY.name: LATENCY}
