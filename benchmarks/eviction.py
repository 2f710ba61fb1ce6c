"""What to evict: hit rates of our policy and of others, on streams of queries."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import geometric_mean

from benchmarks.eviction_plot import plot
from benchmarks.harness import Report, Samples
from benchmarks.replay import Bound, Policy, hit_rate
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
from benchmarks.streams import DAY_S, HOUR_S, Stream, Zipf, draw, sample
from cache.sharing.usage import Usage

__all__ = ["measure"]

_REQUESTS = 120_000
_DAYS = 3
_PERCENTS = (1, 5, 20)
_SEEDS = 5
_ENTRIES = 100_000
_ROUNDS = 15
_TARGETS = {
    "evict_zipf_hit_rate_over_lru": "≥ 1.1",
    "evict_sampled_over_lru_least": "≥ 0.97",
    "evict_all_seen_over_lru_least": "≥ 0.97",
    "evict_note_us": "≤ 1 µs",
    "evict_victims_ms": "≤ 50 ms",
}
_STEADY = "Zipf 0.9"
_KINDS = {
    "Zipf 0.7": Zipf(0.7),
    _STEADY: Zipf(0.9),
    "Zipf 1.1": Zipf(1.1),
    "Zipf 0.9, ranks last a day": Zipf(0.9, life_s=DAY_S),
    "Zipf 0.9, ranks last 6 h": Zipf(0.9, life_s=6 * HOUR_S),
    "Zipf 0.9, 30 % asked once": Zipf(0.9, lone=0.3),
    "Zipf 0.9, 50 % in bursts": Zipf(0.9, lone=0.5, asked=3),
}

Make = Callable[[Stream, Bound], Policy]
Row = dict[str, float]

_POLICIES: dict[str, Make] = {
    "random": lambda _, __: Random(0),
    "LRU": lambda _, __: LeastRecent(),
    "LRFU 1 h": lambda _, __: Lrfu(1 * HOUR_S),
    "LRFU 4 h": lambda _, __: Lrfu(4 * HOUR_S),
    "LRFU 16 h": lambda _, __: Lrfu(16 * HOUR_S),
    "LFU": lambda _, __: LeastFrequent(),
    "SIEVE": lambda _, __: Sieve(),
    "S3-FIFO": lambda _, bound: S3Fifo(bound.most),
    "nearhit": lambda _, bound: Ours(bound.most),
    "foresight": lambda stream, _: KnowsFuture(stream),
}
_FEW = ("LRU", "SIEVE", "S3-FIFO", "nearhit")


@dataclass(frozen=True, slots=True)
class _Case:
    """
    Under which circumstances a policy is tried.

    Args:
        kind: Name of the stream's kind.
        percent: The bound, as a share of the queries that have a rank.
        share: Share of the uses that the evicting replica sees.
        distinct: How many queries have a rank; the requests stay as many.
        seed: Of the stream.
        by_query: Whether a replica gets all requests for some queries.
        one_by_one: Whether a surplus entry is evicted at once, rather than in a batch.
    """

    kind: str = _STEADY
    percent: int = 5
    share: float = 1 / 3
    distinct: int = 10_000
    seed: int = 0
    by_query: bool = False
    one_by_one: bool = False

    def rate(self, policy: str) -> float:
        """Return the policy's hit rate."""
        stream = _stream(self.kind, self.distinct, self.seed)
        most = self.distinct * self.percent // 100
        bound = Bound(most, most) if self.one_by_one else Bound.batched(most)
        seen = sample(stream, self.share, seed=1, by_query=self.by_query)
        return hit_rate(stream, seen, _POLICIES[policy](stream, bound), bound)

    def rates(self, policies: Sequence[str]) -> Row:
        """Return the hit rates of several policies."""
        return {policy: self.rate(policy) for policy in policies}

    def over_lru(self) -> float:
        """Return our hit rate as a multiple of LRU's."""
        return self.rate("nearhit") / self.rate("LRU")


_USUAL = _Case()
_CIRCUMSTANCES = {
    "all uses seen, evicted one by one": replace(_USUAL, share=1, one_by_one=True),
    "all uses seen": replace(_USUAL, share=1),
    "a third of them": _USUAL,
    "a tenth": replace(_USUAL, share=0.1),
    "none": replace(_USUAL, share=0),
    "all uses of a third of the queries": replace(_USUAL, by_query=True),
    "a third, traffic five times as dense": replace(_USUAL, distinct=2_000),
    "a third, traffic a fifth as dense": replace(_USUAL, distinct=50_000),
}


@lru_cache(maxsize=1)
def _stream(kind: str, distinct: int, seed: int) -> Stream:
    return draw(_KINDS[kind], distinct=distinct, requests=_REQUESTS, days=_DAYS, seed=seed)


def measure() -> Report:
    """Measure hit rates of all policies on all streams, and what ours costs."""
    report = Report("Hit rates under a bound, by what is evicted", targets=_TARGETS)
    sampled = {_label(case): case.rates(tuple(_POLICIES)) for case in _cases(1 / 3)}
    all_seen = {_label(case): case.rates(_FEW) for case in _cases(1)}
    circumstances = {name: case.rates(_FEW) for name, case in _CIRCUMSTANCES.items()}
    seeds = [replace(_USUAL, seed=seed).over_lru() for seed in range(_SEEDS)]
    report.add("evict_zipf_hit_rate_over_lru", Samples(seeds))
    report.figures |= _summary("sampled", sampled) | _summary("all_seen", all_seen)
    report.add("evict_note_us", _noting(), scale=1e6)
    report.add("evict_victims_ms", _choosing(), scale=1000)
    report.notes += [
        _HOW,
        _markdown("stream, bound", sampled),
        "The same where the evicting replica sees all uses:",
        _markdown("stream, bound", all_seen),
        f"{_STEADY} with a bound of {_USUAL.percent} %, by what the evicting replica sees:",
        _markdown("it sees", circumstances),
        _COST,
    ]
    shown = {case.kind: sampled[_label(case)] for case in _cases(1 / 3) if case.percent == 5}
    report.plot = lambda file: plot(file, shown, circumstances)
    return report


def _cases(share: float) -> list[_Case]:
    return [_Case(kind, percent, share) for kind in _KINDS for percent in _PERCENTS]


def _label(case: _Case) -> str:
    return f"{case.kind}, {case.percent} %"


def _summary(name: str, table: dict[str, Row]) -> Row:
    figures = {}
    for rival in ("LRU", "S3-FIFO"):
        over = [row["nearhit"] / row[rival] for row in table.values()]
        of_rival = f"evict_{name}_over_{rival.replace('-', '').lower()}"
        figures[f"{of_rival}_mean"] = round(geometric_mean(over), 4)
        figures[f"{of_rival}_least"] = round(min(over), 4)
    return figures


def _noting() -> Samples:
    """Return how long a use takes to note, among many entries in no order."""
    chance = random.Random(0)
    usage, seconds = Usage[int](_ENTRIES), []
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
    usage, seconds = Usage[int](_ENTRIES), []
    for key in chance.sample(range(_ENTRIES), _ENTRIES // 2):
        usage.note(key, chance.random() * DAY_S)
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        usage.victims(created, _ENTRIES // 20)
        seconds.append(time.perf_counter() - began)
    return Samples(seconds)


def _markdown(first: str, table: dict[str, Row]) -> str:
    """Return hit rates in percent as a table; the best that can be had is bold."""
    names = list(next(iter(table.values())))
    lines = [f"| {first} | {' | '.join(names)} |", "|---|" + "--:|" * len(names)]
    for label, row in table.items():
        shown = {name: f"{rate:.1%}".removesuffix("%") for name, rate in row.items()}
        best = f"{max(rate for name, rate in row.items() if name != 'foresight'):.1%}"
        cells = [f"**{v}**" if f"{v}%" == best else v for v in shown.values()]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


_HOW = (
    f"Hit rates, in percent, of {_REQUESTS:,} requests in {_DAYS} days, of which the first does "
    f"not count, for {_USUAL.distinct:,} queries whose popularity follows Zipf's law, and others "
    "without a rank. An entry lives 24 hours, however often it is used. When there are more than "
    "the bound, a share of the queries that have a rank, entries are evicted down to 95 % of it. "
    "The policies see every creation and, in the first table, a third of the uses, as one of "
    "three replicas does. A burst is a query asked three times within an hour and then never "
    "again. `foresight` knows which requests will come; the best but that one is bold. "
    "docs/eviction.md says what to make of it."
)
_COST = "`note`: one use. `victims`: 5 % of 100,000 entries, half of which were used."
