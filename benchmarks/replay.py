"""What becomes of a stream of queries under a policy of eviction."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.streams import DAY_S, Stream

__all__ = ["Bound", "Policy", "hit_rate"]

_WARM_UP_S = DAY_S  # until then nothing has reached the end of its life


class Policy(Protocol):
    """What decides which keys go; keys come in by `create` and leave by `drop` or `evict`."""

    def create(self, key: int, now: float) -> None:
        """Take in a key that was asked for and not there."""

    def use(self, key: int, now: float) -> None:
        """Count a hit that this replica served."""

    def drop(self, key: int) -> None:
        """Forget a key whose life has ended."""

    def evict(self, live: Mapping[int, float], count: int, now: float) -> list[int]:
        """Choose keys among those that live, by their creation, and forget them."""
        ...


@dataclass(frozen=True, slots=True)
class Bound:
    """
    How many keys may live, and how many are evicted at once.

    Args:
        most: Eviction begins when there are more.
        rest: How many it leaves.
    """

    most: int
    rest: int

    @classmethod
    def batched(cls, most: int) -> "Bound":
        """Return a bound that evicts down to 95 %, as nearhit does."""
        return cls(most, most * 95 // 100)


def hit_rate(stream: Stream, seen: NDArray[np.bool_], policy: Policy, bound: Bound) -> float:
    """
    Return the share of hits after the first day.

    A key lives for a day from its creation, however often it is used. All
    creations are known to the policy; of the hits, those that are seen.

    Args:
        stream: The requests.
        seen: Which of them the evicting replica serves, shape (n,).
        policy: New, without a past.
        bound: When to evict, and how much.
    """
    replay = _Replay(policy, bound)
    first = int(np.searchsorted(stream.times, _WARM_UP_S))
    for part in (slice(None, first), slice(first, None)):
        hits = replay.run(stream.keys[part], stream.times[part], seen[part])
    return hits / (len(stream.keys) - first)


class _Replay:
    def __init__(self, policy: Policy, bound: Bound) -> None:
        self._policy = policy
        self._bound = bound
        self._live: dict[int, float] = {}  # in order of creation

    def run(
        self, keys: NDArray[np.int64], times: NDArray[np.float64], seen: NDArray[np.bool_]
    ) -> int:
        """Return how many of the requests are hits."""
        hits = 0
        live, use = self._live, self._policy.use
        requests = zip(keys.tolist(), times.tolist(), seen.tolist(), strict=True)
        for key, now, is_seen in requests:
            if live.get(key, -DAY_S) > now - DAY_S:
                hits += 1
                if is_seen:
                    use(key, now)
            else:
                self._miss(key, now)
        return hits

    def _miss(self, key: int, now: float) -> None:
        if self._live.pop(key, None) is not None:
            self._policy.drop(key)
        self._live[key] = now
        self._policy.create(key, now)
        if len(self._live) > self._bound.most:
            self._sweep(now)
        if len(self._live) > self._bound.most:
            surplus = len(self._live) - self._bound.rest
            for victim in self._policy.evict(self._live, surplus, now):
                del self._live[victim]

    def _sweep(self, now: float) -> None:
        ended = [*takewhile(lambda item: item[1] <= now - DAY_S, self._live.items())]
        for key, _ in ended:
            del self._live[key]
            self._policy.drop(key)
