"""What asking the API and fetching photos have in common."""

import httpx

__all__ = ["has_real_port", "make_client", "make_clients", "read_at_most"]

_MAX_PORT = 65_535


def make_client() -> httpx.AsyncClient:
    """Return a client that says who asks."""
    return make_clients(1)[0]


def make_clients(count: int) -> list[httpx.AsyncClient]:
    """Return clients that say who asks; reading the certificates is what takes time, done once."""
    context = httpx.create_ssl_context()
    headers = {"User-Agent": "nearhit"}
    return [httpx.AsyncClient(verify=context, headers=headers) for _ in range(count)]


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
