"""The picture of the study of eviction."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot"]

Rates = Mapping[str, Mapping[str, float]]

_OURS, _GREY, _INK = "#4aa3d1", "#aab2b9", "#30373d"
_RIVALS = {"LRU": "o", "SIEVE": "^", "S3-FIFO": "s"}
_SEEN = {"all uses seen": "all", "a third of them": "a third", "a tenth": "a tenth", "none": "none"}


def plot(file: Path, streams: Rates, circumstances: Rates) -> None:
    """
    Draw hit rates by stream, and by how many uses are seen, into a PNG file.

    Args:
        file: Where to.
        streams: Hit rates by stream and policy.
        circumstances: Hit rates by what the evicting replica sees, and policy.
    """
    from matplotlib import pyplot  # noqa: PLC0415 - slow to import, needed once

    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(10, 4.2), layout="constrained", width_ratios=(3, 2)
    )
    _by_stream(left, streams)
    _by_seen(right, circumstances)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=_INK, labelsize=9)
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False
    )
    figure.savefig(file, dpi=150)
    pyplot.close(figure)


def _by_stream(axes: "Axes", streams: Rates) -> None:
    rows = range(len(streams))
    percent = {
        name: [row[name] * 100 for row in streams.values()]
        for name in (*_RIVALS, "nearhit", "foresight")
    }
    axes.hlines(rows, percent["LRU"], percent["nearhit"], color=_GREY, linewidth=1, zorder=1)
    for name, marker in _RIVALS.items():
        axes.scatter(
            percent[name],
            rows,
            34,
            marker=marker,
            color="none",
            edgecolor=_INK,
            label=name,
            zorder=3,
        )
    axes.scatter(percent["nearhit"], rows, 70, color=_OURS, label="nearhit", zorder=2)
    axes.scatter(percent["foresight"], rows, 90, marker="|", color=_INK, label="perfect foresight")
    axes.set_yticks(rows, list(streams))
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("hits, % of requests", fontsize=9)
    axes.set_title("Room for 5 % of the queries, a third of the uses seen", fontsize=10)


def _by_seen(axes: "Axes", circumstances: Rates) -> None:
    for name, marker in _RIVALS.items():
        rates = [circumstances[seen][name] * 100 for seen in _SEEN]
        axes.plot(rates, marker=marker, color=_GREY, markerfacecolor="white", markeredgecolor=_INK)
    axes.plot(
        [circumstances[seen]["nearhit"] * 100 for seen in _SEEN], marker="o", color=_OURS, lw=2
    )
    axes.set_xticks(range(len(_SEEN)), list(_SEEN.values()))
    axes.set_xlabel("uses that the evicting replica sees", fontsize=9)
    axes.set_ylabel("hits, % of requests", fontsize=9)
    axes.set_title("Zipf 0.9, by what is seen", fontsize=10)
