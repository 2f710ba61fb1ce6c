"""Three replicas over one Redis: what one learns the others know, at what cost."""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.footprint import entries_in_redis, local_bytes_per_entry, pools_in_redis
from benchmarks.harness import Report, Samples
from benchmarks.inputs import Inputs, find_inputs
from benchmarks.redis_server import BenchmarkRedis, redis_server
from benchmarks.servers import Client, environment, running, source
from service.encoders import models, threads
from service.requests import MAX_K
from service.settings import Settings

__all__ = ["measure"]

_REPLICAS = 3
_LEARNT = 300
_ENTRIES = 100_000
_STARTS = 3
_STREAM = 1500
_DISTINCT = 300
_TAGS = 10
_EXPONENT = 0.9
_CLIENTS = 6
_STAMPEDE = 200
_PATIENCE_S = 60.0
_TARGETS = {
    "visible_p99_ms": "≤ 100 ms",
    "hit_rate_ratio_3_to_1": "≥ 0.98",
    "catch_up_100k_s": "≤ 10 s",
    "redis_bytes_per_entry": "≤ 2048",
    "redis_bytes_per_pool_200": "≤ 260000",
    "local_bytes_per_entry": "≤ 2048",
    "redis_bytes_after_churn_ratio": "≤ 1.2",
    "stampede_api_calls": "= 1",
}

_TOGETHER, _ALONE, _POOLS, _JOURNAL = range(4)
"""Redis databases: of three replicas, of one, of pools alone, of a long journal."""


def measure() -> Report:
    """Measure sharing between replicas, the memory it takes and a replica's start."""
    inputs = find_inputs()
    report = Report("Three replicas over one Redis", targets=_TARGETS)
    threads.apply(threads.ThreadPolicy.of(threads.usable_cores()))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(redis_server())
        port = stack.enter_context(source(inputs))
        settings = environment(inputs, port)
        asyncio.run(_memory(report, redis, settings, folder))
        with _replicas(settings, redis.url(_TOGETHER), folder, _REPLICAS) as clients:
            _stampede(report, inputs, clients, port)
            _visibility(report, inputs, clients)
            together = _hit_rate(inputs, clients)
        with _replicas(settings, redis.url(_ALONE), folder / "alone", 1) as clients:
            alone = _hit_rate(inputs, clients)
        report.notes.append(f"Redis {redis.version()}, three `nearhit serve` on one machine.")
    report.figures["hit_rate_3"] = round(together, 4)
    report.figures["hit_rate_1"] = round(alone, 4)
    report.figures["hit_rate_ratio_3_to_1"] = round(together / alone, 4)
    report.notes += _notes(inputs)
    return report


@contextmanager
def _replicas(
    settings: dict[str, str], url: str, folder: Path, count: int
) -> Iterator[Sequence[Client]]:
    """Run replicas over one Redis database, each with files of its own."""
    shared = settings | {"NEARHIT_STORE": url}
    with ExitStack() as stack:
        folders = [folder / f"replica-{number}" for number in range(count)]
        for one in folders:
            one.mkdir(parents=True)
        yield [stack.enter_context(running(shared, one)) for one in folders]


async def _memory(
    report: Report, redis: BenchmarkRedis, settings: dict[str, str], folder: Path
) -> None:
    """Measure what entries and pools take, and a start over a long journal."""
    fingerprint = _query_fingerprint()
    starts: list[float] = []

    async def meanwhile() -> None:
        url = redis.url(_JOURNAL)
        local = await asyncio.to_thread(local_bytes_per_entry, url, fingerprint)
        report.figures["local_bytes_per_entry"] = round(local)
        for number in range(_STARTS):
            one = folder / f"start-{number}"
            one.mkdir()
            starts.append(await asyncio.to_thread(_catch_up, settings, url, one))

    per_pool = await pools_in_redis(redis, _POOLS)
    full, churned = await entries_in_redis(redis, _JOURNAL, _ENTRIES, fingerprint, meanwhile)
    report.figures["redis_bytes_per_pool_200"] = round(per_pool)
    report.figures["redis_bytes_per_entry"] = round(full)
    report.figures["redis_bytes_after_churn_ratio"] = round(churned / full, 4)
    report.add("catch_up_100k_s", Samples(starts))


def _query_fingerprint() -> str:
    from service.encoders.query import SentenceEncoder  # noqa: PLC0415 - imports torch

    settings = Settings(_env_file=None)
    files = models.resolve(settings.query_model, kind="query")
    return SentenceEncoder.load(
        files, backend=settings.query_backend, folder=settings.model_folder
    ).fingerprint


def _catch_up(settings: dict[str, str], url: str, folder: Path) -> float:
    """Return the seconds from a replica's models being loaded to its having read the journal."""
    with running(settings | {"NEARHIT_STORE": url}, folder, until="/alive") as client:
        loaded = _until(client, lambda ready: ready["models"] == "loaded")
        served = client.get("/search", t="nothing", s_query="while it reads")[0]
        read = _until(client, lambda ready: ready["journal"]["caught_up"])
        entries = client.json("/cache/stats")["replica"]["entries"]
    if (served, entries) != (200, _ENTRIES):
        raise RuntimeError(f"a search was answered {served}, {entries} entries were read")
    return read - loaded


def _until(client: Client, holds: Callable[[Any], bool]) -> float:
    """Return the time at which what /ready says first holds."""
    deadline = time.perf_counter() + _PATIENCE_S
    while time.perf_counter() < deadline:
        if holds(client.json("/ready")):
            return time.perf_counter()
        time.sleep(0.005)
    raise RuntimeError("a replica does not become what was waited for")


def _until_read(client: Client, position: int) -> None:
    _until(client, lambda ready: bool(ready["journal"]["position"] >= position))


def _stampede(report: Report, inputs: Inputs, clients: Sequence[Client], port: int) -> None:
    """Let 200 people ask for one cold tag at the same time, each with a query of their own."""
    tag = inputs.largest()
    texts = inputs.captions[tag]
    before = _asked_of(port)
    with ThreadPoolExecutor(_STAMPEDE) as people:
        asked = [
            people.submit(_ask, clients[n % len(clients)], tag, texts[n % len(texts)])
            for n in range(_STAMPEDE)
        ]
        most = max(len(one.result()["results"]) for one in asked)
    after = _asked_of(port)
    photos = Counter(after["photo_requests"]) - Counter(before["photo_requests"])
    report.figures["stampede_api_calls"] = after["api_calls"] - before["api_calls"]
    report.figures["stampede_downloads_per_photo"] = round(photos.total() / most, 4)


def _ask(client: Client, tag: str, text: str) -> dict[str, Any]:
    """Search on a connection of its own, for as many photos as there are."""
    own = client.another()
    try:
        return own.search(t=tag, s_query=text, k=MAX_K)
    finally:
        own.close()


def _asked_of(port: int) -> dict[str, Any]:
    """Return what the source has been asked for so far."""
    source = Client(port)
    try:
        counters: dict[str, Any] = source.json("/counters")
    finally:
        source.close()
    return counters


def _visibility(report: Report, inputs: Inputs, clients: Sequence[Client]) -> None:
    """Time from one replica's answer to the same answer by another, as a hit."""
    tag = inputs.largest()
    texts = [f"{text} seen from afar" for text in inputs.captions[tag]]
    seconds = []
    for number in range(_LEARNT):
        learner, other = clients[number % _REPLICAS], clients[(number + 1) % _REPLICAS]
        search: dict[str, str | float] = {"t": tag, "s_query": texts[number % len(texts)]}
        search["min_similarity"] = 1
        learner.search(**search, fresh="true")
        learnt = time.perf_counter()
        _until_read(other, learner.json("/ready")["journal"]["position"])
        if other.search(**search)["cache"]["tier"] != "exact":
            raise RuntimeError("another replica has read of an entry and does not serve it")
        seconds.append(time.perf_counter() - learnt)
    milliseconds = np.array(seconds) * 1000
    report.figures["visible_p50_ms"] = round(float(np.percentile(milliseconds, 50)), 2)
    report.figures["visible_p99_ms"] = round(float(np.percentile(milliseconds, 99)), 2)


def _hit_rate(inputs: Inputs, clients: Sequence[Client]) -> float:
    """Return the share of hits on a Zipf stream that six people ask of the replicas in turn."""
    distinct = _questions(inputs)
    popularity = 1 / np.arange(1, len(distinct) + 1) ** _EXPONENT
    rng = np.random.default_rng(20)
    drawn = rng.choice(len(distinct), _STREAM, p=popularity / popularity.sum())
    stream = [distinct[at] for at in drawn.tolist()]
    with ThreadPoolExecutor(_CLIENTS) as people:
        walks = [
            people.submit(_walk, clients, stream[first::_CLIENTS], first)
            for first in range(_CLIENTS)
        ]
        tiers = [tier for walk in walks for tier in walk.result()]
    return sum(tier in ("exact", "semantic") for tier in tiers) / len(tiers)


def _walk(clients: Sequence[Client], part: Sequence[tuple[str, str]], first: int) -> list[str]:
    """Ask one person's part of the stream; return the tiers that answered."""
    own = [client.another() for client in clients]
    try:
        return [
            own[(first + number) % len(own)].search(t=tag, s_query=text)["cache"]["tier"]
            for number, (tag, text) in enumerate(part)
        ]
    finally:
        for client in own:
            client.close()


def _questions(inputs: Inputs) -> list[tuple[str, str]]:
    """Return distinct questions about a few tags, the tags in turn."""
    tags = sorted(inputs.captions, key=lambda tag: -len(inputs.captions[tag]))[:_TAGS]
    by_tag = [[(tag, text) for text in inputs.captions[tag]] for tag in tags]
    turns = chain.from_iterable(zip(*by_tag, strict=False))
    return list(islice(turns, _DISTINCT))


def _notes(inputs: Inputs) -> list[str]:
    return [
        (
            f"`visible`: {_LEARNT} queries; from the arrival of one replica's answer to the "
            "arrival of another one's, as an exact hit. In that time are the question how far the "
            "first has got, the questions whether the second has read so far, and the hit."
        ),
        (
            f"`hit_rate`: {_STREAM} requests for {_DISTINCT} queries under {_TAGS} tags (Zipf, "
            f"exponent {_EXPONENT}), the same stream for three replicas in turn and for one, "
            f"{_CLIENTS} requests at a time; exact and semantic hits."
        ),
        (
            f"`catch_up`: {_STARTS} starts of `nearhit serve` over a journal of {_ENTRIES} "
            "entries, from the models being loaded to the journal being read; each answered a "
            "search meanwhile, and had all entries in the end."
        ),
        (
            "Bytes in Redis are what its allocator has given out (`used_memory`), keys, "
            "expiries and the journal included: entries with a query embedding of 384 dimensions "
            "and a ranking of 200; pools of 200 with embeddings of 512 by photo. After churn: "
            "every second entry evicted through the journal, then trimmed; a live entry then over "
            "an entry before."
        ),
        (
            "`local_bytes_per_entry`: growth of the resident memory of a process that reads the "
            "whole journal."
        ),
        (
            f"`stampede`: {_STAMPEDE} requests at once for one cold tag (“{inputs.largest()}”), "
            "each with a query of its own, a third to each replica."
        ),
    ]
