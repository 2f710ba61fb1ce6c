"""What asking the API and fetching photos have in common."""

import httpx

__all__ = ["has_real_port", "make_client", "read_at_most"]

_MAX_PORT = 65_535


def make_client(connections: int | None = None) -> httpx.AsyncClient:
    """Return a client that says who asks; with that many connections, or httpx's own limit."""
    limits = httpx.Limits(max_connections=connections) if connections else httpx.Limits()
    return httpx.AsyncClient(limits=limits, headers={"User-Agent": "nearhit"})


def has_real_port(url: httpx.URL) -> bool:
    """Whether an address names a port that there can be, or none; httpx takes any number."""
    return (url.port or 0) <= _MAX_PORT


async def read_at_most(response: httpx.Response, max_bytes: int) -> bytes | None:
    """Return a streamed answer's body; None, with the rest left unread, where it is larger."""
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length[:20]) > max_bytes:
        return None
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > max_bytes:
            return None
    return bytes(data)
