"""What a cold tag takes, against its floor: the download alone, or decoding and encoding alone."""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.dealing import dealt
from benchmarks.harness import Report, Samples
from benchmarks.inputs import Inputs, find_inputs
from benchmarks.random_clip import write_random_clip
from benchmarks.servers import Client, environment, running, source
from service.encoders import models, threads

__all__ = ["measure"]

_SIZES = (30, 200)
_ROUNDS = 7
_LATENCY_MS = 50
_BATCHES = (2, 4, 8, 16, 32)
_AT_ONCE = (16, 32, 64)
_LIMIT = 40_000_000
_VIT = "vit"
_TARGETS = {
    "cold30_over_floor": "≤ 1.3",
    "cold200_over_floor": "≤ 1.3",
    "first_partial_share_200": "≤ 0.33",
}


@dataclass(slots=True)
class _Times:
    """Seconds of one pool size, round by round."""

    cold: list[float] = field(default_factory=list)
    partial: list[float] = field(default_factory=list)
    download: list[float] = field(default_factory=list)
    encode: list[float] = field(default_factory=list)

    @property
    def floor(self) -> list[float]:
        """The larger of what cannot be avoided."""
        return [max(pair) for pair in zip(self.download, self.encode, strict=True)]


def measure() -> Report:
    """Measure cold searches for pools of 30 and 200 photos."""
    report = Report("A cold tag against its floor", targets=_TARGETS)
    policy = threads.ThreadPolicy.of(threads.usable_cores())
    threads.apply(policy)
    inputs = find_inputs()
    # A round before those that count
    tags = {_tag(size, n): size for size in _SIZES for n in range(_ROUNDS + 1)}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        photos = dealt(inputs, folder / "photos", tags)
        texts = [text for some in inputs.captions.values() for text in some]
        vit = write_random_clip(folder / "vit-b-32", texts)
        port = stack.enter_context(source(photos, latency_ms=_LATENCY_MS))
        for name, model in (("", inputs.clip_model), (_VIT, str(vit))):
            own = folder / f"service-{name}"
            own.mkdir()
            settings = environment(photos, port) | {
                "NEARHIT_CLIP_MODEL": model,
                "NEARHIT_POOL_SIZE": str(max(_SIZES)),
            }
            with running(settings, own) as client:
                _fill(report, name, *_rounds(photos, port, model, policy, client))
    report.notes += list(_notes(inputs, policy))
    return report


def _rounds(
    photos: Inputs, port: int, model: str, policy: threads.ThreadPolicy, client: Client
) -> tuple[dict[int, _Times], int, int]:
    """Run all rounds; return times by pool size, and what was best at encoding and downloading."""
    files = _bytes_of(photos)
    with closing(_Alone(model, policy)) as alone:
        batch = alone.best_batch(files[: min(_SIZES) * 2])
        at_once = min(_AT_ONCE, key=lambda n: asyncio.run(_download(port, _tag(200, 0), n)))
        times = {size: _Times() for size in _SIZES}
        for number in range(_ROUNDS + 1):
            for size in _SIZES:
                tag = _tag(size, number)
                cold, partial = _search(client, tag, photos.captions[tag][0], size)
                download = asyncio.run(_download(port, tag, at_once))
                encode = alone.seconds(files[:size], batch)
                if number == 0:
                    continue
                times[size].cold.append(cold)
                times[size].partial.append(partial)
                times[size].download.append(download)
                times[size].encode.append(encode)
    return times, batch, at_once


def _search(client: Client, tag: str, query: str, photos: int) -> tuple[float, float]:
    """Return the seconds of a cold search, to its end and to its first partial result."""
    began, partial = time.perf_counter(), 0.0
    encoded, last = 0, {}
    for name, data in client.events("/search/stream", t=tag, s_query=query):
        last = json.loads(data)
        if name == "partial" and not partial:
            partial = time.perf_counter() - began
        elif name == "progress":
            encoded = last["encoded"]
    seconds = time.perf_counter() - began
    if (encoded, last.get("cache", {}).get("tier")) != (photos, "origin"):
        raise RuntimeError(f"{encoded} photos were encoded, the last event was {last}")
    return seconds, partial


class _Alone:
    """
    Decoding and encoding with nothing beside it, as quick as this machine does it.

    A thread a core, each of which decodes a batch and encodes it: nothing waits
    for anything.
    """

    def __init__(self, model: str, policy: threads.ThreadPolicy) -> None:
        from service.encoders.towers import Towers  # noqa: PLC0415 - imports torch
        from service.sources.photos import decode_photo  # noqa: PLC0415

        threads.confirm(policy)
        self._towers = Towers.load(models.resolve(model, kind="clip"), "cpu")
        self._decode = decode_photo
        self._threads = ThreadPoolExecutor(policy.image_batches)

    def best_batch(self, files: Sequence[bytes]) -> int:
        """Return the size of batches that is quickest."""
        self.seconds(files, _BATCHES[0])
        rounds = [{batch: self.seconds(files, batch) for batch in _BATCHES} for _ in range(3)]
        return min(_BATCHES, key=lambda batch: min(times[batch] for times in rounds))

    def seconds(self, files: Sequence[bytes], batch: int) -> float:
        """Return how long it takes to decode and encode files in batches of a size."""
        parts = [files[start : start + batch] for start in range(0, len(files), batch)]
        began = time.perf_counter()
        list(self._threads.map(self._encode, parts))
        return time.perf_counter() - began

    def _encode(self, files: Sequence[bytes]) -> None:
        edge = self._towers.prepare.edge
        pictures = [self._decode(data, max_pixels=_LIMIT, edge=edge) for data in files]
        self._towers.images([self._towers.prepare(picture) for picture in pictures])

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()


async def _download(port: int, tag: str, at_once: int) -> float:
    """Return the seconds to ask the API and fetch its photos, with nothing beside it."""
    from service.sources.fetch import PhotoFetcher  # noqa: PLC0415 - after the thread policy
    from service.sources.web import make_client, make_clients  # noqa: PLC0415

    fetcher = PhotoFetcher(
        make_clients(at_once), hosts=["127.0.0.1"], per_host=at_once, max_bytes=_LIMIT, timeout_s=30
    )
    api = make_client()
    began = time.perf_counter()
    asked = {"key": "demo-key", "q": tag, "per_page": "200"}
    answer = await api.get(f"http://127.0.0.1:{port}/api/", params=asked)
    await asyncio.gather(*(fetcher.fetch(hit["webformatURL"]) for hit in answer.json()["hits"]))
    seconds = time.perf_counter() - began
    await api.aclose()
    await fetcher.aclose()
    return seconds


def _bytes_of(photos: Inputs) -> list[bytes]:
    assert photos.photos is not None, "they were dealt into a folder"
    files = sorted(photos.photos.glob(f"{_tag(max(_SIZES), 0)}-*.jpg"))
    return [file.read_bytes() for file in files]


def _tag(size: int, number: int) -> str:
    return f"{_NAMES[number % len(_NAMES)]}{size}"


_NAMES = ("amber", "birch", "cobalt", "dune", "ember", "fern", "garnet", "hazel")


def _fill(report: Report, name: str, times: dict[int, _Times], batch: int, at_once: int) -> None:
    end = f"_{name}" if name else ""
    for size, of_size in times.items():
        over = [a / b for a, b in zip(of_size.cold, of_size.floor, strict=True)]
        report.add(f"cold{size}_over_floor{end}", Samples(over))
        for what in ("cold", "floor", "download", "encode"):
            report.add(f"{what}{size}_ms{end}", Samples(getattr(of_size, what)), scale=1000)
    largest = times[max(_SIZES)]
    shares = [a / b for a, b in zip(largest.partial, largest.cold, strict=True)]
    report.add(f"first_partial_share_200{end}", Samples(shares))
    report.figures[f"best_batch{end}"] = batch
    report.figures[f"best_downloads{end}"] = at_once


def _notes(inputs: Inputs, policy: threads.ThreadPolicy) -> Iterator[str]:
    yield (
        f"{_ROUNDS} cold tags a size after one of warm-up, photos under names of their own, from "
        f"a source in another process with {_LATENCY_MS} ms before each answer. Times are of "
        "`/search/stream` over HTTP, from the request to the result's last byte."
    )
    yield (
        "The floor is the larger of two, measured in turn with the searches while the service is "
        "at rest: `download`, the API's answer and all photos with as many connections as was "
        "quickest; `encode`, decoding and encoding photos that are in memory, "
        f"{policy.image_batches} threads that do both, in the batches that were quickest."
    )
    yield (
        f"Ranking model {Path(inputs.clip_model).name}; figures that end in `_{_VIT}` are of "
        "CLIP ViT-B/32 by size, with random weights."
    )
