"""What may run the query model, compared: time, faithfulness to fp32, what is kept on disk."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Samples, interleave
from benchmarks.inputs import Pair
from service.encoders import models
from service.encoders.backends import SentenceModel, load_sentences
from service.settings import QueryBackend

__all__ = ["REJECTED", "Backend", "Compared", "compare", "load_all"]

Rows = NDArray[np.float32]

REJECTED = "stock-int8"
"""ONNX Runtime's own dynamic quantisation, which fails what the others pass."""

_BATCH = 32
_ROUNDS = 60
_WARM_UP = 5
_MIXES = 60
_MIXED = 100
# From a word to about 64 tokens
_MOST_JOINED = 5


@dataclass(frozen=True, slots=True)
class Backend:
    """
    A loaded backend, and what getting it took.

    Args:
        model: Runs on one thread.
        load_s: Seconds of its first load, its graph's making included.
        disk_bytes: Size of its graph; 0 where it has none.
    """

    model: SentenceModel
    load_s: float
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class Compared:
    """
    What a backend was found to do.

    Args:
        alone: Seconds of one query alone.
        batched: Seconds of one query of a batch of 32.
        spearman: Rank correlation of pairs' cosines with those in fp32.
        cosine_error: Largest difference of such a cosine.
        batch_cosine: Least cosine of a text's vectors alone and in a batch.
    """

    alone: Samples
    batched: Samples
    spearman: float
    cosine_error: float
    batch_cosine: float


def load_all(folder: Path) -> dict[str, Backend]:
    """Load the default query model on every backend, and the rejected one; makes the graphs."""
    files = models.resolve(models.MINILM, kind="query")
    loaded = {}
    for name in get_args(QueryBackend):
        before = set(folder.iterdir())
        began = time.perf_counter()
        model = load_sentences(files, backend=name, device="cpu", folder=folder, threads=1)
        seconds = time.perf_counter() - began
        made = set(folder.iterdir()) - before
        loaded[name] = Backend(model, seconds, sum(path.stat().st_size for path in made))
        if name == "onnx":
            (graph,) = made
    return loaded | {REJECTED: _stock(files, graph, folder / "stock")}


def compare(backends: Mapping[str, Backend], pairs: Sequence[Pair]) -> dict[str, Compared]:
    """Compare backends on pairs of texts, with fp32 on torch as what is right; minutes."""
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    with _one_thread():
        times = _time(backends, texts)
        wanted = _cosines(backends["torch"].model, texts, pairs)
        return {
            name: _compared(name, backend.model, times, texts, pairs, wanted)
            for name, backend in backends.items()
        }


def _compared(
    name: str,
    model: SentenceModel,
    times: Mapping[str, Samples],
    texts: Sequence[str],
    pairs: Sequence[Pair],
    wanted: Rows,
) -> Compared:
    found = _cosines(model, texts, pairs)
    return Compared(
        alone=times[name],
        batched=times[f"{name} batched"],
        spearman=_spearman(found, wanted),
        cosine_error=float(np.abs(found - wanted).max()),
        batch_cosine=_batch_cosine(model, texts),
    )


def _stock(files: models.ModelFiles, graph: Path, folder: Path) -> Backend:
    from onnxruntime.quantization import (  # noqa: PLC0415 - after the thread policy
        QuantType,
        quantize_dynamic,
    )

    from service.encoders.backends.runtime import OnnxSentences  # noqa: PLC0415 - likewise

    folder.mkdir()
    path = folder / "graph.onnx"
    began = time.perf_counter()
    quantize_dynamic(graph, path, weight_type=QuantType.QInt8)
    model = OnnxSentences.load(files, path, REJECTED, threads=1)
    return Backend(model, time.perf_counter() - began, path.stat().st_size)


def _time(backends: Mapping[str, Backend], texts: Sequence[str]) -> dict[str, Samples]:
    def case(model: SentenceModel, size: int) -> Callable[[int], Awaitable[None]]:
        async def run(number: int) -> None:
            places = range(number * size, (number + 1) * size)
            model.encode([texts[place % len(texts)] for place in places])

        return run

    cases = {name: case(backend.model, 1) for name, backend in backends.items()}
    cases |= {f"{name} batched": case(backend.model, _BATCH) for name, backend in backends.items()}
    times = asyncio.run(interleave(cases, rounds=_ROUNDS, warm_up=_WARM_UP))
    for name in backends:
        batches = times[f"{name} batched"].seconds
        times[f"{name} batched"] = Samples([seconds / _BATCH for seconds in batches])
    return times


def _cosines(model: SentenceModel, texts: Sequence[str], pairs: Sequence[Pair]) -> Rows:
    batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
    rows = np.concatenate([model.encode(batch) for batch in batches])
    places = {text: place for place, text in enumerate(texts)}
    ones, others = (rows[[places[pair[side]] for pair in pairs]] for side in (0, 1))
    cosines: Rows = np.vecdot(ones, others)
    return cosines


def _spearman(some: Rows, others: Rows) -> float:
    """Return the correlation of two rankings without ties."""
    one, other = (np.argsort(np.argsort(values)).astype(np.float64) for values in (some, others))
    return float(np.corrcoef(one, other)[0, 1])


def _batch_cosine(model: SentenceModel, texts: Sequence[str]) -> float:
    """Return the least cosine of texts alone and in batches drawn by chance, of all lengths."""
    chance = Random("batches")
    drawn = [
        " ".join(chance.sample(list(texts), chance.randint(1, _MOST_JOINED)))
        for _ in range(_MIXED // 2)
    ]
    drawn += [" ".join(text.split()[: chance.randint(1, 3)]) for text in texts[: _MIXED // 2]]
    alone = np.concatenate([model.encode([text]) for text in drawn])
    least = 1.0
    for _ in range(_MIXES):
        places = chance.sample(range(len(drawn)), chance.randint(2, _BATCH))
        together = model.encode([drawn[place] for place in places])
        least = min(least, float(np.vecdot(together, alone[places]).min()))
    return least


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch  # noqa: PLC0415 - after the thread policy

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
