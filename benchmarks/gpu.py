"""What a GPU makes of it; on a machine without one nothing is measured."""

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import partial
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from benchmarks.harness import Report, Samples
from benchmarks.inputs import Inputs, find_inputs
from benchmarks.random_clip import write_random_clip
from benchmarks.servers import Client, environment, running, source
from service.encoders import models, threads
from service.encoders.preparation import Prepared
from service.sources.photos import decode_photo

__all__ = ["cold", "measure"]

_POOL = 200
_PHOTOS = 4096
_RUNS = 20
_SEARCHES = 200
_MAX_PIXELS = 40_000_000
_TARGETS = {
    "images_per_s": "≥ 15000",
    "text_encode_ms": "≤ 1 ms",
    "pool_p50_ms": "≤ 3 ms",
    "cold200_ms": "≤ 200 ms",
}

Encode = Callable[[Sequence[Prepared]], object]


def measure() -> Report:
    """Measure encoding and ranking on a GPU, with a model of ViT-B/32's size."""
    report = Report("On a GPU", targets=_TARGETS)
    policy = threads.ThreadPolicy.of(threads.usable_cores())
    threads.apply(policy)
    import torch  # noqa: PLC0415 - must come after the thread policy

    threads.confirm(policy)
    if not torch.cuda.is_available():
        report.notes.append(
            "There is no GPU on this machine, or torch is a build for CPUs. On one with an NVIDIA "
            "GPU, with a build of torch for CUDA in .venv: `python -m benchmarks gpu`."
        )
        return report
    inputs = find_inputs()
    texts = [text for some in inputs.captions.values() for text in some]
    with tempfile.TemporaryDirectory() as name:
        folder = write_random_clip(Path(name) / "vit-b-32", texts)
        _encoding(report, folder, texts)
        _searching(report, inputs, folder, Path(name))
    report.notes += [
        f"{torch.cuda.get_device_name()}; CLIP ViT-B/32 by size, fp16, with random weights.",
        (
            f"`images_per_s`: {_PHOTOS} prepared photos, from bytes of pixels in memory to vectors "
            "in memory. `text_encode_ms`: one caption, tokenised and encoded."
        ),
        f"`pool_p50_ms`: {_SEARCHES} captions for a warm pool, over HTTP, one at a time.",
        (
            f"`cold200_ms`: {_POOL} files of 640 pixels in memory, decoded and prepared by as many "
            "threads as there are cores while those that are ready are encoded."
        ),
    ]
    return report


def cold(files: Sequence[bytes], prepare: Callable[[bytes], Prepared], encode: Encode) -> None:
    """Encode files as the service does: threads prepare, whatever is ready makes a batch."""
    with ThreadPoolExecutor(threads.usable_cores()) as pool:
        ready = [pool.submit(prepare, file) for file in files]
        while ready:
            wait(ready, return_when=FIRST_COMPLETED)
            done = [photo for photo in ready if photo.done()]
            ready = [photo for photo in ready if photo not in done]
            encode([photo.result() for photo in done])


def _encoding(report: Report, folder: Path, texts: Sequence[str]) -> None:
    from service.encoders.towers import Towers  # noqa: PLC0415 - imports torch

    towers = Towers.load(models.resolve(str(folder), kind="clip"), "cuda")
    chance = np.random.default_rng(0)
    some = [
        {"pixel_values": chance.integers(0, 256, (224, 224, 3), np.uint8)}
        for _ in range(towers.image_batch)
    ]

    def images() -> None:
        for _ in range(_PHOTOS // len(some)):
            towers.images(some)

    seconds = _timed(images, _RUNS)
    report.add("images_per_s", Samples([_PHOTOS / s for s in seconds.seconds]))
    captions = cycle(texts)
    report.add("text_encode_ms", _timed(lambda: towers.texts([next(captions)]), 200), scale=1000)
    files = [_file(number) for number in range(_POOL)]
    decode = partial(decode_photo, max_pixels=_MAX_PIXELS, edge=towers.prepare.edge)

    def all_files() -> None:
        cold(files, lambda file: towers.prepare(decode(file)), towers.images)

    report.add("cold200_ms", _timed(all_files, _RUNS), scale=1000)


def _searching(report: Report, inputs: Inputs, model: Path, folder: Path) -> None:
    tag = inputs.largest()
    captions = islice(dict.fromkeys(t for some in inputs.captions.values() for t in some), 250)
    with source(inputs) as port:
        settings = environment(inputs, port) | {"NEARHIT_CLIP_MODEL": str(model)}
        with running(settings, folder) as client:
            seconds = _searches(client, tag, list(captions))
    report.add("pool_p50_ms", seconds, scale=1000)


def _searches(client: Client, tag: str, captions: Sequence[str]) -> Samples:
    seconds = []
    for caption in captions:
        began = time.perf_counter()
        tier = client.search(t=tag, s_query=caption, min_similarity=1)["cache"]["tier"]
        if tier == "pool":
            seconds.append(time.perf_counter() - began)
    # The first ones record what later ones repeat
    return Samples(seconds[-_SEARCHES:])


def _timed(run: Callable[[], object], times: int) -> Samples:
    for _ in range(3):
        run()
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return Samples(seconds)


def _file(number: int) -> bytes:
    """Return a JPEG of a preview's size that is about as hard to decode as a photo."""
    chance = Random(number)
    small = Image.effect_noise((160, 107), 64 + chance.random() * 32)
    stream = BytesIO()
    small.resize((640, 427)).convert("RGB").save(stream, "JPEG", quality=85)
    return stream.getvalue()
