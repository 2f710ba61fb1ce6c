"""A folder of photos in the shape of a stock-photo API's answers: numbered, sized, by someone."""

import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from cache.pools.filters import Filters
from service.sources.photos import decode_photo, thumbnail
from service.sources.rules import fits
from service.sources.scan import PhotoFile, PhotoFolder, find

__all__ = ["LARGE", "PREVIEW", "WEB", "Stock", "StockPhoto", "author"]

PREVIEW, WEB, LARGE = 150, 640, 1280

_MAX_PIXELS = 200_000_000
_RESIZED_KEPT = 512
_AUTHORS = ("amberfield", "brooklight", "cedarlens", "driftshot", "elmgrain", "fernview")
_SLUG_TAGS = 3


@dataclass(frozen=True, slots=True)
class StockPhoto:
    """
    One photo of the stock.

    Args:
        id: Number made from the path, so the same in every run.
        file: The photo file.
        size: Width and height of the original.
    """

    id: int
    file: PhotoFile
    size: tuple[int, int]

    @property
    def token(self) -> str:
        """What stands for the photo in the addresses of its larger sizes."""
        return "g" + blake2b(str(self.id).encode(), digest_size=32).hexdigest()

    @property
    def slug(self) -> str:
        """The first tags, as the photo's addresses show them."""
        words = " ".join(self.file.tags[:_SLUG_TAGS]).split()
        return "-".join(filter(None, map(_letters, words))) or "photo"


class Stock:
    """
    The photos of a folder; it is read once, when first asked. All calls block.

    Args:
        folder: Where the photos are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = PhotoFolder(folder.resolve())
        self._photos: dict[int, StockPhoto] | None = None
        self._tokens: dict[str, StockPhoto] = {}
        self._reading = threading.Lock()
        self._resized = lru_cache(_RESIZED_KEPT)(self._resize)

    def search(self, tag: str, filters: Filters) -> list[StockPhoto]:
        """
        Return all photos of a tag and of the checked filters; of an empty tag all photos.

        The folder knows nothing of colours and choices of editors, so these
        filters take nothing away. A category is one more tag.
        """
        photos = self._by_id()
        if filters.get("image_type") in ("illustration", "vector"):
            return []
        files: Iterable[PhotoFile] = [photo.file for photo in photos.values()]
        for words in filter(None, (filters.get("category"), tag)):
            files = find(words, files)
        if filters.get("order") == "latest":
            files = sorted(files, key=lambda file: -file.mtime_ns)
        return [photo for file in files if fits((photo := photos[_number(file)]).size, filters)]

    def by_id(self, id_: int) -> StockPhoto | None:
        """Return the photo of a number."""
        return self._by_id().get(id_)

    def by_token(self, token: str) -> StockPhoto | None:
        """Return the photo of a token."""
        self._by_id()
        return self._tokens.get(token)

    def picture(self, photo: StockPhoto, edge: int) -> bytes:
        """Return a photo's file, made smaller where it is more than `edge` pixels wide or high."""
        if max(photo.size) <= edge:
            return self._folder.read(photo.file)
        return self._resized(photo, edge)

    def _resize(self, photo: StockPhoto, edge: int) -> bytes:
        data = self._folder.read(photo.file)
        return thumbnail(decode_photo(data, max_pixels=_MAX_PIXELS), edge)

    def _by_id(self) -> Mapping[int, StockPhoto]:
        with self._reading:
            if self._photos is None:
                files = self._folder.scan().values()
                sized = ((file, self._folder.size(file)) for file in files)
                photos = [StockPhoto(_number(file), file, size) for file, size in sized if size]
                self._photos = {photo.id: photo for photo in photos}
                self._tokens = {photo.token: photo for photo in photos}
            return self._photos


def author(photo: StockPhoto) -> tuple[str, int]:
    """Return the name and number of a photo's author; made up where the sidecar names none."""
    name = photo.file.description.author or _AUTHORS[photo.id % len(_AUTHORS)]
    return name, _hash(name.encode()) % 10_000_000


def _number(file: PhotoFile) -> int:
    return _hash(os.fsencode(file.relative))


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=4).digest()) >> 1


def _letters(word: str) -> str:
    return "".join(char for char in word.lower() if char.isascii() and char.isalnum())
