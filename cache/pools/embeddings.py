"""Image embeddings by photo, kept in blocks: pools come and go, photos are encoded once."""

import secrets
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import structlog
from numpy.typing import NDArray

from cache.clock import Clock
from cache.digest import digest
from cache.errors import RecordInvalid, StoreUnavailable
from cache.seal import seal, unseal
from cache.stores.protocol import Blob, BlobKind, Store

__all__ = ["EMBEDDING_LIFETIME_S", "Embeddings"]

EMBEDDING_LIFETIME_S = 30 * 24 * 3600.0
"""Longer than pools, so that a pool fetched again encodes only what is new."""

_VERSION = 1
_BLOCK_BYTES = 64 * 1024 - 128
"""
Under a key of its own an embedding of a kilobyte takes a quarter more in Redis, whose allocator
rounds 1,029 bytes up to 1,280; a block just below a size of the allocator wastes next to nothing.
"""

_KEY_DIGITS = 25
_MOST_BLOCKS = 12
"""A pool of 200 fills four; from hundreds, each with one of its photos, it would be megabytes."""

_BLOCK = struct.Struct("<HH")
_PLACE = struct.Struct("<8sHI")

_Vector = NDArray[np.float16]

_log = structlog.get_logger(__name__)


class _Place(NamedTuple):
    """Where an embedding is: its block, its row there, and the wall time of their end."""

    block: str
    row: int
    end: int


class Embeddings:
    """
    Embeddings of photos, in a store.

    Args:
        store: Where they are kept.
        clock: Dates them.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def get(
        self, clip: str, photos: Sequence[str], dimension: int, *, until: float
    ) -> dict[str, _Vector]:
        """
        Return the embeddings known of photos, float16, shape (dimension,) each.

        Args:
            clip: Fingerprint of the model that made them.
            photos: Names of photos, their source in them.
            dimension: Length of an embedding; others are passed over.
            until: Wall time they must outlive.

        Raises:
            StoreUnavailable: If the store does not answer.
        """
        keys = {_key(clip, photo): photo for photo in photos}
        bodies = await self._store.get(BlobKind.PHOTO, list(keys))
        places = {
            keys[key]: place for key, body in bodies.items() if (place := _place(body, until))
        }
        blocks = await self._blocks({place.block for place in places.values()}, dimension)
        found = {
            photo: blocks[place.block][place.row]
            for photo, place in places.items()
            if place.block in blocks and place.row < len(blocks[place.block])
        }
        if len(blocks) > _MOST_BLOCKS:
            await self._gather(clip, found, min(places[photo].end for photo in found))
        return found

    async def put(self, clip: str, photos: Sequence[str], vectors: _Vector) -> None:
        """
        Remember the embeddings of photos, float16, shape (len(photos), d).

        Raises:
            StoreUnavailable: If the store does not take them.
        """
        await self._put(clip, photos, vectors, self._clock.now() + EMBEDDING_LIFETIME_S)

    async def _gather(self, clip: str, found: Mapping[str, _Vector], end: float) -> None:
        """Put what lies scattered over many blocks into few, to be read quickly from now on."""
        with suppress(StoreUnavailable):
            await self._put(clip, list(found), np.stack(list(found.values())), end)

    async def _put(self, clip: str, photos: Sequence[str], vectors: _Vector, end: float) -> None:
        rows = max(1, _BLOCK_BYTES // (2 * vectors.shape[1]))
        blocks, places = [], []
        for start in range(0, len(photos), rows):
            name = secrets.token_bytes(8)
            some = vectors[start : start + rows]
            blocks.append(Blob(BlobKind.BLOCK, name.hex(), _encoded(some), end))
            for row, photo in enumerate(photos[start : start + rows]):
                body = seal(_VERSION, _PLACE.pack(name, row, int(end)))
                places.append(Blob(BlobKind.PHOTO, _key(clip, photo), body, end))
        # In this order, so that no place is ever of a block that is not there yet.
        await self._store.put(blocks)
        await self._store.put(places)

    async def _blocks(self, names: set[str], dimension: int) -> Mapping[str, _Vector]:
        bodies = await self._store.get(BlobKind.BLOCK, sorted(names))
        blocks = {}
        for name, body in bodies.items():
            try:
                blocks[name] = _decoded(body, dimension)
            except RecordInvalid as exc:
                _log.warning("embeddings_ignored", reason=str(exc))
        return blocks


def _key(clip: str, photo: str) -> str:
    """Return a photo's name in a store: 100 bits tell a billion photos apart, and take little."""
    return digest(clip, photo)[:_KEY_DIGITS]


def _place(body: bytes, until: float) -> _Place | None:
    """Return where a photo's embedding is; None where it ends too early or cannot be read."""
    try:
        name, row, end = _PLACE.unpack(unseal(_VERSION, body, "place of an embedding"))
    except (RecordInvalid, struct.error):
        return None
    return _Place(name.hex(), row, end) if end >= until else None


def _encoded(vectors: _Vector) -> bytes:
    return seal(_VERSION, _BLOCK.pack(*vectors.shape) + vectors.astype("<f2").tobytes())


def _decoded(body: bytes, dimension: int) -> _Vector:
    payload = unseal(_VERSION, body, "block of embeddings")
    if len(payload) < _BLOCK.size:
        raise RecordInvalid("block of embeddings cut short")
    count, width = _BLOCK.unpack_from(payload)
    if width != dimension or len(payload) != _BLOCK.size + 2 * count * width:
        raise RecordInvalid("block of embeddings of another shape")
    flat = np.frombuffer(payload, "<f2", count * width, _BLOCK.size)
    if not np.isfinite(flat).all():
        raise RecordInvalid("block of embeddings with a figure that is no number")
    return flat.reshape(count, width)
