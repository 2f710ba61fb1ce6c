"""Pools as bytes: explicit, versioned, checked when read."""

import zlib
from dataclasses import fields
from typing import Any

import msgpack
import numpy as np

from cache.errors import RecordInvalid
from cache.pools.filters import Filters
from cache.pools.pool import Candidate, Pool, PoolKey

__all__ = ["decode_pool", "encode_pool"]

_VERSION = 1
_CANDIDATE = tuple(f.name for f in fields(Candidate))


def encode_pool(pool: Pool) -> bytes:
    """Write a pool: a msgpack map, candidates deflated, embeddings raw float16."""
    rows = [[getattr(c, name) for name in _CANDIDATE] for c in pool.candidates]
    return bytes(
        msgpack.packb(
            {
                "v": _VERSION,
                "id": pool.id,
                "key": [pool.key.source, pool.key.tag, pool.key.size, pool.key.clip],
                "filters": [list(pair) for pair in pool.key.filters.pairs],
                "candidates": zlib.compress(msgpack.packb(rows)),
                "width": pool.embeddings.shape[1],
                "embeddings": pool.embeddings.astype("<f2").tobytes(),
                "fetched_at": pool.fetched_at,
                "expires_at": pool.expires_at,
            }
        )
    )


def decode_pool(body: bytes) -> Pool:
    """
    Read a pool back.

    Raises:
        RecordInvalid: If the bytes are of another version, truncated or corrupt.
    """
    try:
        stored = msgpack.unpackb(body)
        if stored["v"] != _VERSION:
            raise RecordInvalid(f"pool of version {stored['v']}")
        return _pool(stored)
    except (ValueError, KeyError, TypeError, zlib.error, msgpack.UnpackException) as exc:
        raise RecordInvalid("pool cannot be read") from exc


def _pool(stored: dict[str, Any]) -> Pool:
    source, tag, size, clip = stored["key"]
    filters = Filters(tuple((str(name), str(value)) for name, value in stored["filters"]))
    rows = msgpack.unpackb(zlib.decompress(stored["candidates"]))
    flat = np.frombuffer(stored["embeddings"], dtype="<f2")
    fetched_at, expires_at = float(stored["fetched_at"]), float(stored["expires_at"])
    if not np.isfinite(flat).all() or not np.isfinite([fetched_at, expires_at]).all():
        raise RecordInvalid("pool with a figure that is no number")
    return Pool(
        id=str(stored["id"]),
        key=PoolKey(source, tag, filters, size, clip),
        candidates=tuple(_candidate(row) for row in rows),
        embeddings=flat.reshape(len(rows), stored["width"]),
        fetched_at=fetched_at,
        expires_at=expires_at,
    )


def _candidate(row: list[Any]) -> Candidate:
    values = dict(zip(_CANDIDATE, row, strict=True))
    return Candidate(**{**values, "tags": tuple(values["tags"])})
