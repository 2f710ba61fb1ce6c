"""
A look-alike of the Pixabay API, serving drawn scenes or a folder of photos.

The same paths, fields, errors and headers, so that nearhit can be run, tested
and measured without a key and without a network.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from cache.clock import Clock, SystemClock
from service.demo.lookalike.desk import Desk
from service.demo.lookalike.faults import Faults
from service.demo.lookalike.folder_stock import FolderStock
from service.demo.lookalike.gallery import Gallery
from service.demo.lookalike.hanging_up import TransportAware
from service.demo.lookalike.operating import Operating
from service.demo.lookalike.pictures import Pictures
from service.demo.lookalike.stock import Stock
from service.demo.lookalike.tokens import Tokens
from service.demo.lookalike.window import Window

__all__ = ["lookalike"]

_DAY_S = 86_400.0
_WINDOW_S = 60.0
_THREADS = 1
_CACHE_BYTES = 64 * 1024**2


def lookalike(
    stock: Stock | Path,
    *,
    key: str = "demo-key",
    rate_limit: int = 100,
    latency_s: float = 0.0,
    photo_latency_s: float = 0.0,
    url_lifetime_s: float = _DAY_S,
    faults: Faults | None = None,
    clock: Clock | None = None,
) -> Starlette:
    """
    Build the look-alike as an ASGI app; its `state.faults` may be changed while it runs.

    Args:
        stock: What it serves, or the folder where the photos are; read at the first call.
        key: The only key taken.
        rate_limit: Calls of the API within a minute.
        latency_s: Wait before each answer of the API; goes before the faults' own.
        photo_latency_s: Wait before each picture; likewise.
        url_lifetime_s: So long the addresses of larger pictures can be fetched, and
            at most a 24th longer.
        faults: What goes wrong from the start.
        clock: Measures windows and lifetimes.
    """
    stock = FolderStock(stock) if isinstance(stock, Path) else stock
    clock = clock or SystemClock()
    faults = faults or Faults()
    faults.api_latency_s = latency_s or faults.api_latency_s
    faults.photo_latency_s = photo_latency_s or faults.photo_latency_s
    tokens = Tokens(key, url_lifetime_s, clock)
    desk = Desk(stock, tokens, Window(rate_limit, _WINDOW_S, clock), faults, key=key)
    gallery = Gallery(stock, tokens, faults)
    operating = Operating(desk.counts, gallery.counts, faults)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        opened = Pictures.open(stock, threads=_THREADS, max_bytes=_CACHE_BYTES)
        async with opened as gallery.pictures:
            yield

    app = TransportAware(
        lifespan=lifespan,
        routes=[
            Route("/api/", desk.search),
            Route("/api", desk.search),
            Route("/get/{name}", gallery.larger),
            Route("/photo/{name}", gallery.preview),
            Route("/photos/{name}/", gallery.photo_page),
            Route("/users/{name:path}/", gallery.author_page),
            Route("/user/{name}", gallery.portrait),
            Route("/counters", operating.counters),
            Route("/faults", operating.faults),
            Route("/faults", operating.set_faults, methods=["PUT"]),
        ],
    )
    app.state.faults = faults
    return app
