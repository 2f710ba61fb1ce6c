"""What `/cache/stats` says: the figures of this process, and those of all that share its store."""

from collections.abc import Mapping
from typing import Any

from service.encoders.figures import KindStatistics, Times
from service.telemetry.counters import Latencies
from service.telemetry.figures import Figures, join
from service.tiers import Thresholds, Tier

__all__ = ["cluster", "encoders", "flushed", "replica", "thresholds"]

_LIVE_S = 10.0
_SEARCHES = "nearhit_searches"
_PHOTO_BYTES = "nearhit_photo_bytes"

Flushes = Mapping[str, tuple[float, Mapping[str, float]]]
"""By replica: the wall time of its last flush, and what it flushed."""


def replica(figures: Figures, latencies: Latencies) -> dict[str, Any]:
    """Return the figures of this process since it started; latencies are of its newest searches."""
    return _shown(figures, latencies.percentiles_ms())


def flushed(figures: Figures, photo_folder: str) -> Mapping[str, float]:
    """
    Return what a process tells the others, for `cluster`.

    Args:
        figures: Its own.
        photo_folder: A name of its photo folder that is another on another machine.
    """
    return {
        f"{key}:{photo_folder}" if key == _PHOTO_BYTES else key: value
        for key, value in figures.values.items()
    }


def cluster(flushes: Flushes, now: float) -> dict[str, Any]:
    """
    Return the figures of all processes, as `replica` has them of one.

    What processes counted adds up, of those that have ended too. What they hold
    counts while they live: memory adds up, entries and the store are the same
    for all, photos are counted once a folder. Latencies come from the
    histograms of all processes, so from the whole time, and are less exact
    than a replica's: see `Histogram.percentiles_ms`.

    Args:
        flushes: What each process flushed last; who has flushed nothing for ten
            seconds has ended.
        now: Wall time.
    """
    ages_s = {name: max(0.0, now - at) for name, (at, _) in flushes.items()}
    live = {name for name, age_s in ages_s.items() if age_s < _LIVE_S}
    told = {name: Figures(values) for name, (_, values) in flushes.items()}
    joined = join(one if name in live else one.growing() for name, one in told.items())
    oldest_s = max((ages_s[name] for name in live), default=None)
    histograms = joined.histograms().items()
    return {
        "replicas": len(live),
        "age_s": None if oldest_s is None else round(oldest_s, 3),
        **_shown(joined, {tier: one.percentiles_ms() for tier, one in histograms if one.total}),
    }


def thresholds(in_force: Thresholds) -> list[dict[str, Any]]:
    """Return the thresholds in force: version 0, the settings', until a certificate is earned."""
    return [
        {"relation": relation.value, "min_similarity": least, "certificate": None, "version": 0}
        for relation, least in in_force.items()
    ]


def encoders(kinds: Mapping[str, KindStatistics]) -> dict[str, Any]:
    """Return how this process's encoders keep up: batches since the start, newest times."""
    return {name: _kept_up(figures) for name, figures in kinds.items()}


def _kept_up(figures: KindStatistics) -> dict[str, Any]:
    tried = sum(size * count for size, count in figures.sizes.items())
    return {
        "waiting": figures.waiting,
        "batches": figures.batches,
        "items": figures.items,
        "mean_batch": round(tried / figures.batches, 2) if figures.batches else None,
        "sizes": {str(size): count for size, count in figures.sizes.items()},
        "waits_ms": _times_ms(figures.waits),
        "runs_ms": _times_ms(figures.runs),
    }


def _times_ms(times: Times) -> dict[str, float]:
    return {"p50": round(times.p50_s * 1000, 3), "p99": round(times.p99_s * 1000, 3)}


def _shown(figures: Figures, latency_ms: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    searches = figures.labels(_SEARCHES)
    return {
        **_searches(searches),
        "latency_ms": latency_ms,
        "entries": figures.get("nearhit_entries"),
        "vector_bytes": figures.get("nearhit_vector_bytes"),
        "pools": figures.get("nearhit_pools"),
        "pools_in_memory": figures.get("nearhit_pools_in_memory"),
        "store_bytes": figures.get("nearhit_store_bytes"),
        "photo_bytes": _photo_bytes(figures),
        "photos": figures.labels("nearhit_photos"),
        "api_calls": {
            "made": _calls_made(figures.labels("nearhit_api_calls")),
            "avoided": figures.get("nearhit_api_calls_avoided"),
        },
        "encoder_seconds": {
            "spent": _rounded(figures.labels("nearhit_encoder_seconds")),
            "avoided": round(figures.get("nearhit_encoder_seconds_avoided"), 3),
        },
        # No hit is audited in this version, so every semantic hit lacks a label.
        "audits": {"n": 0, "mean_lift_kept": None, "interval": None},
        "unlabelled_hits": searches.get(Tier.SEMANTIC, 0),
        "problems": figures.labels("nearhit_problems"),
        "store_failures": figures.labels("nearhit_store_failures"),
        "unstored_answers": figures.get("nearhit_unstored_answers"),
        "invalid_records": figures.get("nearhit_invalid_records"),
        "outbox": {
            "waiting": figures.get("nearhit_outbox_waiting"),
            **figures.labels("nearhit_outbox"),
        },
        "evicted": figures.labels("nearhit_evicted"),
        "journal": {
            "lag": figures.get("nearhit_journal_lag"),
            "rebuilds": figures.get("nearhit_journal_rebuilds"),
        },
    }


def _searches(by_tier: Mapping[str, float]) -> dict[str, Any]:
    total = sum(by_tier.values())
    tiers = {
        tier.value: {
            "count": by_tier.get(tier, 0),
            "share": round(by_tier.get(tier, 0) / total, 4) if total else 0.0,
        }
        for tier in Tier
    }
    return {"searches": total, "tiers": tiers}


def _photo_bytes(figures: Figures) -> float:
    """Return the bytes of this process's folder, or of all folders that were told by name."""
    return figures.get(_PHOTO_BYTES) + sum(figures.labels(_PHOTO_BYTES).values())


def _calls_made(by_outcome: Mapping[str, float]) -> float:
    """Return the calls that cost the source an answer; what its quota refuses does not."""
    return by_outcome.get("answered", 0) + by_outcome.get("failed", 0)


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {label: round(value, 3) for label, value in seconds.items()}
