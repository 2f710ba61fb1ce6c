"""The published approach, rebuilt as it was described, against the service."""

import asyncio
import json
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import redis
from PIL import Image

from benchmarks.harness import Report, Samples, interleave, ratio
from benchmarks.inputs import Inputs, find_inputs
from benchmarks.random_clip import write_random_clip
from benchmarks.redis_server import redis_server
from benchmarks.servers import Client, environment, running, source
from service.encoders import threads

__all__ = ["measure"]

_POOL = 30
_LATENCY_MS = 50
_COLD = 4
_ROUNDS = 7
_TAGS = ("amber", "birch", "cobalt", "dune", "ember", "fern")
_TARGETS = {
    "cold_speedup_fp32": "≥ 1.5",
    "cold_speedup": "≥ 4",
    "warm_speedup": "≥ 50",
    "semantic_speedup": "≥ 250",
}


class Published:
    """
    Every query downloads what is not in Redis, and encodes its text and all photos.

    Args:
        folder: The model.
        photos: Where Redis is.
        port: The photo source's port.
    """

    def __init__(self, folder: Path, photos: str, port: int) -> None:
        import torch  # noqa: PLC0415 - must come after the thread policy
        from transformers import AutoModel, AutoProcessor  # noqa: PLC0415

        # All cores for one call, as torch has it where nobody says otherwise
        torch.set_num_threads(threads.usable_cores())
        self._model = AutoModel.from_pretrained(folder).eval()
        self._processor: Any = AutoProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
        self._redis = redis.Redis.from_url(photos)
        self._port = port

    def search(self, tag: str, query: str) -> list[tuple[str, float]]:
        """Return URLs and scores, the best first."""
        import torch  # noqa: PLC0415 - must come after the thread policy

        urls, images = self._photos(tag)
        inputs = self._processor(text=[query], images=images, return_tensors="pt", padding=True)
        with torch.no_grad():
            scores = self._model(**inputs).logits_per_image.softmax(dim=0)[:, 0]
        return sorted(zip(urls, scores.tolist(), strict=True), key=lambda pair: -pair[1])

    def _photos(self, tag: str) -> tuple[list[str], list[Image.Image]]:
        kept = self._redis.get(tag)
        if kept is not None:
            # Pickle is how it was published. What it reads here was written by this process,
            # into a server of its own; nearhit itself keeps nothing that can run.
            found: tuple[list[str], list[Image.Image]] = pickle.loads(bytes(kept))  # type: ignore[arg-type]
            return found
        urls = photo_urls(self._port, tag)
        images = [_downloaded(url) for url in urls]
        self._redis.set(tag, pickle.dumps((urls, images)))
        return urls, images


def measure() -> Report:
    """Measure cold tags, warm ones and semantic hits against the published approach."""
    report = Report("The published approach, rebuilt, against the service", targets=_TARGETS)
    policy = threads.ThreadPolicy.of(threads.usable_cores())
    threads.apply(policy)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        inputs = _dealt(find_inputs(), folder / "photos")
        texts = [text for some in inputs.captions.values() for text in some]
        model = write_random_clip(folder / "vit-b-32", texts)
        port = stack.enter_context(source(inputs, latency_ms=_LATENCY_MS))
        server = stack.enter_context(redis_server())
        threads.confirm(policy)
        rival = Published(model, server.url(0), port)
        services = {
            precision: stack.enter_context(
                _service(inputs, port, model, precision, folder / precision)
            )
            for precision in ("fp32", "auto")
        }
        tags = _apart(inputs, port)
        cold = asyncio.run(_cold(rival, services, tags, inputs))
        warm = asyncio.run(_warm(rival, services["auto"], tags[0], inputs))
    _fill(report, cold, warm)
    report.notes += [
        (
            f"{_POOL} photos a tag, each a request of {_LATENCY_MS} ms, from a source in a process "
            "of its own. CLIP ViT-B/32 by size, with random weights; the published approach has "
            "all cores for each model call, as torch does by itself."
        ),
        (
            "The published approach downloads the photos of a tag one after the other, keeps them "
            "in Redis as pickled pictures, and for every query runs CLIP in fp32 on the text and "
            "all photos. It runs in the benchmark's process, the service behind HTTP."
        ),
        (
            f"Cold: {len(tags) - 1} tags that share no photo, each asked once of each in turn. "
            f"Warm: {_ROUNDS} rounds; the published one with its photos in Redis, nearhit with a "
            "caption it has not seen (`pool`), and with one that differs by the word “photo” "
            "(`semantic`)."
        ),
        "`cold_speedup_fp32` is of a service told NEARHIT_CLIP_PRECISION=fp32; others are `auto`.",
    ]
    return report


def photo_urls(port: int, tag: str) -> list[str]:
    """Ask the source for a tag's photos, as many as make a pool."""
    asked = urlencode({"key": "demo-key", "q": tag, "per_page": _POOL})
    with urlopen(f"http://127.0.0.1:{port}/api/?{asked}") as answer:
        return [hit["webformatURL"] for hit in json.load(answer)["hits"]]


def _downloaded(url: str) -> Image.Image:
    with urlopen(url) as answer:
        return Image.open(BytesIO(answer.read())).convert("RGB")


def _service(
    inputs: Inputs, port: int, model: Path, precision: str, folder: Path
) -> AbstractContextManager[Client]:
    folder.mkdir()
    more = {
        "NEARHIT_CLIP_MODEL": str(model),
        "NEARHIT_CLIP_PRECISION": precision,
        "NEARHIT_POOL_SIZE": str(_POOL),
    }
    return running(environment(inputs, port) | more, folder)


def _dealt(inputs: Inputs, folder: Path) -> Inputs:
    """Deal photos out to tags that share none: a photo known from another tag is not cold."""
    if inputs.photos is None:
        return inputs  # the demo's scenes are enough as they are
    photos = [*map(json.loads, inputs.photos.with_suffix(".jsonl").read_text().splitlines())]
    shutil.copytree(inputs.photos, folder)  # links out of a folder are not followed
    captions: dict[str, list[str]] = {}
    for number, photo in enumerate(photos):
        photo["tags"] = [_TAGS[number % min(len(_TAGS), len(photos) // _POOL)]]
        captions.setdefault(photo["tags"][0], []).extend(photo["captions"])
    lines = "".join(json.dumps(photo) + "\n" for photo in photos)
    folder.with_suffix(".jsonl").write_text(lines)
    return Inputs(folder, inputs.clip_model, captions)


def _apart(inputs: Inputs, port: int) -> list[str]:
    """Return tags with full pools of photos that no other of them has."""
    chosen: list[str] = []
    seen: set[str] = set()
    for tag in sorted(inputs.captions, key=lambda tag: -len(inputs.captions[tag])):
        urls = photo_urls(port, tag)
        if len(urls) == _POOL and seen.isdisjoint(urls):
            chosen.append(tag)
            seen.update(urls)
        if len(chosen) == _COLD + 1:
            break
    return chosen


async def _cold(
    rival: Published, services: dict[str, Client], tags: list[str], inputs: Inputs
) -> dict[str, Samples]:
    """Ask all of them for the same tags, one after the other; the first tag warms up."""
    captions = [inputs.captions[tag][0] for tag in tags]

    async def published(number: int) -> None:
        rival.search(tags[number], captions[number])

    def asking(client: Client) -> Callable[[int], Any]:
        async def ask(number: int) -> None:
            _expect(client, "origin", tags[number], captions[number])

        return ask

    cases = {"published": published} | {name: asking(c) for name, c in services.items()}
    # The round before the first has the number -1: the last tag
    return await interleave(cases, rounds=len(tags) - 1, warm_up=1)


async def _warm(rival: Published, client: Client, tag: str, inputs: Inputs) -> dict[str, Samples]:
    texts = _fresh(inputs)
    ranked: list[str] = []

    async def published(_: int) -> None:
        rival.search(tag, next(texts))

    async def pool(_: int) -> None:
        ranked.append(next(texts))
        _expect(client, "pool", tag, ranked[-1], min_similarity=1)

    async def semantic(_: int) -> None:
        if not ranked:
            await pool(0)
        _expect(client, "semantic", tag, f"{ranked.pop(0)} photo", min_similarity=0.5)

    cases = {"published": published, "pool": pool, "semantic": semantic}
    return await interleave(cases, rounds=_ROUNDS, warm_up=2)


def _fresh(inputs: Inputs) -> Iterator[str]:
    """Yield captions that no cold query was."""
    texts = dict.fromkeys(text for some in inputs.captions.values() for text in some[1:])
    yield from texts
    for number in count(2):
        yield from (f"{text} {number}" for text in texts)


def _expect(client: Client, tier: str, tag: str, query: str, **more: float) -> None:
    answered = client.search(t=tag, s_query=query, **more)["cache"]["tier"]
    if answered != tier:
        raise RuntimeError(f"expected tier {tier}, was answered from {answered}")


def _fill(report: Report, cold: dict[str, Samples], warm: dict[str, Samples]) -> None:
    report.add("cold_speedup_fp32", ratio(cold["published"], cold["fp32"]))
    report.add("cold_speedup", ratio(cold["published"], cold["auto"]))
    report.add("warm_speedup", ratio(warm["published"], warm["pool"]))
    report.add("semantic_speedup", ratio(warm["published"], warm["semantic"]))
    report.add("published_cold_s", cold["published"])
    report.add("cold_fp32_s", cold["fp32"])
    report.add("cold_s", cold["auto"])
    report.add("published_warm_s", warm["published"])
    report.add("pool_p50_ms", warm["pool"], scale=1000)
    report.add("semantic_p50_ms", warm["semantic"], scale=1000)
