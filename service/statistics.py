"""What `/cache/stats` says, from counters and readings."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.telemetry.counters import Counters, Latencies
from service.tiers import Thresholds, Tier

__all__ = ["Sums", "cluster", "flushed", "replica", "thresholds"]

_LIVE_S = 10.0
_SEARCHES = "nearhit_searches"
_SPENT = "nearhit_encoder_seconds"


@dataclass(frozen=True, slots=True)
class Sums:
    """
    One process's figures.

    Args:
        counters: What only grows.
        latencies: Times by tier.
        readings: What is read off the running parts, by (name, label value).
    """

    counters: Counters
    latencies: Latencies
    readings: Mapping[tuple[str, str], float]

    def reading(self, name: str) -> float:
        """Return a reading that has no label; 0 until the service runs."""
        return self.readings.get((name, ""), 0)


def replica(sums: Sums) -> dict[str, Any]:
    """Return the figures of this process since it started."""
    counters = sums.counters
    spent = {
        label: round(seconds, 3)
        for (name, label), seconds in sums.readings.items()
        if name == _SPENT
    }
    return {
        **_searches(counters.labels(_SEARCHES)),
        "latency_ms": sums.latencies.percentiles_ms(),
        "entries": sums.reading("nearhit_entries"),
        "vector_bytes": sums.reading("nearhit_vector_bytes"),
        "pools_in_memory": sums.reading("nearhit_pools_in_memory"),
        "store_bytes": sums.reading("nearhit_store_bytes"),
        "photo_bytes": sums.reading("nearhit_photo_bytes"),
        "photos": counters.labels("nearhit_photos"),
        "api_calls": {
            "made": _calls_made(counters.labels("nearhit_api_calls")),
            "avoided": counters.get("nearhit_api_calls_avoided"),
        },
        "encoder_seconds": {
            "spent": spent,
            "avoided": round(counters.get("nearhit_encoder_seconds_avoided"), 3),
        },
        # No hit is audited in this version, so every semantic hit lacks a label.
        "audits": {"n": 0, "mean_lift_kept": None, "interval": None},
        "unlabelled_hits": counters.get(_SEARCHES, Tier.SEMANTIC),
        "problems": counters.labels("nearhit_problems"),
        "store_failures": counters.labels("nearhit_store_failures"),
        "unstored_answers": counters.get("nearhit_unstored_answers"),
    }


def flushed(counters: Counters, readings: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Return what a process tells the others: its counters, and the time its models took."""
    spent = {f"{_SPENT}:{label}": v for (name, label), v in readings.items() if name == _SPENT}
    return counters.flat() | spent


def cluster(flushes: Mapping[str, tuple[float, Mapping[str, float]]], now: float) -> dict[str, Any]:
    """
    Return the sums of all processes.

    Args:
        flushes: What each process flushed last, with its wall time. Processes
            that have ended still count in the sums, not among the replicas.
        now: Wall time.
    """
    ages_s = [now - at for at, _ in flushes.values() if now - at < _LIVE_S]
    sums: Counter[str] = Counter()
    for _, counters in flushes.values():
        sums.update(counters)
    return {
        "replicas": len(ages_s),
        "age_s": round(max(ages_s), 3) if ages_s else None,
        **_searches(_labelled(sums, _SEARCHES)),
        "api_calls": {
            "made": _calls_made(_labelled(sums, "nearhit_api_calls")),
            "avoided": sums["nearhit_api_calls_avoided"],
        },
        "encoder_seconds": {
            "spent": {k: round(v, 3) for k, v in _labelled(sums, _SPENT).items()},
            "avoided": round(sums["nearhit_encoder_seconds_avoided"], 3),
        },
    }


def thresholds(in_force: Thresholds) -> list[dict[str, Any]]:
    """Return the thresholds in force: version 0, the settings', until a certificate is earned."""
    return [
        {"relation": relation.value, "min_similarity": least, "certificate": None, "version": 0}
        for relation, least in in_force.items()
    ]


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


def _calls_made(by_outcome: Mapping[str, float]) -> float:
    """Return the calls that cost the source an answer; what its quota refuses does not."""
    return by_outcome.get("answered", 0) + by_outcome.get("failed", 0)


def _labelled(sums: Mapping[str, float], name: str) -> dict[str, float]:
    prefix = f"{name}:"
    return {k.removeprefix(prefix): v for k, v in sums.items() if k.startswith(prefix)}
