"""Where the look-alike hands out pictures, and pages about them."""

import asyncio
import re
from collections import Counter
from itertools import islice

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from cache.pools.filters import NO_FILTERS
from service.demo.lookalike import authors, pages
from service.demo.lookalike.faults import Faults, broken_photo
from service.demo.lookalike.pictures import Pictures, TooManyPictures
from service.demo.lookalike.stock import PREVIEW, Stock, StockPhoto
from service.demo.lookalike.tokens import Tokens
from service.errors import PhotoError
from service.sources.photos import media_type

__all__ = ["Gallery"]

_LARGER = re.compile(r"(?P<token>g[0-9a-f]+)_(?P<edge>180|340|640|960|1280)\.jpg")
_PREVIEW = re.compile(rf".*-(?P<id>[0-9]{{1,10}})_{PREVIEW}\.jpg")
_NUMBERED = re.compile(r".*-(?P<id>[0-9]{1,10})", re.DOTALL)
_PORTRAIT = re.compile(rf"(?P<id>[0-9]{{1,7}})_{authors.PORTRAIT}x{authors.PORTRAIT}\.png")
_WITHOUT_BYTES = ("html", "bomb", "missing", "down")
_ON_AUTHOR_PAGE = 60


class Gallery:
    """
    Serves pictures, counted by size, and pages.

    Args:
        stock: The photos.
        tokens: Read the addresses that expire.
        faults: What goes wrong now.
    """

    pictures: Pictures
    """Makes the pictures; set by who runs the gallery."""

    def __init__(self, stock: Stock, tokens: Tokens, faults: Faults) -> None:
        self.counts: Counter[str] = Counter()
        self._stock = stock
        self._tokens = tokens
        self._faults = faults

    async def larger(self, request: Request) -> Response:
        """Serve a photo at one of its larger sizes, while its address is good."""
        named = _LARGER.fullmatch(request.path_params["name"])
        if named is None:
            return _not_found()
        edge = int(named["edge"])
        id_ = self._tokens.read(named["token"], edge)
        return await self._serve(id_, edge)

    async def preview(self, request: Request) -> Response:
        """Serve a photo at preview size."""
        return await self._serve(_number(_PREVIEW, request), PREVIEW)

    async def photo_page(self, request: Request) -> Response:
        """Serve the page about a photo."""
        photo = await self._photo(_number(_NUMBERED, request))
        if photo is None:
            return _not_found()
        return pages.photo_page(photo, str(request.base_url), self._tokens)

    async def author_page(self, request: Request) -> Response:
        """Serve the page about an author."""
        id_ = _number(_NUMBERED, request)
        photos = await asyncio.to_thread(self._by, id_)
        if not photos:
            return _not_found()
        return pages.author_page(photos[0].author, photos, str(request.base_url), self._tokens)

    async def portrait(self, request: Request) -> Response:
        """Serve an author's portrait."""
        id_ = _number(_PORTRAIT, request)
        if id_ is None or not authors.has_portrait(id_):
            return _not_found()
        return Response(authors.portrait(id_), media_type="image/png")

    async def _serve(self, id_: int | None, edge: int) -> Response:
        self.counts[str(edge)] += 1
        await asyncio.sleep(self._faults.photo_latency_s)
        photo = await self._photo(id_)
        if photo is None:
            return _not_found()
        fault = self._faults.of(photo.id)
        if fault in _WITHOUT_BYTES:
            return broken_photo(fault, b"")
        try:
            data = await self.pictures.get(photo, edge)
        except PhotoError:
            return _not_found()
        except TooManyPictures:
            return PlainTextResponse("Service Unavailable", 503)
        return broken_photo(fault, data) if fault else Response(data, media_type=media_type(data))

    async def _photo(self, id_: int | None) -> StockPhoto | None:
        if id_ is None:
            return None
        return await asyncio.to_thread(self._stock.by_id, id_)

    def _by(self, author: int | None) -> list[StockPhoto]:
        photos = self._stock.search("", NO_FILTERS)
        made = (photo for photo in photos if authors.number(photo.author) == author)
        return list(islice(made, _ON_AUTHOR_PAGE))


def _number(pattern: re.Pattern[str], request: Request) -> int | None:
    named = pattern.fullmatch(request.path_params["name"])
    return int(named["id"]) if named else None


def _not_found() -> Response:
    return PlainTextResponse("Not Found", 404)
