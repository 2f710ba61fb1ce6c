"""Tokens in the addresses of larger pictures: good for a day, remembered nowhere."""

import hmac
import math
import struct
from hashlib import blake2b

from cache.clock import Clock
from service.demo.lookalike.stock import LARGE, WEB

__all__ = ["Tokens"]

_SLOTS = 24  # of a lifetime; within one of them a photo keeps its token
_PARTS = struct.Struct(">QQH")  # photo, end in milliseconds since the epoch, size
_SEAL = 30
_SIZES = {WEB: (180, 340, 640, 960), LARGE: (LARGE,)}


class Tokens:
    """
    Makes and reads tokens, each for one photo, for some sizes and for a time.

    A token holds all this itself, sealed with the API key, so it outlives the
    process that made it.

    Args:
        key: The API key.
        lifetime_s: A token is good for at least this long, and for at most a
            24th longer.
        clock: Says when that is over.
    """

    def __init__(self, key: str, lifetime_s: float, clock: Clock) -> None:
        self._key = blake2b(key.encode(), digest_size=32).digest()
        self._lifetime_s = lifetime_s
        self._clock = clock

    def issue(self, photo_id: int, edge: int) -> str:
        """Return a photo's token for the sizes that belong to `WEB` or to `LARGE`."""
        slot_s = self._lifetime_s / _SLOTS
        ends_at = math.ceil((self._clock.now() + self._lifetime_s) / slot_s) * slot_s
        parts = _PARTS.pack(photo_id, round(ends_at * 1000), edge)
        return "g" + (parts + self._seal(parts)).hex()

    def read(self, token: str, edge: int) -> int | None:
        """Return the photo's number; None if the token is not ours, not for this size or over."""
        try:
            sealed = bytes.fromhex(token.removeprefix("g"))
        except ValueError:
            return None
        parts, seal = sealed[: _PARTS.size], sealed[_PARTS.size :]
        if not hmac.compare_digest(seal, self._seal(parts)):
            return None
        photo_id, ends_at_ms, issued_for = _PARTS.unpack(parts)
        if edge not in _SIZES[issued_for] or self._clock.now() * 1000 >= ends_at_ms:
            return None
        return int(photo_id)

    def _seal(self, parts: bytes) -> bytes:
        return blake2b(parts, digest_size=_SEAL, key=self._key).digest()
