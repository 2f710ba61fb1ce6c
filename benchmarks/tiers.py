"""What each tier costs, one search at a time, against the encoders alone."""

import asyncio
import subprocess
import tempfile
import time
from collections import deque
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.harness import Report, Samples, interleave, ratio
from benchmarks.inputs import Inputs, find_inputs
from benchmarks.servers import NEARHIT, Client, environment, running, source
from service.encoders import models, threads
from service.settings import Settings

__all__ = ["measure"]

_ROUNDS = 200
_WARM_UP = 20
_STARTS = 5
_TARGETS = {
    "pool_over_encodes": "≤ 1.3",
    "exact_p50_ms": "≤ 2 ms",
    "semantic_minus_encoder_ms": "≤ 1.5 ms",
    "ready_s": "≤ 15 s",
    "help_s": "≤ 0.5 s",
}


def measure() -> Report:
    """Measure latencies by tier, the time to readiness and that of `--help`."""
    inputs = find_inputs()
    report = Report("Cost of each tier, one search at a time", targets=_TARGETS)
    policy = threads.ThreadPolicy.of(threads.usable_cores())
    threads.apply(policy)
    with tempfile.TemporaryDirectory() as name, source(inputs) as port:
        settings = environment(inputs, port)
        starts = [_start(settings, Path(name) / str(n)) for n in range(_STARTS)]
        with running(settings, Path(name)) as client:
            times = asyncio.run(_compare(inputs, client))
    _fill(report, times, starts)
    report.notes += [
        (
            f"{_ROUNDS} rounds after {_WARM_UP} of warm-up, each case once a round in turn; "
            f"ranking model {Path(inputs.clip_model).name}, pool of the tag “{inputs.largest()}”."
        ),
        (
            "`encodes` is query encode + CLIP text encode of a caption through the same workers, "
            "in the benchmark's process; every other time is over HTTP on loopback, from request "
            "to the last byte."
        ),
        (
            "A `pool` query is a caption used once, asking for similarity 1, so that its look-up "
            "misses; a `semantic` one is such a caption with the word “photo” behind it."
        ),
        (
            "`semantic_minus_encoder_ms` is the median of `semantic` less that of `query_encode`, "
            "which is the query's encode alone, through a worker in the benchmark's process."
        ),
        f"`ready_s`: {_STARTS} starts of `nearhit serve`, models on disk, store empty.",
    ]
    return report


def _start(settings: dict[str, str], folder: Path) -> float:
    folder.mkdir()
    began = time.perf_counter()
    with running(settings, folder):
        return time.perf_counter() - began


def _help() -> float:
    began = time.perf_counter()
    subprocess.run([str(NEARHIT), "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


async def _compare(inputs: Inputs, client: Client) -> dict[str, Samples]:
    """Run all cases in turn; a case that is answered by another tier ends the benchmark."""
    from service.encoders.clip import TransformersClip  # noqa: PLC0415 - imports torch
    from service.encoders.query import SentenceEncoder  # noqa: PLC0415 - imports torch

    tag = inputs.largest()
    texts = iter(dict.fromkeys(text for some in inputs.captions.values() for text in some))
    began = time.perf_counter()
    client.search(t=tag, s_query=next(texts))
    cold = Samples([time.perf_counter() - began] * 2)
    settings = _settings()
    async with AsyncExitStack() as stack:
        query = await stack.enter_async_context(
            SentenceEncoder.load(
                models.resolve(settings.query_model, kind="query"),
                backend=settings.query_backend,
                folder=settings.model_folder,
                threads=threads.ThreadPolicy.of(threads.usable_cores()).encoder_threads,
            )
        )
        clip = await stack.enter_async_context(
            TransformersClip.load(models.resolve(inputs.clip_model, kind="clip"))
        )

        def expect(tier: str, text: str, **more: float) -> None:
            answered = client.search(t=tag, s_query=text, **more)["cache"]["tier"]
            if answered != tier:
                raise RuntimeError(f"expected tier {tier}, was answered from {answered}")

        remembered = next(texts)
        expect("pool", remembered, min_similarity=1)
        ranked = deque([remembered])

        async def encodes(_: int) -> None:
            text = [next(texts)]
            await query.encode(text)
            await clip.encode_texts(text)

        async def query_encode(_: int) -> None:
            await query.encode([next(texts)])

        async def pool(_: int) -> None:
            ranked.append(next(texts))
            expect("pool", ranked[-1], min_similarity=1)

        async def semantic(_: int) -> None:
            expect("semantic", f"{ranked.popleft()} photo", min_similarity=0.5)

        async def exact(_: int) -> None:
            expect("exact", remembered)

        cases = {
            "encodes": encodes,
            "query_encode": query_encode,
            "pool": pool,
            "semantic": semantic,
            "exact": exact,
        }
        times = await interleave(cases, rounds=_ROUNDS, warm_up=_WARM_UP)
    return times | {"cold": cold}


def _settings() -> Settings:
    return Settings(_env_file=None)


def _fill(report: Report, times: dict[str, Samples], starts: list[float]) -> None:
    report.add("pool_over_encodes", ratio(times["pool"], times["encodes"]))
    report.add("semantic_over_pool", ratio(times["semantic"], times["pool"]))
    report.add("exact_over_pool", ratio(times["exact"], times["pool"]))
    alone_s = times["semantic"].median - times["query_encode"].median
    report.figures["semantic_minus_encoder_ms"] = round(alone_s * 1000, 4)
    for name in ("exact", "semantic", "pool", "encodes", "query_encode"):
        report.add(f"{name}_p50_ms", times[name], scale=1000)
    report.figures["cold_ms"] = round(times["cold"].median * 1000, 1)
    report.add("ready_s", Samples(starts))
    _help()  # the first run may have to compile modules
    report.add("help_s", Samples([_help() for _ in range(_STARTS)]))
    report.plot = lambda file: _plot(file, times)


def _plot(file: Path, times: dict[str, Samples]) -> None:
    from matplotlib import pyplot  # noqa: PLC0415 - slow to import, needed once

    names = ["exact", "semantic", "pool", "encodes"]
    figure, axes = pyplot.subplots(figsize=(7, 3), layout="constrained")
    axes.boxplot(
        [[s * 1000 for s in times[name].seconds] for name in names],
        orientation="horizontal",
        showfliers=False,
        tick_labels=names,
    )
    axes.set_xlabel("ms a search, one at a time (median, quartiles, 1.5 × their range)")
    axes.set_xlim(left=0)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=120)
    pyplot.close(figure)
