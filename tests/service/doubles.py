"""Models and a source for tests: the seams' fakes, which count what they are asked."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cache.pools.filters import Filters
from cache.pools.pool import Candidate
from index import VectorIndex
from service.encoders.preparation import PIXELS, Prepared
from service.encoders.protocol import Placed
from service.errors import EncoderFailed, PhotoRejected, PhotoUnavailable, UnknownFilter

DIMENSION = 8


def at(similarity: float) -> NDArray[np.float32]:
    """Return a unit vector whose cosine with `at(1.0)` is `similarity`."""
    vector = np.zeros(DIMENSION, np.float32)
    vector[0], vector[1] = similarity, np.sqrt(1 - similarity**2)
    return vector


class FakeQueryEncoder:
    """
    Places texts as told; texts it has not been told of lie apart from all others.

    While it is not `open`, whoever asks it waits; who leaves is not encoded.
    """

    fingerprint = "q" * 16
    dimension = DIMENSION

    def __init__(self) -> None:
        self.places: dict[str, NDArray[np.float32]] = {}
        self.encoded: list[str] = []
        self.waiting = 0
        self.open = asyncio.Event()
        self.open.set()

    async def turn(self) -> None:
        self.waiting += 1
        try:
            await self.open.wait()
        finally:
            self.waiting -= 1

    def vector(self, text: str) -> NDArray[np.float32]:
        self.encoded.append(text)
        return self._place(text)

    def _place(self, text: str) -> NDArray[np.float32]:
        if text in self.places:
            return self.places[text]
        seed = int.from_bytes(text.encode()[:16].ljust(16, b"\0"), "little") % 2**63
        vector = np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)
        vector[:2] = 0
        return vector / np.linalg.norm(vector)


class FakePlacing:
    """A query encoder over one replica's index; its places are those of all replicas."""

    fingerprint = FakeQueryEncoder.fingerprint
    dimension = DIMENSION

    def __init__(self, encoder: FakeQueryEncoder, index: VectorIndex) -> None:
        self._encoder = encoder
        self._index = index

    async def place(self, scope: str, query: str) -> Placed:
        await self._encoder.turn()
        embedding = self._encoder.vector(query)
        (neighbours,) = self._index.search(scope, embedding[np.newaxis])
        return Placed(embedding, neighbours)


class FakeClip:
    """
    Photos are unit vectors by their colour; a text likes the photo whose number it names.

    While it is not `open`, whoever asks it waits; where it has `places`, each photo takes one.
    """

    fingerprint = "c" * 16
    dimension = DIMENSION
    logit_scale = 100.0

    def __init__(self) -> None:
        self.idle = True
        self.texts: list[str] = []
        self.images = 0
        self.chokes_on: set[int] = set()
        self.asked = asyncio.Event()
        self.asked_for_photos = asyncio.Event()
        self.places: asyncio.Semaphore | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += texts
        await self._turn()
        return np.stack([_photo_vector(_number(text)) for text in texts])

    def prepare(self, picture: Image.Image) -> Prepared:
        return {PIXELS: np.asarray(picture)}

    async def encode_images(self, images: Sequence[Prepared]) -> NDArray[np.float32]:
        numbers = [int(image[PIXELS][0, 0, 0]) for image in images]
        if self.chokes_on.intersection(numbers):
            raise EncoderFailed("The model fails on this photo.")
        self.asked_for_photos.set()
        for _ in images if self.places else ():
            await self.places.acquire()
        await self._turn()
        self.images += len(images)
        return np.stack([_photo_vector(number) for number in numbers])

    async def _turn(self) -> None:
        self.asked.set()
        await self.open.wait()


def _number(text: str) -> int:
    digits = "".join(c for c in text if c.isdigit())
    return int(digits or 0)


def _photo_vector(number: int) -> NDArray[np.float32]:
    vector = np.random.default_rng(number).normal(size=DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


class FakeSource:
    """Photos numbered by tag; photos can be broken or out of reach, and the API can be held."""

    identity = "fake"
    lifetime_s = 24 * 3600.0

    def __init__(self, photos: Mapping[str, Sequence[int]]) -> None:
        self.photos = dict(photos)
        self.calls: list[str] = []
        self.fetched: list[int] = []
        self.rejected: set[int] = set()
        self.unavailable: set[int] = set()
        self.error: Exception | None = None
        self.spare_s = 0.0
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    def canonical(self, filters: Filters) -> Filters:
        for name, _ in filters.pairs:
            if name != "order":
                raise UnknownFilter(f"No filter {name}.")
        return filters

    async def search(self, tag: str, filters: Filters, limit: int) -> Sequence[Candidate]:
        self.calls.append(tag)
        self.asked.set()
        await self.open.wait()
        if self.error:
            raise self.error
        return [_candidate(number) for number in self.photos.get(tag, ())][:limit]

    async def spare_in_s(self, share: float) -> float:
        return self.spare_s

    async def prepared(self, candidate: Candidate) -> Prepared:
        number = int(candidate.id.partition(":")[2])
        if number in self.rejected:
            raise PhotoRejected("It is broken.")
        if number in self.unavailable:
            raise PhotoUnavailable("It does not come.")
        self.fetched.append(number)
        return {PIXELS: np.full((2, 2, 3), number, np.uint8)}

    async def photo(self, candidate: Candidate) -> bytes:
        raise NotImplementedError

    async def aclose(self) -> None:
        return


def _candidate(number: int) -> Candidate:
    return Candidate(
        id=f"fake:{number}",
        url=f"https://fake/{number}.jpg",
        page_url="",
        width=2,
        height=2,
        author="",
        author_url="",
        tags=(),
        source="fake",
    )
