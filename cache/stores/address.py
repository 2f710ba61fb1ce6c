"""Where a Redis server is: its URL, checked before anything connects."""

from urllib.parse import SplitResult, parse_qs, urlsplit

from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

__all__ = ["address", "connection_pool"]

_OPTIONS = {"db", "username", "password"}
_TLS_OPTIONS = {
    "ssl_ca_certs",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_check_hostname",
    "ssl_keyfile",
}
_ADVICE = (
    "It should look like redis://user:password@host:6379/0, rediss://host or"
    " unix:///path/of/socket?db=0, with special characters percent-encoded."
)


def connection_pool(url: str, connections: int) -> ConnectionPool:
    """
    Return a pool that has not connected yet.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`.
        connections: Most that are open at once.

    Raises:
        ValueError: If the URL is malformed; its text names nothing of the URL.
    """
    try:
        _check(urlsplit(url))
        # Whoever calls limits the time of the whole call, connecting included.
        pool = ConnectionPool.from_url(
            url,
            max_connections=connections,
            protocol=2,
            socket_timeout=None,
            socket_connect_timeout=None,
            driver_info=None,
        )
        pool.make_connection()  # does not connect, but looks at the options
    except _Malformed as exc:
        raise ValueError(f"The URL of the store {exc}. {_ADVICE}") from None
    except (ValueError, TypeError, RedisError):
        # Not chained: what other libraries say quotes the URL, with its password.
        raise ValueError(f"The URL of the store is malformed. {_ADVICE}") from None
    return pool


def address(url: str) -> str:
    """Return a well-formed URL without user, password and options."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or 6379}{parts.path.rstrip('/')}"


class _Malformed(Exception):
    """What is wrong with a URL, in words that do not quote it."""


def _check(parts: SplitResult) -> None:
    """Raise _Malformed where redis-py would guess, or fail at the first call."""
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise _Malformed("has another scheme than redis, rediss or unix")
    if parts.fragment:
        raise _Malformed("has a fragment, as with a # in the password")
    if parts.scheme == "unix":
        if not parts.path.strip("/"):
            raise _Malformed("names no socket")
    elif not parts.hostname:
        raise _Malformed("names no host")
    elif parts.path.strip("/") and not parts.path[1:].isdecimal():
        raise _Malformed("has a path that is no database's number")
    _check_options(parts)


def _check_options(parts: SplitResult) -> None:
    known = _OPTIONS | (_TLS_OPTIONS if parts.scheme == "rediss" else set())
    if parse_qs(parts.query, keep_blank_values=True).keys() - known:
        raise _Malformed("has an option that is not known")
