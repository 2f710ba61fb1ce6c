"""Policies of eviction: ours and others'."""

from collections import OrderedDict
from collections.abc import Mapping

import numpy as np

from benchmarks.streams import DAY_S, Stream
from cache.sharing.usage import Usage

__all__ = [
    "KnowsFuture",
    "LeastFrequent",
    "LeastRecent",
    "Lrfu",
    "Ours",
    "Random",
    "S3Fifo",
    "Sieve",
]


class Ours:
    """
    The policy of the service itself.

    Args:
        most: How many keys may live.
    """

    def __init__(self, most: int) -> None:
        self._usage = Usage[int](most)
        self.use = self._usage.note

    def create(self, key: int, now: float) -> None:
        """Take in a key, which may have been here before."""
        self._usage.create(key, key, now)

    def drop(self, key: int) -> None:
        """Forget."""
        self._usage.forget([key])

    def evict(self, live: Mapping[int, float], count: int, now: float) -> list[int]:
        """Choose as the service does."""
        victims = self._usage.victims(live, count)
        self._usage.evict({key: key for key in victims})
        return victims


class LeastRecent:
    """LRU: what was used, or created, longest ago."""

    def __init__(self) -> None:
        self._order = OrderedDict[int, None]()

    def create(self, key: int, now: float) -> None:
        """Come last."""
        self._order[key] = None

    def use(self, key: int, now: float) -> None:
        """Come last again."""
        self._order.move_to_end(key)

    def drop(self, key: int) -> None:
        """Leave the order."""
        del self._order[key]

    def evict(self, live: Mapping[int, float], count: int, now: float) -> list[int]:
        """Take the first."""
        return [self._order.popitem(last=False)[0] for _ in range(count)]


class Lrfu:
    """
    LRFU: the least sum of uses, creation among them, whose weight halves (Lee et al. 2001).

    Args:
        half_life_s: When a use counts for half.
    """

    def __init__(self, half_life_s: float) -> None:
        self._half_life_s = half_life_s
        self._worth: dict[int, float] = {}  # in order of creation

    def create(self, key: int, now: float) -> None:
        """Count the first use."""
        self._worth[key] = 2 ** (now / self._half_life_s)

    def use(self, key: int, now: float) -> None:
        """Count another."""
        self._worth[key] += 2 ** (now / self._half_life_s)

    def drop(self, key: int) -> None:
        """Forget."""
        del self._worth[key]

    def evict(self, live: Mapping[int, float], count: int, now: float) -> list[int]:
        """Take the least, of equals the ones created first."""
        keys = np.fromiter(self._worth, np.int64, len(self._worth))
        worth = np.fromiter(self._worth.values(), np.float64, len(keys))
        victims: list[int] = keys[np.argsort(worth, kind="stable")[:count]].tolist()
        for key in victims:
            del self._worth[key]
        return victims


class LeastFrequent(Lrfu):
    """LFU: the fewest uses, however long ago."""

    def __init__(self) -> None:
        super().__init__(np.inf)


class Random:
    """
    Whatever chance says.

    Args:
        seed: Of the chance.
    """

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng(seed)

    def create(self, key: int, now: float) -> None:
        """Nothing is remembered."""

    def use(self, key: int, now: float) -> None:
        """Nothing is remembered."""

    def drop(self, key: int) -> None:
        """Nothing is remembered."""

    def evict(self, live: Mapping[int, float], count: int, now: float) -> list[int]:
        """Draw."""
        keys = np.fromiter(live, np.int64, len(live))
        victims: list[int] = self._chance.choice(keys, count, replace=False).tolist()
        return victims


class KnowsFuture(Random):
    """
    What nobody can have: evicts what is asked for last, or not while it lives (Belady 1966).

    Args:
        stream: The requests, those to come included.
    """

    def __init__(self, stream: Stream) -> None:
        super().__init__(0)
        self._span = stream.times[-1] + DAY_S
        self._requests = np.sort(stream.keys * self._span + stream.times)

    def evict(self, live: Mapping[int, float], count: int, now: float) -> list[int]:
        """Take those whose next request is the farthest."""
        keys = np.fromiter(live, np.int64, len(live))
        created = np.fromiter(live.values(), np.float64, len(keys))
        places = np.searchsorted(self._requests, keys * self._span + now, side="right")
        following = np.append(self._requests, np.inf)[places] - keys * self._span
        following[following >= created + DAY_S] = np.inf
        victims: list[int] = keys[np.argsort(-following)[:count]].tolist()
        return victims


class Sieve:
    """SIEVE (Zhang et al., NSDI 2024): a hand goes from old to new and spares what was used."""

    def __init__(self) -> None:
        # Used since the hand was there; both in order of creation, the hand between them
        self._behind = OrderedDict[int, bool]()
        self._ahead = OrderedDict[int, bool]()

    def create(self, key: int, now: float) -> None:
        """Come last."""
        self._ahead[key] = False

    def use(self, key: int, now: float) -> None:
        """Mark, in place."""
        part = self._ahead if key in self._ahead else self._behind
        part[key] = True

    def drop(self, key: int) -> None:
        """Leave the order."""
        (self._ahead if key in self._ahead else self._behind).pop(key)

    def evict(self, live: Mapping[int, float], count: int, now: float) -> list[int]:
        """Move the hand on until it has found enough."""
        victims: list[int] = []
        while len(victims) < count:
            if not self._ahead:
                self._ahead, self._behind = self._behind, self._ahead
            key, used = self._ahead.popitem(last=False)
            if used:
                self._behind[key] = False
            else:
                victims.append(key)
        return victims


class S3Fifo:
    """
    S3-FIFO (Yang et al., SOSP 2023): a small queue in front of the main one, and a list of ghosts.

    It sees queries come back that were evicted; the other policies know no text.

    Args:
        most: How many keys may live: a tenth of them in the small queue.
    """

    def __init__(self, most: int) -> None:
        self._small_most = most // 10
        self._main_most = most - most // 10
        self._small = OrderedDict[int, int]()  # uses of each, three at most
        self._main = OrderedDict[int, int]()
        self._ghosts = OrderedDict[int, None]()

    def create(self, key: int, now: float) -> None:
        """Enter the small queue, or the main one where it was evicted not long ago."""
        known = key in self._ghosts
        self._ghosts.pop(key, None)
        (self._main if known else self._small)[key] = 0

    def use(self, key: int, now: float) -> None:
        """Count, up to three."""
        queue = self._small if key in self._small else self._main
        queue[key] = min(queue[key] + 1, 3)

    def drop(self, key: int) -> None:
        """Leave the queues."""
        (self._small if key in self._small else self._main).pop(key)

    def evict(self, live: Mapping[int, float], count: int, now: float) -> list[int]:
        """Let the queues run until they have given enough."""
        victims: list[int] = []
        while len(victims) < count:
            small = len(self._small) >= self._small_most or not self._main
            victims += self._from_small() if small else self._from_main()
        return victims

    def _from_small(self) -> list[int]:
        key, uses = self._small.popitem(last=False)
        if uses > 1:
            self._main[key] = 0
            return []
        self._ghosts[key] = None
        if len(self._ghosts) > self._main_most:
            self._ghosts.popitem(last=False)
        return [key]

    def _from_main(self) -> list[int]:
        key, uses = self._main.popitem(last=False)
        if uses:
            self._main[key] = uses - 1
            return []
        return [key]
