"""A folder of photos as the stock of a look-alike: numbered, sized, by someone."""

import os
import threading
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from cache.pools.filters import Filters
from service.demo.lookalike.authors import invented
from service.demo.lookalike.stock import StockPhoto
from service.errors import PhotoUnavailable
from service.sources.photos import decode_photo, thumbnail
from service.sources.rules import fits
from service.sources.scan import PhotoFile, PhotoFolder, find

__all__ = ["FolderStock"]

_MAX_PIXELS = 200_000_000
_Photos = dict[int, tuple[PhotoFile, StockPhoto]]


class FolderStock:
    """
    The photos of a folder; it is read once, when first asked. A photo's number is its path's.

    Args:
        folder: Where the photos are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = PhotoFolder(folder.resolve())
        self._photos: _Photos | None = None
        self._reading = threading.Lock()

    def search(self, tag: str, filters: Filters) -> list[StockPhoto]:
        """
        Return all photos of a tag and of the checked filters; of an empty tag all photos.

        The folder knows nothing of colours and choices of editors, so these
        filters take nothing away. A category is one more tag.

        Raises:
            SourceUnavailable: If the folder is gone before it was read.
        """
        photos = self._by_id()
        if filters.get("image_type") in ("illustration", "vector"):
            return []
        files: Iterable[PhotoFile] = [file for file, _ in photos.values()]
        for words in filter(None, (filters.get("category"), tag)):
            files = find(words, files)
        if filters.get("order") == "latest":
            files = sorted(files, key=lambda file: -file.mtime_ns)
        found = (photos[_number(file)][1] for file in files)
        return [photo for photo in found if fits(photo.size, filters)]

    def by_id(self, id_: int) -> StockPhoto | None:
        """Return the photo of a number, or None where there is none."""
        _, photo = self._by_id().get(id_, (None, None))
        return photo

    def picture(self, photo: StockPhoto, edge: int) -> bytes:
        """
        Return a photo's file, made smaller where it is more than `edge` pixels wide or high.

        Raises:
            PhotoError: If the file is gone, has changed or is broken.
        """
        file, _ = self._by_id().get(photo.id, (None, None))
        if file is None:
            raise PhotoUnavailable("The photo is not in the folder.")
        data = self._folder.read(file)
        if max(photo.size) <= edge:
            return data
        return thumbnail(decode_photo(data, max_pixels=_MAX_PIXELS), edge)

    def _by_id(self) -> _Photos:
        with self._reading:
            if self._photos is None:
                files = self._folder.scan().values()
                sized = ((file, self._folder.size(file)) for file in files)
                self._photos = {
                    _number(file): (file, _photo(file, size)) for file, size in sized if size
                }
            return self._photos


def _photo(file: PhotoFile, size: tuple[int, int]) -> StockPhoto:
    number = _number(file)
    return StockPhoto(
        id=number,
        size=size,
        tags=file.tags,
        author=file.description.author or invented(number),
        bytes=file.bytes,
        views=1000 + number % 900_000,
    )


def _number(file: PhotoFile) -> int:
    name = os.fsencode(file.relative)
    return int.from_bytes(blake2b(name, digest_size=4).digest()) >> 1
