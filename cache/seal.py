"""Version and checksum around everything that is stored."""

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import msgpack

from cache.errors import RecordInvalid

__all__ = ["seal", "seal_fields", "unseal", "unseal_fields"]

_HEADER = struct.Struct("<BI")


def seal(version: int, payload: bytes) -> bytes:
    """Put a version (0 to 255) and the payload's CRC-32 before it."""
    return _HEADER.pack(version, zlib.crc32(payload)) + payload


def unseal(version: int, body: bytes, what: str) -> bytes:
    """
    Return the payload.

    Args:
        version: The only one that is read.
        body: What `seal` has written.
        what: Name of the thing, for the error.

    Raises:
        RecordInvalid: If the bytes are of another version, truncated or corrupt.
    """
    if len(body) < _HEADER.size:
        raise RecordInvalid(f"{what} cut short")
    written, checksum = _HEADER.unpack_from(body)
    if written != version:
        raise RecordInvalid(f"{what} of version {written}")
    payload = body[_HEADER.size :]
    if zlib.crc32(payload) != checksum:
        raise RecordInvalid(f"{what} that is corrupt")
    return payload


def seal_fields(version: int, fields: Sequence[object]) -> bytes:
    """Write fields as a msgpack array, sealed."""
    return seal(version, msgpack.packb(fields))


def unseal_fields(version: int, body: bytes, what: str, count: int) -> list[Any]:
    """
    Read fields back; their types are the caller's to check.

    Raises:
        RecordInvalid: If they cannot be read, or are not as many as `count`.
    """
    try:
        fields = msgpack.unpackb(unseal(version, body, what))
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        raise RecordInvalid(f"{what} that cannot be read") from exc
    if not isinstance(fields, list) or len(fields) != count:
        raise RecordInvalid(f"{what} with other fields")
    return fields
