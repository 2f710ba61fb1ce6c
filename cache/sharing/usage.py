"""What has been used, and so what to let go of first where there is too much."""

import math
from collections.abc import Hashable, Iterable, Mapping
from itertools import repeat
from typing import Generic, TypeVar

import numpy as np

__all__ = ["HALF_LIFE_S", "Ghosts", "Usage"]

HALF_LIFE_S = 4 * 3600.0
"""By the hit rates in docs/eviction.md."""

_MOST_USES = 2
"""However many there were: what was popular goes soon when it is no longer, likewise."""

K = TypeVar("K", bound=Hashable)


class Usage(Generic[K]):
    """
    The uses this process has seen, and the order of eviction that they give.

    A use counts one when it is made and half as much with every half-life, all
    uses of a key together two at most, and its creation counts one more. The
    least sum goes first. But for the limit of two this is LRFU (Lee et al.,
    IEEE Transactions on Computers 50(12), 2001), between LRU, which short
    half-lives come near, and LFU.

    A sum is kept as the moment at which a single use would be worth as much
    today: half-lives times log2 of the sum of 2^(time / half-life). Moments
    compare with each other whatever the time is, so nothing has to be aged,
    and a key that was never used needs none: it has that of its creation.

    Times are seconds on the one clock that creations are told by. It may step
    back: a use never makes a key a likelier victim.

    Args:
        half_life_s: When a use counts half, more than 0.
    """

    def __init__(self, half_life_s: float = HALF_LIFE_S) -> None:
        self._half_life_s = half_life_s
        self._most_ahead_s = half_life_s * math.log2(_MOST_USES)
        self._moments: dict[K, float] = {}

    def __len__(self) -> int:
        return len(self._moments)

    def note(self, key: K, now: float) -> None:
        """
        Count a use.

        What is noted is held until it is forgotten, so a key that has been
        forgotten must not be noted again.
        """
        moment = self._moments.get(key, -math.inf)
        most = now + self._most_ahead_s
        if moment < most:
            self._moments[key] = min(self._sum(moment, now), most)

    def forget(self, keys: Iterable[K]) -> None:
        """Let go of all that is held for these keys; those never used are passed over."""
        for key in keys:
            self._moments.pop(key, None)

    def clear(self) -> None:
        """Let go of everything."""
        self._moments.clear()

    def victims(self, candidates: Mapping[K, float], count: int) -> list[K]:
        """
        Choose what to evict: first to go first, of equals the one created first.

        It forgets nothing; milliseconds for 100,000 candidates.

        Args:
            candidates: When each was created.
            count: How many to choose; where there are fewer, all are.
        """
        count = min(count, len(candidates))
        if count <= 0:
            return []
        keys = list(candidates)
        created = np.fromiter(candidates.values(), np.float64, len(keys))
        known = map(self._moments.get, keys, repeat(-np.inf))
        moments = np.fromiter(known, np.float64, len(keys))
        # In half-lives; where there was no use, exactly the creation's
        worth = np.logaddexp2(created / self._half_life_s, moments / self._half_life_s)
        low = np.flatnonzero(worth <= np.partition(worth, count - 1)[count - 1])
        order = np.lexsort((created[low], worth[low]))[:count]
        return [keys[place] for place in low[order]]

    def _sum(self, one: float, other: float) -> float:
        gap = abs(one - other) / self._half_life_s
        return max(one, other) + self._half_life_s * math.log1p(2.0**-gap) / math.log(2)


class Ghosts:
    """
    What was evicted not long ago, so that what comes back counts as used.

    Every replica sees all evictions and all creations, whoever serves the
    uses, and knows by a ghost that a creation is not the first request for it
    (2Q, ARC and S3-FIFO keep such lists). Ghosts are hashes: two that are equal by
    chance give a head start to what has not earned it, and do no other harm.

    Args:
        most: How many are remembered: the latest.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._hashes: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, identities: Iterable[Hashable]) -> None:
        """Remember what was evicted, by what it is called when it comes back."""
        for identity in identities:
            self._hashes.pop(hash(identity), None)
            self._hashes[hash(identity)] = None
            if len(self._hashes) > self._most:
                del self._hashes[next(iter(self._hashes))]

    def recall(self, identity: Hashable) -> bool:
        """Return whether this was evicted not long ago, and forget it."""
        return self._hashes.pop(hash(identity), 0) is None

    def clear(self) -> None:
        """Let go of everything."""
        self._hashes.clear()
