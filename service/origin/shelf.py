"""Photos for ranking and for showing: from our own files, else from the source."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from PIL.Image import Image

from cache.pools.photos import PhotoStore
from cache.pools.pool import Candidate
from service.errors import PhotoNotFound, PhotoRejected, PhotoUnavailable

__all__ = ["PhotoCodec", "PhotoShelf", "PhotoSize"]

_T = TypeVar("_T")
_Prepared = TypeVar("_Prepared")


class PhotoSize(StrEnum):
    """Sizes photos are shown in."""

    THUMB = "thumb"
    WEB = "web"


_THUMB_EDGE = 360
_WEB_EDGE = 1280
_SHOWN_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class PhotoCodec:
    """
    Bytes to pictures and back; its calls block.

    Args:
        size: Width and height, from the bytes' header alone; raises PhotoRejected.
        decode: Bytes to an RGB picture; raises PhotoRejected.
        encode: An RGB picture to a file of at most so many pixels on its longer edge.
    """

    size: Callable[[bytes], tuple[int, int]]
    decode: Callable[[bytes], Image]
    encode: Callable[[Image, int], bytes]


class PhotoShelf(Generic[_Prepared]):
    """
    Hands out photos and keeps the files of what was fetched.

    Only what could be decoded is kept, and nothing larger than web size.

    Args:
        fetch: Returns a candidate's bytes from the source.
        files: Where files are kept.
        namespace: Put before every id, so that two sources never share a file.
        candidate: Finds a photo by id among the pools at hand.
        prepare: Bytes to what a photo is encoded from; blocking, raises PhotoRejected.
        codec: Decodes and encodes.
        threads: Where both run.
        timeout_s: Longest wait for the codec.
    """

    def __init__(
        self,
        *,
        fetch: Callable[[Candidate], Awaitable[bytes]],
        files: PhotoStore,
        namespace: str,
        candidate: Callable[[str], Candidate | None],
        prepare: Callable[[bytes], _Prepared],
        codec: PhotoCodec,
        threads: Executor,
        timeout_s: float,
    ) -> None:
        self._fetch = fetch
        self._files = files
        self._namespace = namespace
        self._candidate = candidate
        self._prepare = prepare
        self._codec = codec
        self._threads = threads
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(_SHOWN_AT_ONCE)

    async def prepared(self, candidate: Candidate) -> _Prepared:
        """
        Return what a photo is encoded from; a large one is seen at web size.

        Raises:
            PhotoUnavailable: If its bytes cannot be had now.
            PhotoRejected: If they are no photo within our limits.
        """
        kept = await self._files.get(self._name(candidate.id, PhotoSize.WEB))
        if kept is not None:
            # A file the disk has spoilt is fetched again below.
            with suppress(PhotoRejected):
                return await self._in_thread(self._prepare, kept)
        return (await self._fetched(candidate))[0]

    async def image(self, photo_id: str, size: PhotoSize) -> bytes:
        """
        Return a photo's file in one size.

        Raises:
            PhotoNotFound: If no file is kept and no pool at hand has the photo.
            PhotoUnavailable: If it has to be fetched again and cannot be had now.
            PhotoRejected: If it has to be fetched again and is no photo any more.
        """
        kept = await self._files.get(self._name(photo_id, size))
        if kept is not None:
            return kept
        async with self._places:
            web = await self._web(photo_id)
            return web if size is PhotoSize.WEB else await self._thumb(photo_id, web)

    async def _fetched(self, candidate: Candidate) -> tuple[_Prepared, bytes]:
        prepared, file = await self._in_thread(self._web_sized, await self._fetch(candidate))
        await self._files.put(self._name(candidate.id, PhotoSize.WEB), file)
        return prepared, file

    async def _web(self, photo_id: str) -> bytes:
        kept = await self._files.get(self._name(photo_id, PhotoSize.WEB))
        if kept is not None:
            return kept
        candidate = self._candidate(photo_id)
        if candidate is None:
            raise PhotoNotFound(f"No photo {photo_id!r} is known here; search for it first.")
        return (await self._fetched(candidate))[1]

    async def _thumb(self, photo_id: str, web: bytes) -> bytes:
        file = await self._in_thread(self._reduced, web)
        await self._files.put(self._name(photo_id, PhotoSize.THUMB), file)
        return file

    def _name(self, photo_id: str, size: PhotoSize) -> str:
        return f"{self._namespace}/{photo_id}/{size}"

    def _web_sized(self, data: bytes) -> tuple[_Prepared, bytes]:
        """Prepare from the very file that is kept, so that the next time gives the same."""
        if max(self._codec.size(data)) > _WEB_EDGE:
            data = self._codec.encode(self._codec.decode(data), _WEB_EDGE)
        return self._prepare(data), data

    def _reduced(self, data: bytes) -> bytes:
        return self._codec.encode(self._codec.decode(data), _THUMB_EDGE)

    async def _in_thread(self, work: Callable[[bytes], _T], data: bytes) -> _T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await loop.run_in_executor(self._threads, work, data)
        except TimeoutError as exc:
            # The wait may have been for other photos; this one need not be at fault.
            raise PhotoUnavailable(
                f"The photo could not be decoded within {self._timeout_s:g} s."
            ) from exc
