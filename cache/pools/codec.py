"""Pools as bytes: explicit, versioned, checked when read."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from cache.errors import RecordInvalid
from cache.journal.records import Mark, Record, RecordKind
from cache.pools.filters import Filters
from cache.pools.pool import Candidate, Pool, PoolKey
from cache.seal import seal_fields, unseal_fields

__all__ = ["Notice", "StoredPool", "decode_pool", "encode_pool"]

_VERSION = 2
_NOTICE_VERSION = 1
_CANDIDATE = tuple(f.name for f in fields(Candidate))


@dataclass(frozen=True, slots=True)
class StoredPool:
    """A pool without its embeddings, which are kept by photo; arguments as `Pool` has them."""

    id: str
    key: PoolKey
    candidates: tuple[Candidate, ...]
    dimension: int
    fetched_at: float
    expires_at: float

    def whole(self, rows: Sequence[NDArray[np.float16]], begun: Mark) -> Pool:
        """Return the pool, given each candidate's embedding, float16, shape (dimension,)."""
        embeddings = np.array(rows, np.float16).reshape(len(rows), self.dimension)
        embeddings.flags.writeable = False
        return Pool(
            self.id,
            self.key,
            self.candidates,
            embeddings,
            self.fetched_at,
            self.expires_at,
            begun,
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """
    What the journal says of a pool: that its key has it from now on.

    Args:
        pool_id: Its id.
        key: Digest of its key.
        tag: Its normalised tag.
        since: Position in the journal when its fetch began; a later deletion kills it.
        expires_at: Wall time from which it must not be served.
    """

    pool_id: str
    key: str
    tag: str
    since: int
    expires_at: float

    @classmethod
    def of(cls, record: Record) -> "Notice":
        """
        Read a notice from its record.

        Raises:
            RecordInvalid: If it is none of this version.
        """
        pool_id, key, tag, since = unseal_fields(_NOTICE_VERSION, record.body, "notice", 4)
        texts = (pool_id, key, tag)
        if not all(isinstance(text, str) for text in texts) or not isinstance(since, int):
            raise RecordInvalid("notice of no pool")
        return cls(pool_id, key, tag, since, record.expires_at)

    def record(self) -> Record:
        """Return the record that tells all replicas."""
        body = seal_fields(_NOTICE_VERSION, [self.pool_id, self.key, self.tag, self.since])
        return Record(RecordKind.POOL, body, self.expires_at)


def encode_pool(pool: Pool) -> bytes:
    """Write a pool without its embeddings: a msgpack array, candidates deflated."""
    rows = [[getattr(c, name) for name in _CANDIDATE] for c in pool.candidates]
    key = pool.key
    return seal_fields(
        _VERSION,
        [
            pool.id,
            [key.source, key.tag, key.size, key.clip],
            [list(pair) for pair in key.filters.pairs],
            zlib.compress(msgpack.packb(rows), 9),
            pool.embeddings.shape[1],
            pool.fetched_at,
            pool.expires_at,
        ],
    )


def decode_pool(body: bytes) -> StoredPool:
    """
    Read a pool back.

    Raises:
        RecordInvalid: If the bytes are of another version, truncated or corrupt.
    """
    stored = unseal_fields(_VERSION, body, "pool", 7)
    try:
        return _pool(*stored)
    except (ValueError, KeyError, TypeError, zlib.error, msgpack.UnpackException) as exc:
        raise RecordInvalid("pool that cannot be read") from exc


def _pool(
    pool_id: str,
    key: list[Any],
    filters: list[Any],
    candidates: bytes,
    dimension: int,
    fetched_at: float,
    expires_at: float,
) -> StoredPool:
    source, tag, size, clip = key
    pairs = Filters(tuple((str(name), str(value)) for name, value in filters))
    rows = msgpack.unpackb(zlib.decompress(candidates))
    if not np.isfinite([fetched_at, expires_at]).all():
        raise RecordInvalid("pool with a figure that is no number")
    if not isinstance(dimension, int) or dimension < 1:
        raise RecordInvalid("pool whose embeddings have no length")
    return StoredPool(
        id=str(pool_id),
        key=PoolKey(source, tag, pairs, size, clip),
        candidates=tuple(_candidate(row) for row in rows),
        dimension=dimension,
        fetched_at=float(fetched_at),
        expires_at=float(expires_at),
    )


def _candidate(row: list[Any]) -> Candidate:
    values = dict(zip(_CANDIDATE, row, strict=True))
    return Candidate(**{**values, "tags": tuple(values["tags"])})
