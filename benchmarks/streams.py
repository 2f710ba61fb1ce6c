"""Streams of queries as they might be asked, for the study of eviction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY_S", "HOUR_S", "Stream", "Zipf", "draw", "sample"]

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S

_EPOCHS_A_LIFE = 24

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """
    Queries one after another.

    Args:
        keys: Which query is asked, from 0, int64, shape (n,).
        times: When, seconds from the start, ascending, float64, shape (n,).
    """

    keys: Ints
    times: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Zipf:
    """
    What queries are asked: by Zipf's law, the one of rank r in proportion to r^-exponent.

    Args:
        exponent: The larger, the more of the requests are for few queries.
        life_s: How long a query keeps its rank: every twenty-fourth of it, a twenty-fourth
            of the ranks is dealt again among those who hold them.
        lone: Share of the requests, drawn by chance, that are for queries without a rank.
        asked: How often each of those is asked, within an hour and then never again.
    """

    exponent: float
    life_s: float = np.inf
    lone: float = 0.0
    asked: int = 1


def draw(kind: Zipf, *, distinct: int, requests: int, days: int, seed: int) -> Stream:
    """
    Draw a stream.

    Args:
        kind: What is asked.
        distinct: How many queries have a rank; their keys come first.
        requests: How many requests there are, spread evenly.
        days: How long the stream lasts.
        seed: Of all chance.
    """
    chance = np.random.default_rng(seed)
    shares = np.arange(1.0, distinct + 1) ** -kind.exponent
    borders = np.cumsum(shares / shares.sum())[:-1]
    times = np.sort(chance.random(requests) * days * DAY_S)
    ranks = np.searchsorted(borders, chance.random(requests), side="right")
    epoch_s = min(kind.life_s / _EPOCHS_A_LIFE, days * DAY_S)
    holders = _deal(distinct, int(np.ceil(days * DAY_S / epoch_s)), chance)
    keys = holders[(times / epoch_s).astype(np.int64), ranks]
    lone = chance.random(requests) < kind.lone
    keys[lone] = distinct + _bursts(times[lone], kind.asked, chance)
    return Stream(keys, times)


def _deal(distinct: int, epochs: int, chance: np.random.Generator) -> Ints:
    """Return which query has which rank in each epoch, shape (epochs, distinct)."""
    holders = np.empty((epochs, distinct), np.int64)
    holders[0] = chance.permutation(distinct)
    turn = chance.permutation(distinct) % _EPOCHS_A_LIFE
    for epoch in range(1, epochs):
        holders[epoch] = holders[epoch - 1]
        dealt = np.flatnonzero(turn == epoch % _EPOCHS_A_LIFE)
        holders[epoch, dealt] = holders[epoch, chance.permutation(dealt)]
    return holders


def _bursts(times: NDArray[np.float64], asked: int, chance: np.random.Generator) -> Ints:
    """Return keys from 0, each for so many of the times, all within one hour."""
    hours = times // HOUR_S
    order = np.lexsort((chance.random(len(times)), hours))
    first = np.searchsorted(hours, hours)  # where the hour of each begins
    keys = np.empty(len(times), np.int64)
    keys[order] = first + (np.arange(len(times)) - first) // asked
    return keys


def sample(stream: Stream, share: float, *, seed: int, by_query: bool = False) -> NDArray[np.bool_]:
    """
    Draw which requests one of several replicas serves, shape (n,).

    Args:
        stream: All requests.
        share: The replica's share of the requests, or of the queries.
        seed: Of the chance.
        by_query: Whether the balancer sends a query to the same replica always.
    """
    chance = np.random.default_rng(seed)
    if by_query:
        return (chance.random(int(stream.keys.max()) + 1) < share)[stream.keys]
    return chance.random(len(stream.keys)) < share
