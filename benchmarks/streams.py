"""Streams of queries with a known popularity, for the study of eviction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY_S", "HOUR_S", "Stream", "Zipf", "draw", "sample"]

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S

_EPOCHS_A_LIFE = 24

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """
    Queries one after another.

    Args:
        keys: Which query is asked, int64, shape (n,).
        queries: How many there are.
        times: When, seconds from the start, ascending, shape (n,).
        epoch_s: How long queries keep their ranks.
        holders: Which query has which rank, int64, shape (epochs, ranks).
        shares: Each rank's share of the requests, float64, shape (ranks,).
    """

    keys: Ints
    queries: int
    times: Floats
    epoch_s: float
    holders: Ints
    shares: Floats

    def popular(self, now: float) -> Floats:
        """Return each query's share of the requests at a time, shape (queries,)."""
        shares = np.zeros(self.queries)
        shares[self.holders[int(now / self.epoch_s)]] = self.shares
        return shares


@dataclass(frozen=True, slots=True)
class Zipf:
    """
    Popularity by Zipf's law: the query of rank r has a share proportional to r^-exponent.

    Args:
        exponent: The larger, the more of the requests are for few queries.
        life_s: How long a query keeps its rank: every twenty-fourth of it, a twenty-fourth
            of the ranks is dealt again among those who hold them.
        once: Share of the requests, drawn by chance, that are for queries nobody else asks.
    """

    exponent: float
    life_s: float = np.inf
    once: float = 0.0


def draw(kind: Zipf, *, distinct: int, requests: int, days: int, seed: int) -> Stream:
    """
    Draw a stream.

    Args:
        kind: How popular which query is, and when.
        distinct: How many queries have a rank.
        requests: How many requests there are, spread evenly.
        days: How long the stream lasts.
        seed: Of all chance.
    """
    chance = np.random.default_rng(seed)
    weights: Floats = np.arange(1.0, distinct + 1) ** -kind.exponent
    shares = weights / weights.sum()
    times = np.sort(chance.random(requests) * days * DAY_S)
    ranks = np.searchsorted(np.cumsum(shares)[:-1], chance.random(requests), side="right")
    epoch_s = min(kind.life_s / _EPOCHS_A_LIFE, days * DAY_S)
    holders = _deal(distinct, int(np.ceil(days * DAY_S / epoch_s)), chance)
    keys = holders[(times / epoch_s).astype(np.int64), ranks]
    lone = chance.random(requests) < kind.once
    keys[lone] = distinct + np.arange(lone.sum())
    return Stream(keys, distinct + int(lone.sum()), times, epoch_s, holders, shares)


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


def sample(stream: Stream, share: float, *, seed: int, by_query: bool = False) -> NDArray[np.bool_]:
    """
    Draw which requests one of several replicas serves, shape (n,).

    Args:
        stream: All requests.
        share: The replica's share of the requests, or of the queries.
        seed: Of the chance.
        by_query: Whether the balancer sends the same query to the same replica, always.
    """
    chance = np.random.default_rng(seed)
    if by_query:
        return (chance.random(stream.queries) < share)[stream.keys]
    return chance.random(len(stream.keys)) < share
