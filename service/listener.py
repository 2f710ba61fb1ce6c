"""Sockets that listen."""

import socket
from contextlib import ExitStack

from service.errors import SetupError

__all__ = ["Address", "listen", "url_of"]

_BACKLOG = 2048

Address = tuple[str, int]
"""Host and port, as sockets name themselves."""


def listen(host: str, port: int) -> list[socket.socket]:
    """
    Listen on every address a host has; the caller closes what is returned.

    Args:
        host: Address or name.
        port: Port; 0 takes a free one for each address.

    Raises:
        SetupError: If one of them cannot be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        with ExitStack() as stack:
            listeners = [
                stack.enter_context(_bound(family, address))
                for family, _, _, _, address in dict.fromkeys(found)
            ]
            stack.pop_all()
    except (OSError, UnicodeError) as exc:
        raise SetupError(f"Nothing can listen on {host}, port {port}.") from exc
    return listeners


def url_of(host: str, port: int) -> str:
    """Return the address of what listens there, no slash at its end."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    # Named as TCP: on other sockets asyncio leaves Nagle's algorithm on, 40 ms an answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # `::` would take the port of `0.0.0.0` along
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
