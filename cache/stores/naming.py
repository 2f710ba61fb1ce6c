"""Under which keys a `RedisStore` writes: short ones, since every byte counts a million times."""

import re
from hashlib import blake2b

from cache.stores.protocol import BlobKind

__all__ = [
    "BUCKETS",
    "COUNTERS",
    "JOURNAL",
    "META",
    "RECORD",
    "SCHEMA_VERSION",
    "blob",
    "bucket",
    "cell",
    "every",
    "lease",
    "photo",
]

SCHEMA_VERSION = 2
"""Part of every key: another schema has other keys, and nothing is migrated."""

# Keys with braces lie in one slot of a cluster, so that a script may span them. The others lie
# in many: no command spans two of them.
_TOGETHER = f"{{nearhit}}:{SCHEMA_VERSION}:"
_APART = f"nearhit:{SCHEMA_VERSION}:"

META = f"{_TOGETHER}meta"
"""Hash: the journal's name and end, and the token of the newest lease."""

JOURNAL = f"{_TOGETHER}journal"
"""Stream: kind and end of each record, under its position."""

RECORD = f"{_TOGETHER}record:"
"""Before a position: the record's body. Deleting it frees its bytes, unlike in a stream."""

COUNTERS = f"{_TOGETHER}counters"
"""Hash: JSON by replica."""

BUCKETS = 16
"""
Of photos. A hash of few of them is stored densely, a large one takes 90 bytes a photo; the more
hashes, the more of them hold so few photos that the hash itself is what takes room.
"""

_HEXADECIMAL = re.compile(r"([0-9a-f]{2}){4,}")
_PHOTO_KEY = re.compile(r"[0-9a-f]([0-9a-f]{2})+")
_PREFIXES = {
    BlobKind.RANKING: f"{_TOGETHER}r:".encode(),
    BlobKind.POOL: f"{_APART}pool:".encode(),
    BlobKind.BLOCK: f"{_APART}block:".encode(),
    BlobKind.PROGRESS: f"{_APART}progress:".encode(),
}


def lease(name: str) -> str:
    """Return the key of a lease: its token, while it is held."""
    return f"{_TOGETHER}lease:{name}"


def cell(name: str) -> str:
    """Return the key of a cell: a hash of its version and body."""
    return f"{_TOGETHER}cell:{name}"


def blob(kind: BlobKind, key: str) -> bytes:
    """Return the key of a blob that is no photo."""
    return _PREFIXES[kind] + _short(key)


def every(kind: BlobKind) -> bytes:
    """Return a pattern of the keys of all blobs of a kind that is no photo."""
    return _PREFIXES[kind] + b"*"


def photo(key: str) -> tuple[str, bytes]:
    """Return the bucket a photo stands in, and its field there."""
    if _PHOTO_KEY.fullmatch(key):
        return bucket(int(key[0], 16)), bytes.fromhex(key[1:])
    raw = blake2b(key.encode(), digest_size=17).digest()
    return bucket(raw[0] % BUCKETS), raw[1:]


def bucket(number: int) -> str:
    """Return the key of one of the hashes that photos stand in."""
    return f"{_APART}photo:{number:x}"


def _short(key: str) -> bytes:
    """Return digits by twos, and a hash of what is no digits."""
    if _HEXADECIMAL.fullmatch(key):
        return bytes.fromhex(key)
    return blake2b(key.encode(), digest_size=16).digest()
