"""What to evict: hit rates of policies on streams of queries whose popularity is known."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import geometric_mean

from benchmarks.eviction_plot import plot
from benchmarks.harness import Report, Samples
from benchmarks.rivals import (
    Bound,
    KnowsPopularity,
    LeastFrequent,
    LeastRecent,
    Lrfu,
    Ours,
    Policy,
    Random,
    S3Fifo,
    Sieve,
    hit_rate,
)
from benchmarks.streams import DAY_S, HOUR_S, Stream, Zipf, draw, sample
from cache.sharing.usage import HALF_LIFE_S, Usage

__all__ = ["measure"]

_REQUESTS = 150_000
_DAYS = 3
_PERCENTS = (1, 5, 20)
_HALF_LIVES_H = (0.5, 1, 2, 4, 8, 16)
_SEEDS = 5
_ENTRIES = 100_000
_ROUNDS = 15
_TARGETS = {
    "evict_zipf_hit_rate_over_lru": "≥ 1.1",
    "evict_sampled_over_lru_least": "≥ 0.95",
    "evict_all_seen_over_lru_least": "≥ 0.95",
    "evict_note_us": "≤ 1 µs",
    "evict_victims_ms": "≤ 50 ms",
}
_STEADY, _FAST, _ONCE = "Zipf 0.9", "0.9, ranks last 6 h", "0.9, 30 % asked once"
_KINDS = {
    "Zipf 0.7": Zipf(0.7),
    _STEADY: Zipf(0.9),
    "Zipf 1.1": Zipf(1.1),
    "0.9, ranks last a day": Zipf(0.9, life_s=DAY_S),
    _FAST: Zipf(0.9, life_s=6 * HOUR_S),
    _ONCE: Zipf(0.9, once=0.3),
}

Make = Callable[[Stream, Bound], Policy]
Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Case:
    """
    Under which circumstances a policy is tried.

    Args:
        kind: Name of the stream's kind.
        percent: The bound, of the distinct queries.
        share: Share of the uses that the evicting replica sees.
        distinct: How many queries there are; the requests stay as many.
        seed: Of the stream.
        by_query: Whether a replica gets all requests for some queries.
        one_by_one: Whether each surplus entry is evicted at once, rather than a batch.
    """

    kind: str = _STEADY
    percent: int = 5
    share: float = 1 / 3
    distinct: int = 10_000
    seed: int = 0
    by_query: bool = False
    one_by_one: bool = False

    def rate(self, make: Make) -> float:
        """Return the policy's hit rate."""
        stream = _stream(self.kind, self.distinct, self.seed)
        most = self.distinct * self.percent // 100
        bound = Bound(most, most) if self.one_by_one else Bound.batched(most)
        seen = sample(stream, self.share, seed=1, by_query=self.by_query)
        return hit_rate(stream, seen, make(stream, bound), bound)


@lru_cache(maxsize=2)
def _stream(kind: str, distinct: int, seed: int) -> Stream:
    return draw(_KINDS[kind], distinct=distinct, requests=_REQUESTS, days=_DAYS, seed=seed)


def _ours(half_life_s: float = HALF_LIFE_S) -> Make:
    return lambda _, bound: Ours(half_life_s, bound.most)


_POLICIES: dict[str, Make] = {
    "random": lambda _, __: Random(0),
    "LRU": lambda _, __: LeastRecent(),
    "LFU": lambda _, __: LeastFrequent(),
    "LRFU": lambda _, __: Lrfu(HALF_LIFE_S),
    "SIEVE": lambda _, __: Sieve(),
    "S3-FIFO": lambda _, bound: S3Fifo(bound.most),
    "no ghosts": lambda _, __: Ours(HALF_LIFE_S, 0),
    "ours": _ours(),
    "knowing": lambda stream, _: KnowsPopularity(stream.popular),
}
_RIVALS = ("LRU", "LFU", "SIEVE", "S3-FIFO", "ours")


def measure() -> Report:
    """Measure hit rates of all policies on all streams, and what ours costs."""
    report = Report("Hit rates under a bound, by what is evicted", targets=_TARGETS)
    sampled = {case: _row(case, tuple(_POLICIES)) for case in _cases(1 / 3)}
    all_seen = {case: _row(case, _RIVALS) for case in _cases(1)}
    lives = {case: _lives(case) for case in (_Case(kind) for kind in (_STEADY, _FAST, _ONCE))}
    seeds = [_over_lru(_Case(seed=seed)) for seed in range(_SEEDS)]
    report.add("evict_zipf_hit_rate_over_lru", Samples(seeds))
    report.figures |= _summary("sampled", sampled) | _summary("all_seen", all_seen)
    report.figures |= {name: round(value, 4) for name, value in _specials().items()}
    report.add("evict_note_us", _noting(), scale=1e6)
    report.add("evict_victims_ms", _choosing(), scale=1000)
    report.notes += [
        _HOW,
        _markdown(sampled),
        "The same where one replica sees all uses:",
        _markdown(all_seen),
        f"By half-life, at a bound of 5 %; the default is {HALF_LIFE_S / HOUR_S:g} h:",
        _markdown(lives),
        _SPECIALS,
    ]
    report.plot = lambda file: plot(
        file,
        {case.kind: row for case, row in sampled.items() if case.percent == _Case().percent},
        {case.kind: row for case, row in lives.items()},
    )
    return report


def _cases(share: float) -> list[_Case]:
    return [_Case(kind, percent, share) for kind in _KINDS for percent in _PERCENTS]


def _row(case: _Case, policies: Sequence[str]) -> Row:
    return {policy: case.rate(_POLICIES[policy]) for policy in policies}


def _lives(case: _Case) -> Row:
    """Return hit rates by the half-life, in hours, and LRU's."""
    rates = {f"{hours:g} h": case.rate(_ours(hours * HOUR_S)) for hours in _HALF_LIVES_H}
    return {"LRU": case.rate(_POLICIES["LRU"])} | rates


def _over_lru(case: _Case) -> float:
    return case.rate(_ours()) / case.rate(_POLICIES["LRU"])


def _summary(kind: str, table: dict[_Case, Row]) -> Row:
    ratios = [row["ours"] / row["LRU"] for row in table.values()]
    others = [row["ours"] / row["S3-FIFO"] for row in table.values()]
    return {
        f"evict_{kind}_over_lru_mean": round(geometric_mean(ratios), 4),
        f"evict_{kind}_over_lru_least": round(min(ratios), 4),
        f"evict_{kind}_over_s3fifo_mean": round(geometric_mean(others), 4),
        f"evict_{kind}_over_s3fifo_least": round(min(others), 4),
    }


def _specials() -> Row:
    """Return what becomes of the headline's case where one circumstance is another."""
    usual = _Case()
    ideal = replace(usual, share=1, one_by_one=True).rate(_POLICIES["LRU"])
    by_query = replace(usual, by_query=True)
    return {
        "evict_over_lru_one_by_one": usual.rate(_ours()) / ideal,
        "evict_by_query_over_lru": _over_lru(by_query),
        "evict_by_query_over_even": by_query.rate(_ours()) / usual.rate(_ours()),
        "evict_tenth_over_lru": _over_lru(replace(usual, share=0.1)),
        "evict_busy_over_lru": _over_lru(replace(usual, distinct=2_000)),
        "evict_quiet_over_lru": _over_lru(replace(usual, distinct=50_000)),
    }


def _noting() -> Samples:
    """Return how long a use takes to note, among many entries in no order."""
    chance = random.Random(0)
    usage, seconds = Usage[int](), []
    for round_ in range(_ROUNDS):
        keys = chance.choices(range(_ENTRIES), k=_ENTRIES)
        began = time.perf_counter()
        for key in keys:
            usage.note(key, float(round_))
        seconds.append((time.perf_counter() - began) / len(keys))
    return Samples(seconds)


def _choosing() -> Samples:
    """Return how long it takes to choose a twentieth of the entries, half of them used."""
    chance = random.Random(0)
    created = {key: chance.random() * DAY_S for key in range(_ENTRIES)}
    usage, seconds = Usage[int](), []
    for key in chance.sample(range(_ENTRIES), _ENTRIES // 2):
        usage.note(key, chance.random() * DAY_S)
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        usage.victims(created, _ENTRIES // 20)
        seconds.append(time.perf_counter() - began)
    return Samples(seconds)


def _markdown(table: dict[_Case, Row]) -> str:
    """Return hit rates in percent as a table; the best that can be had is bold."""
    names = list(next(iter(table.values())))
    lines = ["| Stream | Bound | " + " | ".join(names) + " |"]
    lines += ["|---|--:|" + "--:|" * len(names)]
    for case, row in table.items():
        best = max(value for name, value in row.items() if name != "knowing")
        cells = [f"**{v:.1%}**" if v == best else f"{v:.1%}" for v in row.values()]
        lines.append(f"| {case.kind} | {case.percent} % | " + " | ".join(cells) + " |")
    return "\n".join(lines)


_HOW = (
    f"Hit rates of {_REQUESTS:,} requests for {_Case().distinct:,} distinct queries in {_DAYS} "
    "days, of which the first does not count. An entry lives 24 hours, however often it is used. "
    "Where there are more than the bound, a share of the distinct queries, entries are evicted "
    "down to 95 % of it. The policies see every creation and, in the first table, a third of the "
    "uses, as one of three replicas does. `ours` is what the service does, `no ghosts` the same "
    "without memory of the evicted; `knowing` evicts by the true popularity, which nobody knows. "
    "The best but that one is bold."
)
_SPECIALS = (
    "All other figures are Zipf 0.9 with a bound of 5 %. `one_by_one`: against an LRU that sees "
    "all uses and evicts one entry for one. `by_query`: the balancer sends a query always to the "
    "same replica, and the evicting one sees all uses of a third of the queries and none of the "
    "others; against LRU that sees the same, and against itself with even sampling. `tenth`: it "
    "sees a tenth of the uses. `busy`, `quiet`: 25 requests a day for each query, or one, instead "
    "of five. `note`: one use; `victims`: 5 % of 100,000 entries, half of them used."
)
