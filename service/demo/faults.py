"""Bad days of a photo API, to be switched on: what it then answers."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse

__all__ = ["ApiFault", "Faults", "PhotoFault", "bomb", "broken_answer", "broken_photo"]

ApiFault = Literal["error", "limit", "challenge", "garbage", "slow"]
PhotoFault = Literal["truncated", "html", "huge", "bomb", "slow", "missing"]

_HUGE_CHUNKS = 1024
_CHUNK = bytes(65_536)
_DRIP_S = 0.02
_CHALLENGE = "<!DOCTYPE html><html><title>Just a moment...</title></html>"


@dataclass(slots=True)
class Faults:
    """
    What goes wrong now; set while the server runs.

    Args:
        api: Every call of the API goes wrong in this way.
        photos: Photos that go wrong, by id, in every size.
    """

    api: ApiFault | None = None
    photos: dict[int, PhotoFault] = field(default_factory=dict)


def broken_answer(fault: ApiFault) -> Response:
    """Return what the API answers on such a day."""
    match fault:
        case "error":
            return PlainTextResponse("Internal Server Error", 500)
        case "limit":
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}
            return PlainTextResponse("API rate limit exceeded", 429, headers)
        case "challenge":
            return HTMLResponse(_CHALLENGE, 429)
        case "garbage":
            return Response(b'{"total": 1, "hits": [', media_type="application/json")
        case "slow":
            return StreamingResponse(_drip(b" " * 100_000), media_type="application/json")


def broken_photo(fault: PhotoFault, data: bytes) -> Response:
    """Return what the photo host answers in place of these bytes of a JPEG."""
    match fault:
        case "truncated":
            return Response(data[: len(data) // 2], media_type="image/jpeg")
        case "html":
            return HTMLResponse(_CHALLENGE)
        case "huge":
            return StreamingResponse(_endless(data), media_type="image/jpeg")
        case "bomb":
            return Response(bomb(), media_type="image/png")
        case "slow":
            return StreamingResponse(_drip(data), media_type="image/jpeg")
        case "missing":
            return PlainTextResponse("Not Found", 404)


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


async def _endless(data: bytes) -> AsyncIterator[bytes]:
    yield data
    for _ in range(_HUGE_CHUNKS):
        yield _CHUNK
