"""Bad days of a photo API, to be switched on: what it then answers."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse

from service.demo.lookalike.hanging_up import HangUp
from service.demo.lookalike.stock import chance

__all__ = ["ApiFault", "Faults", "PhotoFault", "bomb", "broken_answer", "broken_photo"]

ApiFault = Literal["error", "unavailable", "limit", "challenge", "garbage", "slow", "down"]
PhotoFault = Literal["truncated", "html", "huge", "bomb", "slow", "endless", "missing", "down"]

_HUGE_CHUNKS = 1024
_CHUNK = bytes(65_536)
_DRIP_S = 0.02
_WAIT_S = "30"
_CHALLENGE = "<!DOCTYPE html><html><title>Just a moment...</title></html>"


@dataclass(slots=True)
class Faults:
    """
    What goes wrong now; may be changed while the server runs.

    Args:
        api: Every call of the API goes wrong in this way.
        photos: Photos that go wrong, by id, in every size.
        others: A share of all other photos goes wrong in this way.
        share: That share, from 0 to 1; which photos these are goes by their ids.
        api_latency_s: Wait before each answer of the API.
        photo_latency_s: Wait before each picture.
    """

    api: ApiFault | None = None
    photos: dict[int, PhotoFault] = field(default_factory=dict)
    others: PhotoFault | None = None
    share: float = 0.0
    api_latency_s: float = 0.0
    photo_latency_s: float = 0.0

    def of(self, photo_id: int) -> PhotoFault | None:
        """Return how a photo goes wrong, None where it does not."""
        if photo_id in self.photos:
            return self.photos[photo_id]
        return self.others if chance(f"fault {photo_id}") < self.share else None


def broken_answer(fault: ApiFault) -> Response:
    """Return what the API answers on such a day."""
    return _ANSWERS[fault]()


def broken_photo(fault: PhotoFault, data: bytes) -> Response:
    """Return what the photo host answers in place of these bytes of a JPEG."""
    return _PHOTOS[fault](data)


@cache
def bomb(edge: int = 10_000) -> bytes:
    """Return a small PNG that unfolds to `edge` by `edge` pixels, each one bit."""
    header = struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(edge * (1 + (edge + 7) // 8)), 1)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


async def _drip(data: bytes) -> AsyncIterator[bytes]:
    for byte in data:
        yield bytes((byte,))
        await asyncio.sleep(_DRIP_S)


async def _longer(data: bytes, chunks: int | None) -> AsyncIterator[bytes]:
    yield data
    sent = 0
    while chunks is None or sent < chunks:
        yield _CHUNK
        sent += 1
        await asyncio.sleep(0)  # a client that takes all at once must not keep others waiting


def _not_now() -> Response:
    return HTMLResponse(_CHALLENGE, 503, {"Retry-After": _WAIT_S})


def _limited() -> Response:
    rate = {"Limit": "100", "Remaining": "0", "Reset": _WAIT_S}
    headers = {f"X-RateLimit-{name}": value for name, value in rate.items()}
    return PlainTextResponse("API rate limit exceeded", 429, headers | {"Retry-After": _WAIT_S})


def _streamed(chunks: AsyncIterator[bytes], media_type: str = "image/jpeg") -> Response:
    return StreamingResponse(chunks, media_type=media_type)


_ANSWERS: Mapping[ApiFault, Callable[[], Response]] = {
    "error": lambda: PlainTextResponse("Internal Server Error", 500),
    "unavailable": _not_now,
    "limit": _limited,
    "challenge": lambda: HTMLResponse(_CHALLENGE, 429),
    "garbage": lambda: Response(b'{"total": 1, "hits": [', media_type="application/json"),
    "slow": lambda: _streamed(_drip(b" " * 100_000), "application/json"),
    "down": HangUp,
}
_PHOTOS: Mapping[PhotoFault, Callable[[bytes], Response]] = {
    "truncated": lambda data: Response(data[: len(data) // 2], media_type="image/jpeg"),
    "html": lambda _: HTMLResponse(_CHALLENGE),
    "huge": lambda data: _streamed(_longer(data, _HUGE_CHUNKS)),
    "bomb": lambda _: Response(bomb(), media_type="image/png"),
    "slow": lambda data: _streamed(_drip(data)),
    "endless": lambda data: _streamed(_longer(data, None)),
    "missing": lambda _: PlainTextResponse("Not Found", 404),
    "down": lambda _: HangUp(),
}
