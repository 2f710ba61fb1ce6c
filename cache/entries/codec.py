"""Entries and rankings as bytes: explicit, versioned, checked when read."""

import struct
from typing import Any

import msgpack
import numpy as np

from cache.entries.entry import Entry
from cache.entries.ranking import Ranking
from cache.errors import RecordInvalid

__all__ = ["decode_entry", "decode_ranking", "encode_entry", "encode_ranking"]

_ENTRY_VERSION = 1
_RANKING_VERSION = 1
_RANKING_HEADER = struct.Struct("<BHdd")
_FIELDS = ("scope", "query_model", "tag", "query", "pool_id")


def encode_entry(entry: Entry) -> bytes:
    """Write an entry: a msgpack map, its embedding as raw little-endian float16."""
    fields: dict[str, Any] = {name: getattr(entry, name) for name in _FIELDS}
    fields["v"] = _ENTRY_VERSION
    fields["created_at"] = entry.created_at
    fields["expires_at"] = entry.expires_at
    fields["embedding"] = entry.embedding.astype("<f2").tobytes()
    return bytes(msgpack.packb(fields))


def decode_entry(body: bytes) -> Entry:
    """
    Read an entry back.

    Raises:
        RecordInvalid: If the bytes are of another version, truncated or corrupt.
    """
    try:
        fields = msgpack.unpackb(body)
        if fields["v"] != _ENTRY_VERSION:
            raise RecordInvalid(f"entry of version {fields['v']}")
        embedding = np.frombuffer(fields["embedding"], dtype="<f2")
        texts = {name: str(fields[name]) for name in _FIELDS}
        created_at, expires_at = float(fields["created_at"]), float(fields["expires_at"])
    except (ValueError, KeyError, TypeError, msgpack.UnpackException) as exc:
        raise RecordInvalid("entry cannot be read") from exc
    if not len(embedding) or not np.isfinite(embedding).all() or not embedding.any():
        raise RecordInvalid("entry without a usable embedding")
    if not np.isfinite([created_at, expires_at]).all():
        raise RecordInvalid("entry without a beginning and an end")
    return Entry(**texts, embedding=embedding, created_at=created_at, expires_at=expires_at)


def encode_ranking(ranking: Ranking) -> bytes:
    """Write a ranking: header, positions, steps, all little-endian."""
    header = _RANKING_HEADER.pack(_RANKING_VERSION, len(ranking), ranking.low, ranking.high)
    return (
        header + ranking.positions.astype("<u2").tobytes() + ranking.steps.astype("<u2").tobytes()
    )


def decode_ranking(body: bytes) -> Ranking:
    """
    Read a ranking back.

    Raises:
        RecordInvalid: If the bytes are of another version, truncated or no permutation.
    """
    if len(body) < _RANKING_HEADER.size:
        raise RecordInvalid("ranking cut short")
    version, n, low, high = _RANKING_HEADER.unpack_from(body)
    if version != _RANKING_VERSION:
        raise RecordInvalid(f"ranking of version {version}")
    if len(body) != _RANKING_HEADER.size + 4 * n:
        raise RecordInvalid("ranking of another length than it says")
    positions = np.frombuffer(body, "<u2", n, _RANKING_HEADER.size)
    steps = np.frombuffer(body, "<u2", n, _RANKING_HEADER.size + 2 * n)
    if not np.array_equal(np.sort(positions), np.arange(n)):
        raise RecordInvalid("ranking is no permutation")
    if not np.isfinite([low, high]).all() or low > high or (steps[1:] > steps[:-1]).any():
        raise RecordInvalid("ranking with scores out of order")
    return Ranking(positions, steps, low, high)
