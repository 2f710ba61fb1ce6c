"""nearhit stats."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from service.cli.client import get
from service.cli.console import OUT, harmless, read_settings, sentences

__all__ = ["run"]

_ROWS = {
    "searches": ("searches",),
    "API calls made": ("api_calls", "made"),
    "API calls avoided": ("api_calls", "avoided"),
    "encoder seconds spent": ("encoder_seconds", "spent"),
    "encoder seconds avoided": ("encoder_seconds", "avoided"),
    "entries": ("entries",),
    "vector bytes": ("vector_bytes",),
    "pools": ("pools",),
    "pools in memory": ("pools_in_memory",),
    "photo bytes": ("photo_bytes",),
    "store bytes": ("store_bytes",),
    "photos": ("photos",),
    "problems": ("problems",),
    "store failures": ("store_failures",),
    "unstored answers": ("unstored_answers",),
    "unstored answers, since then": ("outbox",),
    "evicted": ("evicted",),
    "invalid records": ("invalid_records",),
    "journal lag": ("journal", "lag"),
    "journal rebuilds": ("journal", "rebuilds"),
}
"""What stands in the second table, and where in the figures; counts by label have a row each."""

_PERCENTILES = ("p50", "p95", "p99")


def run(url: str | None, *, as_json: bool) -> None:
    """Print the cache statistics of a running service."""
    with sentences():
        figures = get("/cache/stats", {}, url, read_settings())
    if as_json:
        OUT.print_json(data=figures)
        return
    replica, cluster = figures["replica"], figures["cluster"] or {}
    OUT.print(_tiers("This replica", replica))
    if cluster:
        OUT.print(_tiers("All replicas", cluster))
    OUT.print(_sums(replica, cluster))
    if replica.get("encoders"):
        OUT.print(_encoders(replica["encoders"]))


def _tiers(title: str, part: Mapping[str, Any]) -> Table:
    heads = ("tier", "answers", "share", *(f"{p} ms" for p in _PERCENTILES))
    table = Table(*heads, title=title, title_justify="left")
    for tier, figures in part["tiers"].items():
        times = part["latency_ms"].get(tier, {})
        row = [f"{times[p]:.1f}" if p in times else "" for p in _PERCENTILES]
        table.add_row(harmless(tier), f"{figures['count']:.0f}", f"{figures['share']:.1%}", *row)
    return table


def _sums(replica: Mapping[str, Any], cluster: Mapping[str, Any]) -> Table:
    table = Table("", "this replica", _everyone(cluster))
    for name, path in _ROWS.items():
        here, everywhere = _at(replica, path), _at(cluster, path)
        for label in dict.fromkeys([*here, *everywhere]):
            title = f"{name}: {label}" if label else name
            table.add_row(harmless(title), _cell(here.get(label)), _cell(everywhere.get(label)))
    return table


def _encoders(models: Mapping[str, Any]) -> Table:
    heads = ("model", "items", "a batch", "waiting", "waits ms", "p99", "a batch takes ms", "p99")
    table = Table(*heads, title="Encoders of this replica", title_justify="left")
    for model, figures in models.items():
        times = [figures[of][p] for of in ("waits_ms", "runs_ms") for p in ("p50", "p99")]
        mean = figures["mean_batch"]
        table.add_row(
            harmless(model),
            _cell(figures["items"]),
            f"{mean:.1f}" if mean else "",
            _cell(figures["waiting"]),
            *(f"{ms:.1f}" if mean else "" for ms in times),
        )
    return table


def _everyone(cluster: Mapping[str, Any]) -> str:
    live, age_s = cluster.get("replicas"), cluster.get("age_s")
    return f"all replicas: {live}, {age_s:.1f} s ago" if live and age_s is not None else "all"


def _at(figures: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Return a row's figures by label; a single figure has the label of none."""
    value: Any = figures
    for part in path:
        value = value.get(part, {})
    return value if isinstance(value, dict) else {"": value}


def _cell(number: object) -> str:
    return f"{number:,.0f}" if isinstance(number, int | float) else ""
