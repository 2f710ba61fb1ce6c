"""
How many threads a model call should have: alone, and while others use the cores too.

`python -m benchmarks.thread_policy THREADS SIDE_BY_SIDE BUSY` is one process of
the measurement, since libraries read their number of threads when they are loaded.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.harness import Samples
from benchmarks.inputs import find_inputs
from service.encoders import models, threads

__all__ = ["Timed", "measure"]

_QUERIES = 60
_PHOTOS = 24
_BATCH = 4
_ROUNDS = 3
_SPIN = "import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
_LONGEST_S = 60
_QUERY = "horses amidst flowers"


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of one query encoded by torch, and of one photo among many."""

    query: Samples
    photo: Samples


def measure() -> dict[tuple[int, bool], Timed]:
    """
    Time models by threads a call (one, or all cores) and by whether all cores are busy otherwise.

    With one thread a call, as many batches of photos run side by side as there
    are cores; with all of them one batch runs.
    """
    cores = threads.usable_cores()
    found: dict[tuple[int, bool], tuple[list[float], list[float]]] = {}
    for _ in range(_ROUNDS):
        for count in dict.fromkeys((1, cores)):
            for busy in (False, True):
                queries, photos = found.setdefault((count, busy), ([], []))
                told = _run(count, cores // count, cores if busy else 0)
                queries += told["query"]
                photos += told["photo"]
    return {key: Timed(Samples(q), Samples(p)) for key, (q, p) in found.items()}


def _run(count: int, side_by_side: int, spinning: int) -> dict[str, list[float]]:
    policy = threads.ThreadPolicy(count, side_by_side)
    environment = os.environ | policy.environment
    numbers = map(str, (count, side_by_side, spinning))
    command = [sys.executable, "-m", "benchmarks.thread_policy", *numbers]
    ran = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, timeout=600
    )
    told: dict[str, list[float]] = json.loads(ran.stdout.splitlines()[-1])
    return told


def _main(count: int, side_by_side: int, spinning: int) -> None:
    threads.apply(threads.ThreadPolicy(count, side_by_side))
    from service.encoders.backends import load_sentences  # noqa: PLC0415 - imports torch
    from service.encoders.towers import Towers  # noqa: PLC0415

    threads.confirm(threads.ThreadPolicy(count, side_by_side))
    files = models.resolve(models.MINILM, kind="query")
    model = load_sentences(files, backend="torch", device="cpu", folder=Path(), threads=count)
    towers = Towers.load(models.resolve(find_inputs().clip_model, kind="clip"), "cpu")
    photos = [towers.prepare(Image.new("RGB", (640, 427), (n, 90, 200))) for n in range(_PHOTOS)]
    parts = [photos[start : start + _BATCH] for start in range(0, _PHOTOS, _BATCH)]
    with _busy(spinning), ThreadPoolExecutor(side_by_side) as pool:
        for _ in range(3):
            model.encode([_QUERY])
            list(pool.map(towers.images, parts[:side_by_side]))
        query = [_seconds(lambda: model.encode([_QUERY])) for _ in range(_QUERIES)]
        photo = _seconds(lambda: list(pool.map(towers.images, parts))) / _PHOTOS
    print(json.dumps({"query": query, "photo": [photo]}))


@contextmanager
def _busy(count: int) -> Iterator[None]:
    """Keep so many cores busy with other processes."""
    command = [sys.executable, "-c", _SPIN.format(seconds=_LONGEST_S)]
    spinning = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _numbers(arguments: Sequence[str]) -> tuple[int, int, int]:
    one, two, three = map(int, arguments)
    return one, two, three


if __name__ == "__main__":
    _main(*_numbers(sys.argv[1:]))
