"""nearhit stats."""

from typing import Any

from rich.table import Table

from service.cli.client import get
from service.cli.console import OUT, harmless, read_settings, sentences

__all__ = ["run"]


def run(url: str | None, *, as_json: bool) -> None:
    """Print the cache statistics of a running service."""
    with sentences():
        figures = get("/cache/stats", {}, url, read_settings())
    if as_json:
        OUT.print_json(data=figures)
        return
    OUT.print(_tiers(figures["replica"]))
    OUT.print(_sums(figures["replica"], figures["cluster"]))


def _tiers(replica: dict[str, Any]) -> Table:
    table = Table("tier", "answers", "share", "p50 ms", "p95 ms", "p99 ms")
    for tier, figures in replica["tiers"].items():
        times = replica["latency_ms"].get(tier, {})
        row = [f"{times[p]:.1f}" if p in times else "" for p in ("p50", "p95", "p99")]
        table.add_row(harmless(tier), f"{figures['count']:.0f}", f"{figures['share']:.1%}", *row)
    return table


def _sums(replica: dict[str, Any], cluster: dict[str, Any] | None) -> Table:
    table = Table("", "this replica", "all replicas")
    everyone = cluster or {}
    rows = {
        "searches": ("searches",),
        "API calls made": ("api_calls", "made"),
        "API calls avoided": ("api_calls", "avoided"),
        "entries": ("entries",),
        "photo bytes": ("photo_bytes",),
        "store bytes": ("store_bytes",),
    }
    for name, path in rows.items():
        table.add_row(name, _cell(replica, path), _cell(everyone, path))
    return table


def _cell(figures: dict[str, Any], path: tuple[str, ...]) -> str:
    value: Any = figures
    for part in path:
        value = value.get(part, {})
    return f"{value:,.0f}" if isinstance(value, int | float) else ""
