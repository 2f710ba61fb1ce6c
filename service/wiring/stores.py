"""Which store everything learnt is kept in."""

from pathlib import Path

from cache.clock import Clock
from cache.stores.protocol import Store
from cache.stores.sqlite import SqliteStore
from service.errors import SetupError
from service.settings import Settings

__all__ = ["open_store"]

_REDIS = ("redis", "rediss", "unix")


def open_store(settings: Settings, clock: Clock) -> Store:
    """
    Return the store the settings name, not open yet.

    Args:
        settings: Name it.
        clock: Decides what has expired.

    Raises:
        SetupError: If the address is none.
    """
    scheme, _, rest = settings.store.partition("://")
    timeout_s = settings.store_timeout_s
    if scheme == "sqlite" and rest.startswith("/") and rest != "/":
        return SqliteStore(Path(rest[1:]), clock, timeout_s=timeout_s)
    if scheme in _REDIS and rest:
        return _redis(settings.store, clock, timeout_s)
    # Without its value: a store's address may hold a password.
    raise SetupError(
        "NEARHIT_STORE must be sqlite:///PATH, redis://HOST:PORT/0, rediss://HOST:PORT/0 "
        "or unix://SOCKET?db=0."
    )


def _redis(url: str, clock: Clock, timeout_s: float) -> Store:
    from cache.stores.redis import RedisStore  # noqa: PLC0415 - a library that few need

    try:
        return RedisStore(url, clock, timeout_s=timeout_s)
    except ValueError as exc:
        raise SetupError(f"NEARHIT_STORE is no address of a Redis server: {exc}") from exc
