"""
A look-alike of the Pixabay API on loopback, serving a folder of photos.

The same paths, fields, errors and headers, so that nearhit can be run, tested
and measured without a key and without a network.
"""

import asyncio
import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cache.clock import Clock, SystemClock
from cache.pools.filters import Filters
from service.demo.faults import Faults, broken_answer, broken_photo
from service.demo.hits import hit
from service.demo.stock import LARGE, PREVIEW, Stock, StockPhoto
from service.errors import PhotoError
from service.sources.photos import media_type
from service.sources.rules import PIXABAY_RULES

__all__ = ["lookalike"]

_MAX_QUERY = 100  # characters of `q`
_MAX_HITS = 500  # of one search, on all its pages
_LARGER = re.compile(r"(?P<token>g[0-9a-f]+)_(?P<edge>180|340|640|960|1280)\.jpg")
_NAMED = re.compile(r".*-(?P<id>[0-9]{1,10})(?:_150\.jpg)?")


def lookalike(
    folder: Path,
    *,
    key: str = "demo-key",
    rate_limit: int = 100,
    window_s: float = 60.0,
    latency_s: float = 0.0,
    faults: Faults | None = None,
    clock: Clock | None = None,
) -> Starlette:
    """
    Build the look-alike as an ASGI app; its `state.faults` may be changed while it runs.

    Args:
        folder: Where the photos are; read at the first call.
        key: The only key taken.
        rate_limit: Calls of the API within one window.
        window_s: Length of a window, which begins with its first call.
        latency_s: Wait before each answer of the API and each photo.
        faults: What goes wrong from the start.
        clock: Measures the windows.
    """
    quota = _Window(rate_limit, window_s, clock or SystemClock())
    desk = _Desk(Stock(folder), quota, key=key, latency_s=latency_s, faults=faults or Faults())
    app = Starlette(
        routes=[
            Route("/api/", desk.api),
            Route("/api", desk.api),
            Route("/get/{name}", desk.larger),
            Route("/photo/{name}", desk.preview),
            Route("/photos/{name}/", desk.page),
            Route("/counters", desk.counters),
        ]
    )
    app.state.faults = desk.faults
    return app


class _Refusal(Exception):
    """A parameter the API answers with its plain-text error."""


class _Window:
    """Calls within a fixed window of time."""

    def __init__(self, limit: int, window_s: float, clock: Clock) -> None:
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._ends_at = -math.inf
        self._taken = 0

    def take(self) -> tuple[bool, dict[str, str]]:
        """Count a call; return whether it is granted, and the headers that tell."""
        now = self._clock.monotonic()
        if now >= self._ends_at:
            self._ends_at, self._taken = now + self._window_s, 0
        self._taken += 1
        return self._taken <= self._limit, {
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(max(0, self._limit - self._taken)),
            "X-RateLimit-Reset": str(math.ceil(self._ends_at - now)),
        }


class _Desk:
    """Answers the API and hands out photos, counting both."""

    def __init__(
        self, stock: Stock, quota: _Window, *, key: str, latency_s: float, faults: Faults
    ) -> None:
        self.faults = faults
        self._stock = stock
        self._quota = quota
        self._key = key
        self._latency_s = latency_s
        self._api_calls = 0
        self._photo_requests: Counter[str] = Counter()

    async def api(self, request: Request) -> Response:
        """Answer a search as the API does."""
        self._api_calls += 1
        await asyncio.sleep(self._latency_s)
        if self.faults.api is not None:
            return broken_answer(self.faults.api)
        if request.query_params.get("key") != self._key:
            return _error("Invalid or missing API key (https://pixabay.com/api/docs/).")
        granted, headers = self._quota.take()
        if not granted:
            return PlainTextResponse("API rate limit exceeded", 429, headers)
        try:
            answer = await asyncio.to_thread(self._search, request)
        except _Refusal as refusal:
            return _error(str(refusal), headers)
        return JSONResponse(answer, headers=headers)

    async def larger(self, request: Request) -> Response:
        """Serve a photo at one of its larger sizes."""
        named = _LARGER.fullmatch(request.path_params["name"])
        photo = await asyncio.to_thread(self._stock.by_token, named["token"]) if named else None
        return await self._serve(request, photo, int(named["edge"]) if named else LARGE)

    async def preview(self, request: Request) -> Response:
        """Serve a photo at preview size."""
        return await self._serve(request, await self._named(request), PREVIEW)

    async def page(self, request: Request) -> Response:
        """Serve the large photo in place of the page about it."""
        return await self._serve(request, await self._named(request), LARGE)

    async def counters(self, _: Request) -> Response:
        """Tell what was asked so far."""
        return JSONResponse(
            {"api_calls": self._api_calls, "photo_requests": dict(self._photo_requests)}
        )

    def _search(self, request: Request) -> dict[str, object]:
        params = request.query_params
        tag = params.get("q", "")
        if len(tag) > _MAX_QUERY:
            raise _out_of_range("q")
        per_page = _whole(params.get("per_page", "20"), "per_page", least=3, most=200)
        page = _whole(params.get("page", "1"), "page", least=1, most=_MAX_HITS)
        found = self._stock.search(tag, _filters(request))
        start, within = (page - 1) * per_page, found[:_MAX_HITS]
        if start and start >= len(within):
            raise _out_of_range("page")
        base = str(request.base_url)
        return {
            "total": len(found),
            "totalHits": len(within),
            "hits": [hit(photo, base) for photo in within[start : start + per_page]],
        }

    async def _named(self, request: Request) -> StockPhoto | None:
        named = _NAMED.fullmatch(request.path_params["name"])
        return await asyncio.to_thread(self._stock.by_id, int(named["id"])) if named else None

    async def _serve(self, request: Request, photo: StockPhoto | None, edge: int) -> Response:
        self._photo_requests[request.url.path] += 1
        await asyncio.sleep(self._latency_s)
        if photo is None:
            return PlainTextResponse("Not Found", 404)
        try:
            data = await asyncio.to_thread(self._stock.picture, photo, edge)
        except PhotoError:
            return PlainTextResponse("Not Found", 404)
        fault = self.faults.photos.get(photo.id)
        return broken_photo(fault, data) if fault else Response(data, media_type=media_type(data))


def _error(sentence: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"[ERROR 400] {sentence}", 400, headers)


def _out_of_range(name: str) -> _Refusal:
    return _Refusal(f'"{name}" is out of valid range.')


def _whole(text: str, name: str, *, least: int, most: int) -> int:
    if not re.fullmatch("[0-9]{1,6}", text) or not least <= int(text) <= most:
        raise _out_of_range(name)
    return int(text)


def _filters(request: Request) -> Filters:
    asked = {name: request.query_params.get(name) or None for name in PIXABAY_RULES}
    for name, value in asked.items():
        if value is not None and not PIXABAY_RULES[name].allows(value):
            raise _out_of_range(name)
    return Filters.of(asked)


cli = typer.Typer(add_completion=False)


@cli.command()
def main(
    *,
    folder: Annotated[Path, typer.Option(help="Folder of photos.", exists=True, file_okay=False)],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8090,
    key: Annotated[str, typer.Option(help="The only key taken.")] = "demo-key",
    latency_ms: Annotated[float, typer.Option(help="Wait before each answer.", min=0)] = 0.0,
    rate_limit: Annotated[int, typer.Option(help="Calls within 60 s.", min=1)] = 100,
) -> None:
    """Serve a folder of photos as a look-alike of the Pixabay API."""
    app = lookalike(folder, key=key, rate_limit=rate_limit, latency_s=latency_ms / 1000)
    typer.echo("To search it, start nearhit with:")
    typer.echo(f"NEARHIT_PIXABAY_URL=http://{host}:{port}/api/")
    typer.echo(f"NEARHIT_PIXABAY_API_KEY={key}")
    typer.echo(f"NEARHIT_PHOTO_HOSTS='{json.dumps([host])}'")
    # No access log: it would hold the key and what people search for.
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    cli()
