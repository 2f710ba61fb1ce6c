"""What a hit costs beside what nobody can spare it: the route it comes by, and its encode."""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import psutil

from benchmarks.harness import Report, Samples, ratio
from benchmarks.inputs import Inputs, find_inputs
from benchmarks.load import Load, load
from benchmarks.servers import Client, environment, running, serving, source
from service.encoders import models, threads
from service.settings import Settings

if TYPE_CHECKING:
    from service.encoders.backends import SentenceModel

__all__ = ["measure"]

_ROUNDS = 7
_EXACT_CLIENTS = 16
_EXACT_S = 2.0
_CLIENTS = 64
_HITS = 768
_REMEMBERED = 192
_STORED = ("route", "fastapi", "bare")
_WORDS = """
    photo picture image photograph shot snapshot view scene closeup print poster postcard
    wallpaper background banner cover illustration study sample example impression capture frame
    preview thumbnail portfolio gallery album stock footage visual artwork
""".split()
_TARGETS = {"exact_over_route": "≥ 0.8", "semantic_overhead_ms": "≤ 0.6 ms"}


def measure() -> Report:
    """Measure exact hits against stored bytes, and semantic hits against their encodes."""
    inputs = find_inputs()
    policy = threads.ThreadPolicy.of(threads.usable_cores())
    threads.apply(policy)
    report = Report("Cost of a hit beside its route and its encode", targets=_TARGETS)
    with (
        tempfile.TemporaryDirectory() as name,
        source(inputs) as port,
        running(environment(inputs, port), Path(name)) as service,
    ):
        asked = _remember(inputs, service)
        exact = _exact(service, asked[0], Path(name))
        semantic = _semantic(service, asked, _sentences(policy))
    _fill_exact(report, exact)
    _fill_semantic(report, semantic)
    report.notes += _NOTES
    return report


@dataclass(frozen=True, slots=True)
class _Round:
    """Requests of one round, and what they cost the process that answered."""

    load: Load
    cpu_s: float

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU time a request."""
        return self.cpu_s / self.load.requests * 1000

    @property
    def rate(self) -> float:
        """Requests a second of wall time."""
        return self.load.requests / self.load.seconds


def _ask(
    server: Client, targets: Sequence[str], *, clients: int, seconds: float | None = None
) -> _Round:
    process = psutil.Process(server.pid)
    before = process.cpu_times()
    ran = load(server.port, targets, clients=clients, seconds=seconds)
    after = process.cpu_times()
    return _Round(ran, after.user + after.system - before.user - before.system)


def _target(tag: str, query: str, **more: float) -> str:
    return f"/search?{urlencode({'t': tag, 's_query': query, **more})}"


def _remember(inputs: Inputs, service: Client) -> list[tuple[str, str]]:
    """Have searches of one tag remembered; return them."""
    tag = inputs.largest()
    texts = dict.fromkeys(text for some in inputs.captions.values() for text in some)
    asked = [(tag, text) for text in islice(texts, _REMEMBERED)]
    for t, query in asked:
        service.search(t=t, s_query=query, min_similarity=1)
    return asked


def _exact(service: Client, asked: tuple[str, str], folder: Path) -> dict[str, list[_Round]]:
    """Ask the same again and again: the service and its stand-ins, in turn."""
    target = _target(*asked)
    body = folder / "answer.json"
    body.write_bytes(service.get(target)[1])
    with ExitStack() as stack:
        servers = {"exact": service} | {
            which: stack.enter_context(serving("benchmarks.stored", which, str(body), until=target))
            for which in _STORED
        }
        rounds: dict[str, list[_Round]] = {name: [] for name in servers}
        names = list(servers)
        for number in range(-1, _ROUNDS):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                ran = _ask(servers[name], [target], clients=_EXACT_CLIENTS, seconds=_EXACT_S)
                _require(ran.load, "exact")
                rounds[name].append(ran)
    return {name: of[1:] for name, of in rounds.items()}  # the first was for warming up


def _require(ran: Load, tier: str) -> None:
    if set(ran.answers) != {tier}:
        raise RuntimeError(f"expected tier {tier}, was answered from {dict(ran.answers)}")


@dataclass(frozen=True, slots=True)
class _Hits:
    """One round of semantic hits, and the same encodes without a service around them."""

    round: _Round
    encode_ms: float
    sizes: Counter[int]


def _semantic(
    service: Client, asked: Sequence[tuple[str, str]], model: "SentenceModel"
) -> list[_Hits]:
    """Ask what nobody has asked before and means what somebody has, and encode the same alone."""
    unasked = ((tag, f"{query} {word}") for word, (tag, query) in product(_WORDS, asked))
    rounds = []
    for _ in range(_ROUNDS + 1):
        queries = list(islice(unasked, _HITS))
        targets = [_target(tag, query, min_similarity=0.5) for tag, query in queries]
        before = _sizes(service)
        ran = _ask(service, targets, clients=_CLIENTS)
        _require(ran.load, "semantic")
        sizes = _sizes(service) - before
        encode_ms = _encode_ms(model, [query for _, query in queries], sizes)
        rounds.append(_Hits(ran, encode_ms, sizes))
    return rounds[1:]


def _sizes(service: Client) -> Counter[int]:
    sizes = service.json("/cache/stats")["replica"]["encoders"]["query_queries"]["sizes"]
    return Counter({int(size): count for size, count in sizes.items()})


def _encode_ms(model: "SentenceModel", queries: Sequence[str], sizes: Mapping[int, int]) -> float:
    """Return milliseconds of CPU time a query, encoded in batches of these sizes."""
    left = iter(queries)
    batches = [list(islice(left, size)) for size in Counter(sizes).elements()]
    began = time.process_time()
    for batch in batches:
        model.encode(batch)
    return (time.process_time() - began) / len(queries) * 1000


def _sentences(policy: threads.ThreadPolicy) -> "SentenceModel":
    """Load the query model as the service does."""
    from service.encoders.backends import load_sentences  # noqa: PLC0415 - imports torch

    settings = Settings(_env_file=None)
    model = load_sentences(
        models.resolve(settings.query_model, kind="query"),
        backend=settings.query_backend,
        device=settings.device,
        folder=settings.model_folder,
        threads=policy.encoder_threads,
    )
    threads.confirm(policy)
    return model


def _fill_exact(report: Report, rounds: Mapping[str, Sequence[_Round]]) -> None:
    cpu = {name: Samples([one.cpu_ms for one in of]) for name, of in rounds.items()}
    wall = {name: Samples([1 / one.rate for one in of]) for name, of in rounds.items()}
    for other in _STORED:
        report.add(f"exact_over_{other}", ratio(cpu[other], cpu["exact"]))
        report.add(f"exact_over_{other}_wall", ratio(wall[other], wall["exact"]))
    for name, of in rounds.items():
        report.add(f"{name}_cpu_ms", cpu[name])
        report.add(f"{name}_requests_per_s", Samples([one.rate for one in of]))


def _fill_semantic(report: Report, rounds: Sequence[_Hits]) -> None:
    report.add(
        "semantic_overhead_ms", Samples([one.round.cpu_ms - one.encode_ms for one in rounds])
    )
    report.add("semantic_cpu_ms", Samples([one.round.cpu_ms for one in rounds]))
    report.add("query_encode_cpu_ms", Samples([one.encode_ms for one in rounds]))
    report.add("semantic_requests_per_s", Samples([one.round.rate for one in rounds]))
    report.add(
        "semantic_mean_batch",
        Samples([one.round.load.requests / one.sizes.total() for one in rounds]),
    )
    seen = sum((one.sizes for one in rounds), Counter[int]())
    most = json.dumps(dict(sorted(seen.items())))
    report.notes.append(f"Batches of semantic hits by size: {most}.")


_NOTES = [
    (
        f"Exact hits: {_EXACT_CLIENTS} connections ask one search for {_EXACT_S:.0f} s, the "
        f"service and three stand-ins in turn, {_ROUNDS} rounds after one of warm-up. `route` is "
        "the search route, its parameters, its middleware and its server, returning stored bytes "
        "of the same answer; `fastapi` the same by an ordinary route of the framework, which the "
        "service's own was until it read its parameters itself; `bare` an ASGI application that "
        "does nothing else."
    ),
    (
        "`exact_over_…` compares requests by CPU second of the process that answers: it has one "
        "thread, so that is what it can do by the second when it has a core of its own. By the "
        "clock (`…_wall`) the client and whatever else runs take their share of the machine. What "
        "the service does besides, as reading the journal, is counted in."
    ),
    (
        f"Semantic hits: {_CLIENTS} connections, {_HITS} queries a round that nobody has asked "
        f"before, each one of {_REMEMBERED} remembered captions with a word behind it; every "
        "answer is checked to be a semantic hit. `semantic_overhead_ms` is the service's CPU time "
        "a hit less that of encoding the same queries alone, in the benchmark's process, by the "
        "same backend, in batches of the sizes the service had."
    ),
]
