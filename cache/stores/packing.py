"""
How a `RedisStore` writes and reads blobs: one key each, and one field each for photos.

A photo's few bytes under a key of their own would cost ten times as many.
"""

import struct
from collections.abc import Sequence

from cache.stores import naming
from cache.stores.client import Command, Word
from cache.stores.protocol import Blob, BlobKind

__all__ = ["body", "delete", "expired_photos", "peek", "read", "stored", "ttl_ms", "write"]

_END = struct.Struct("<d")
_PHOTO_END = struct.Struct("<I")
_LAST_END = 2**32 - 1

_MARGIN_S = 60.0
_LONGEST_S = 10 * 365 * 24 * 3600.0


def write(blob: Blob, now: float) -> list[Command]:
    """Return the commands that write a blob."""
    if blob.kind is not BlobKind.PHOTO:
        key, value, ttl = stored(blob, now)
        return [("SET", key, value, "PX", ttl)]
    bucket, field = naming.photo(blob.key)
    # Rounded down: never served after its end.
    value = _PHOTO_END.pack(int(max(0, min(blob.expires_at, _LAST_END)))) + blob.body
    ttl = ttl_ms(blob.expires_at, now)
    # A bucket lasts as long as its last photo: whichever of the two applies.
    return [
        ("HSET", bucket, field, value),
        ("PEXPIRE", bucket, ttl, "NX"),
        ("PEXPIRE", bucket, ttl, "GT"),
    ]


def stored(blob: Blob, now: float) -> Sequence[Word]:
    """Return key, value and lifetime in milliseconds of a blob that is no photo."""
    value = _END.pack(blob.expires_at) + blob.body
    return naming.blob(blob.kind, blob.key), value, ttl_ms(blob.expires_at, now)


def read(kind: BlobKind, key: str) -> Command:
    """Return the command that reads a blob; `body` tells what its reply says."""
    if kind is BlobKind.PHOTO:
        return ("HGET", *naming.photo(key))
    return ("GET", naming.blob(kind, key))


def peek(kind: BlobKind, key: str) -> Command:
    """Return the command that reads just enough of a blob to tell whether it is there."""
    if kind is BlobKind.PHOTO:
        return read(kind, key)
    return ("GETRANGE", naming.blob(kind, key), 0, _END.size - 1)


def delete(kind: BlobKind, key: str) -> Command:
    """Return the command that deletes a blob."""
    if kind is BlobKind.PHOTO:
        return ("HDEL", *naming.photo(key))
    return ("UNLINK", naming.blob(kind, key))


def body(kind: BlobKind, reply: object, now: float) -> bytes | None:
    """Return the bytes of a blob as it was read; None if absent, expired or cut short."""
    header = _PHOTO_END if kind is BlobKind.PHOTO else _END
    if not isinstance(reply, bytes) or len(reply) < header.size:
        return None
    (expires_at,) = header.unpack_from(reply)
    return reply[header.size :] if expires_at > now else None


def expired_photos(fields: Sequence[bytes], now: float) -> list[bytes]:
    """Return the names among a bucket's names and values, in turn, whose photo has expired."""
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return [name for name, value in pairs if body(BlobKind.PHOTO, value, now) is None]


def ttl_ms(expires_at: float, now: float) -> int:
    """
    Return how long Redis is to keep what expires then.

    It only collects garbage: readers compare the end itself with their clock.
    So this is longer by a margin, and counts from now, whatever the server's
    clock says.
    """
    return int((min(max(expires_at - now, 0.0), _LONGEST_S) + _MARGIN_S) * 1000)
