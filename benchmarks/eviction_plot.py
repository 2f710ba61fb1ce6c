"""The picture of the study of eviction."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot"]

Rates = Mapping[str, Mapping[str, float]]

_OURS, _GREY, _INK = "#0b6e99", "#9aa3ab", "#30373d"
_SHOWN = {"LRU": "o", "SIEVE": "^", "S3-FIFO": "s"}
_LINES = ("-", "--", ":")


def plot(file: Path, policies: Rates, lives: Rates) -> None:
    """
    Draw hit rates by policy, and ours over LRU's by half-life, into a PNG file.

    Args:
        file: Where to.
        policies: Hit rates by stream and policy.
        lives: Hit rates by stream and half-life ("4 h"), and LRU's.
    """
    from matplotlib import pyplot  # noqa: PLC0415 - slow to import, needed once

    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(10, 4), layout="constrained", width_ratios=(3, 2)
    )
    _policies(left, policies)
    _lives(right, lives)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=_INK)
    figure.savefig(file, dpi=150)
    pyplot.close(figure)


def _policies(axes: "Axes", policies: Rates) -> None:
    rows = range(len(policies))
    values = {
        name: [row[name] * 100 for row in policies.values()]
        for name in next(iter(policies.values()))
    }
    axes.hlines(rows, values["LRU"], values["ours"], color=_GREY, linewidth=1, zorder=1)
    for name, marker in _SHOWN.items():
        axes.scatter(
            values[name],
            rows,
            s=34,
            marker=marker,
            facecolor="white",
            edgecolor=_INK,
            label=name,
            zorder=2,
        )
    axes.scatter(values["ours"], rows, s=60, color=_OURS, label="nearhit", zorder=3)
    axes.scatter(
        values["knowing"], rows, s=90, marker="|", color=_INK, label="knows what is popular"
    )
    axes.set_yticks(rows, list(policies))
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("hits, % of requests")
    axes.set_title("Room for 5 % of the queries, a third of the uses seen", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)


def _lives(axes: "Axes", lives: Rates) -> None:
    for (name, row), line in zip(lives.items(), _LINES, strict=True):
        hours = [float(life.removesuffix(" h")) for life in row if life != "LRU"]
        over = [rate / row["LRU"] for life, rate in row.items() if life != "LRU"]
        axes.plot(hours, over, line, color=_OURS, marker="o", markersize=3, label=name)
    axes.axhline(1, color=_GREY, linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_xticks(hours, [f"{h:g}" for h in hours])
    axes.set_xlabel("half-life, hours")
    axes.set_title("Hits as a multiple of LRU's", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)
