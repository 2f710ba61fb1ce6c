"""A folder of the user's own photos as a source."""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Self, TypeVar

from cache.clock import Clock
from cache.pools.filters import Filters
from cache.pools.pool import Candidate
from service.errors import PhotoRejected, PhotoUnavailable, SetupError, SourceUnavailable
from service.settings import Settings
from service.sources.photos import UNKNOWN_TYPE, media_type
from service.sources.rules import FOLDER_RULES, canonical, fits
from service.sources.scan import PhotoFile, PhotoFolder, find

__all__ = ["FolderSource"]

_T = TypeVar("_T")

_RESCAN_S = 60.0


class FolderSource:
    """
    Photos of a folder, found by the words of their names and of a sidecar file.

    The folder is read at the first search and again when a search comes a
    minute later. Reading happens in a thread of its own.

    Args:
        folder: Where the photos are, also in folders below.
        max_bytes: Largest photo file taken.
        clock: Says when the folder is to be read again.
    """

    name = "folder"
    lifetime_s = 600.0  # so that new photos are found soon; known ones are not encoded again

    def __init__(self, folder: Path, *, max_bytes: int, clock: Clock) -> None:
        self._root = folder.resolve()
        self._folder = PhotoFolder(self._root)
        self._max_bytes = max_bytes
        self._clock = clock
        self._photos: dict[str, PhotoFile] | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="photo-folder")

    @classmethod
    def from_settings(cls, settings: Settings, clock: Clock) -> Self:
        """
        Build from the settings.

        Raises:
            SetupError: If no folder is named or there is none.
        """
        if settings.folder is None:
            raise SetupError("NEARHIT_FOLDER must name the folder of your photos.")
        source = cls(settings.folder, max_bytes=settings.photo_max_bytes, clock=clock)
        source.check()
        return source

    @property
    def identity(self) -> str:
        """Name and a short hash of where the folder is."""
        place = blake2b(os.fsencode(self._root), digest_size=6).hexdigest()
        return f"{self.name}@{place}"

    def check(self) -> None:
        """
        Make sure that the folder can be read.

        Raises:
            SetupError: If it cannot.
        """
        if not self._root.is_dir() or not os.access(self._root, os.R_OK | os.X_OK):
            raise SetupError(f"NEARHIT_FOLDER is {self._root}, which is no folder we can read.")

    def canonical(self, filters: Filters) -> Filters:
        """Return filters without those that ask for the defaults, as `ImageSource` says."""
        return canonical(filters, FOLDER_RULES, source="A folder")

    async def search(self, tag: str, filters: Filters, limit: int) -> Sequence[Candidate]:
        """
        Return up to `limit` photos that have every word of a tag, those with the tag itself first.

        Raises:
            UnknownFilter, BadRequest: As `canonical`.
            BadRequest: If a filter cannot have the value asked for.
            SourceUnavailable: If the folder is gone.
        """
        filters = self.canonical(filters)
        photos = await self._fresh()
        return await self._run(partial(self._find, photos.values(), tag, filters, limit))

    async def spare_in_s(self, share: float) -> float:
        """Return 0: a folder may be asked at any time."""
        return 0.0

    async def photo(self, candidate: Candidate) -> bytes:
        """
        Return the bytes of a candidate's file.

        Raises:
            PhotoUnavailable: If the file is gone or has changed.
            PhotoRejected: If it is too large or no photo.
        """
        try:
            photos = await self._fresh()
        except SourceUnavailable as exc:
            raise PhotoUnavailable(str(exc)) from exc
        photo = photos.get(candidate.id.removeprefix("folder:"))
        if photo is None:
            raise PhotoUnavailable("The photo is not in the folder any more.")
        if photo.bytes > self._max_bytes:
            raise PhotoRejected(f"The photo's file is larger than {self._max_bytes} bytes.")
        data = await self._run(partial(self._folder.read, photo))
        if media_type(data) == UNKNOWN_TYPE:
            raise PhotoRejected("The file is not a photo.")
        return data

    async def aclose(self) -> None:
        """End the thread once its current work is done."""
        await asyncio.to_thread(self._thread.shutdown)

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _fresh(self) -> dict[str, PhotoFile]:
        async with self._reading:
            now = self._clock.monotonic()
            if self._photos is None or now - self._read_at >= _RESCAN_S:
                self._photos = await self._run(self._folder.scan)
                self._read_at = now
            return self._photos

    def _find(
        self, photos: Iterable[PhotoFile], tag: str, filters: Filters, limit: int
    ) -> list[Candidate]:
        sized = ((photo, self._folder.size(photo)) for photo in find(tag, photos))
        fitting = (_candidate(photo, size) for photo, size in sized if size and fits(size, filters))
        return list(islice(fitting, max(limit, 0)))


def _candidate(photo: PhotoFile, size: tuple[int, int]) -> Candidate:
    id_ = f"folder:{photo.hash}"
    return Candidate(
        id=id_,
        url=f"/images/{id_}",
        page_url=photo.description.page_url,
        width=size[0],
        height=size[1],
        author=photo.description.author,
        author_url=photo.description.author_url,
        tags=photo.tags,
        source="folder",
    )
