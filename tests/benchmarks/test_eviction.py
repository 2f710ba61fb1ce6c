"""The study of eviction: its streams are what they are called, and its rivals play fair."""

from collections import Counter, OrderedDict
from math import inf

import numpy as np
import pytest

from benchmarks.replay import Bound, hit_rate
from benchmarks.rivals import (
    KnowsFuture,
    LeastFrequent,
    LeastRecent,
    Lrfu,
    Ours,
    Random,
    S3Fifo,
    Sieve,
)
from benchmarks.streams import DAY_S, HOUR_S, Zipf, draw, sample

DISTINCT = 200
MOST = 20
POLICIES = {
    "random": lambda _: Random(0),
    "lru": lambda _: LeastRecent(),
    "lfu": lambda _: LeastFrequent(),
    "lrfu": lambda _: Lrfu(HOUR_S),
    "sieve": lambda _: Sieve(),
    "s3-fifo": lambda _: S3Fifo(MOST),
    "ours": lambda _: Ours(MOST),
    "foresight": KnowsFuture,
}


def stream(kind=Zipf(0.9, lone=0.2), *, requests=6000, seed=0):  # noqa: B008 - a value
    return draw(kind, distinct=DISTINCT, requests=requests, days=3, seed=seed)


def rate(policy, *, bound=Bound(MOST, MOST), share=1.0, asked=None):  # noqa: B008 - a value
    asked = asked or stream()
    return hit_rate(asked, sample(asked, share, seed=1), POLICIES[policy](asked), bound)


def test_popularity_follows_zipf():
    """The query of rank r is asked r^-0.9 times as often as the first."""
    counts = Counter(stream(Zipf(0.9), requests=200_000).keys.tolist()).most_common(100)

    ranks = np.arange(1, 101)
    assert np.allclose([n for _, n in counts], counts[0][1] * ranks**-0.9, rtol=0.15)


def test_ranks_last_as_long_as_they_should():
    """With a life of six hours, a day later others are the most asked."""

    def favourites(kind: Zipf, day: int) -> set[int]:
        asked = stream(kind, requests=60_000)
        keys = asked.keys[asked.times // DAY_S == day]
        return {key for key, _ in Counter(keys.tolist()).most_common(10)}

    steady, fast = Zipf(1.1), Zipf(1.1, life_s=6 * HOUR_S)

    assert len(favourites(steady, 0) & favourites(steady, 2)) >= 8
    assert len(favourites(fast, 0) & favourites(fast, 2)) <= 4


def test_bursts_are_over_within_an_hour():
    """A query without a rank is asked three times in one hour, or what the hour leaves."""
    asked = stream(Zipf(0.9, lone=0.5, asked=3), requests=60_000)
    lone = asked.keys >= DISTINCT

    keys, counts = np.unique(asked.keys[lone], return_counts=True)
    hours = {
        (key, hour) for key, hour in zip(asked.keys[lone], asked.times[lone] // HOUR_S, strict=True)
    }

    assert lone.mean() == pytest.approx(0.5, abs=0.01)
    assert counts.max() == 3
    assert (counts == 3).mean() > 0.95
    assert len(hours) == len(keys)


def test_a_balancer_by_query_gives_all_or_nothing():
    """A replica sees all uses of some queries and none of the others."""
    asked = stream()

    seen = sample(asked, 0.3, seed=1, by_query=True)

    assert not set(asked.keys[seen]) & set(asked.keys[~seen])
    assert 0.1 < seen.mean() < 0.6


@pytest.mark.parametrize("policy", POLICIES)
def test_with_room_for_all_only_ends_of_life_are_missed(policy):
    """A query is missed when it is new, or a day after its last miss."""
    asked, born, hits = stream(), dict[int, float](), 0
    for key, now in zip(asked.keys.tolist(), asked.times.tolist(), strict=True):
        if now - born.get(key, -inf) < DAY_S:
            hits += now >= DAY_S
        else:
            born[key] = now
    after_warm_up = int((asked.times >= DAY_S).sum())

    assert rate(policy, bound=Bound(10_000, 9500)) == hits / after_warm_up


def test_lru_is_lru():
    """One by one and with all uses seen, it is what the textbook says."""
    asked, order, hits = stream(), OrderedDict[int, float](), 0
    for key, now in zip(asked.keys.tolist(), asked.times.tolist(), strict=True):
        for old in [k for k, born in order.items() if now - born >= DAY_S]:
            del order[old]
        hits += key in order and now >= DAY_S
        order.setdefault(key, now)
        order.move_to_end(key)
        if len(order) > MOST:
            order.popitem(last=False)

    assert rate("lru") == hits / int((asked.times >= DAY_S).sum())


@pytest.mark.parametrize("policy", set(POLICIES) - {"foresight"})
@pytest.mark.parametrize("bound", [Bound(MOST, MOST), Bound.batched(MOST)], ids=["one", "batch"])
def test_foresight_is_best(policy, bound):
    """No policy does better than the one that knows what will be asked."""
    assert 0 < rate(policy, bound=bound) < rate("foresight", bound=bound)


@pytest.mark.parametrize("policy", ["lru", "lfu", "lrfu", "sieve", "s3-fifo"])
def test_rivals_make_use_of_what_they_see(policy):
    """Without the uses they do worse."""
    assert rate(policy) > rate(policy, share=0)


def test_sieve_spares_what_was_used_once():
    """The hand goes on from where it stopped, and clears the marks it passes."""
    sieve = Sieve()
    for key in range(4):
        sieve.create(key, 0)
    sieve.use(0, 0)
    sieve.use(2, 0)

    assert sieve.evict({}, 2, 0) == [1, 3]
    assert sieve.evict({}, 2, 0) == [0, 2]


def test_s3_fifo_knows_what_comes_back():
    """What was evicted from the small queue enters the main one when it is asked for again."""
    policy = S3Fifo(20)
    for key in range(4):
        policy.create(key, 0)
    assert policy.evict({}, 1, 0) == [0]

    policy.create(0, 0)

    assert policy.evict({}, 2, 0) == [1, 2]
    assert policy.evict({}, 2, 0) == [0, 3]


def test_lrfu_is_between_lru_and_lfu():
    """A long half-life counts uses, a short one looks at the last."""

    def first_to_go(policy) -> int:
        for key in (0, 1):
            policy.create(key, 0)
        for hour in (1, 2):
            policy.use(0, hour * HOUR_S)
        policy.use(1, 3 * HOUR_S)
        return policy.evict({}, 1, 3 * HOUR_S)[0]

    assert first_to_go(Lrfu(0.1 * HOUR_S)) == first_to_go(LeastRecent()) == 0
    assert first_to_go(Lrfu(100 * HOUR_S)) == first_to_go(LeastFrequent()) == 1


def test_ours_beats_lru_on_zipf():
    """By a tenth at least, with a third of the uses seen."""
    ours, lru = (rate(p, share=1 / 3, bound=Bound.batched(MOST)) for p in ("ours", "lru"))

    assert ours > 1.1 * lru


def test_ours_keeps_up_with_lru_in_bursts():
    """Where nothing but recency helps, what was learnt is a short head start."""
    asked = stream(Zipf(0.9, lone=0.7, asked=5), requests=30_000)
    bound = Bound(200, 190)

    def hits(policy) -> float:
        return hit_rate(asked, sample(asked, 1, seed=1), policy, bound)

    assert hits(Ours(200)) > 0.97 * hits(LeastRecent())
