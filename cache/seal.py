"""Version and checksum around everything that is stored."""

import struct
import zlib

from cache.errors import RecordInvalid

__all__ = ["seal", "unseal"]

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
        raise RecordInvalid(f"{what} whose checksum is wrong")
    return payload
