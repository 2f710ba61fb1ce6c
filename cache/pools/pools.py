"""The pools a replica can rank: a few in memory, all of them in the store."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import structlog
from numpy.typing import NDArray

from cache.clock import Clock
from cache.errors import RecordInvalid
from cache.pools.codec import decode_pool, encode_pool
from cache.pools.pool import Candidate, Pool
from cache.stores.protocol import Blob, BlobKind, Store

__all__ = ["EMBEDDING_LIFETIME_S", "Pools"]

EMBEDDING_LIFETIME_S = 30 * 24 * 3600.0
"""Image embeddings outlive pools, so that a pool fetched again encodes only what is new."""

_log = structlog.get_logger(__name__)


class Pools:
    """
    Pools by the digest of their key, and image embeddings by photo.

    Args:
        store: Where they are kept.
        clock: Decides what has expired.
        in_memory: How many pools stay decoded; the least recently used goes.
    """

    def __init__(self, store: Store, clock: Clock, *, in_memory: int = 256) -> None:
        self._store = store
        self._clock = clock
        self._in_memory = in_memory
        self._pools: OrderedDict[str, Pool] = OrderedDict()
        self._unstored: set[str] = set()

    def __len__(self) -> int:
        return len(self._pools)

    async def get(self, key: str) -> Pool | None:
        """
        Return the live pool of a key's digest, or None.

        Raises:
            StoreUnavailable: If it is not in memory and the store does not answer.
        """
        pool = self._live(self._pools.get(key))
        if pool is None:
            # Another process may have fetched a newer one than expired here.
            self._pools.pop(key, None)
            pool = self._live(await self._load(key))
        if pool is not None:
            self._hold(key, pool)
        return pool

    async def put(self, pool: Pool) -> None:
        """
        Hold a pool in memory, then in the store.

        Raises:
            StoreUnavailable: If the store does not take it; memory holds it all the same.
        """
        key = pool.key.digest
        self._hold(key, pool)
        self._unstored.add(key)
        await self._store.put([Blob(BlobKind.POOL, key, encode_pool(pool), pool.expires_at)])
        self._unstored.discard(key)

    async def keep(self, pool: Pool) -> None:
        """
        See to it that a pool is in the store, so that entries may speak of it.

        Raises:
            StoreUnavailable: If it is not and the store does not take it.
        """
        if pool.key.digest in self._unstored:
            await self.put(pool)

    def candidate(self, photo_id: str) -> Candidate | None:
        """Return a photo's candidate from the pools in memory, or None."""
        for pool in self._pools.values():
            for candidate in pool.candidates:
                if candidate.id == photo_id:
                    return candidate
        return None

    async def embeddings(
        self, clip: str, photos: Sequence[str], dimension: int
    ) -> dict[str, NDArray[np.float16]]:
        """
        Return the embeddings known of photos, float16, shape (dimension,) each.

        Raises:
            StoreUnavailable: If the store does not answer.
        """
        bodies = await self._store.get(BlobKind.EMBEDDING, [f"{clip}/{p}" for p in photos])
        fitting = {k.partition("/")[2]: b for k, b in bodies.items() if len(b) == 2 * dimension}
        found = {photo: np.frombuffer(body, "<f2") for photo, body in fitting.items()}
        return {photo: vector for photo, vector in found.items() if np.isfinite(vector).all()}

    async def put_embeddings(
        self, clip: str, photos: Sequence[str], vectors: NDArray[np.float16]
    ) -> None:
        """
        Remember the embeddings of photos, float16, shape (len(photos), d).

        Raises:
            StoreUnavailable: If the store does not take them.
        """
        end = self._clock.now() + EMBEDDING_LIFETIME_S
        rows = zip(photos, vectors.astype("<f2"), strict=True)
        await self._store.put(
            [Blob(BlobKind.EMBEDDING, f"{clip}/{p}", v.tobytes(), end) for p, v in rows]
        )

    def _live(self, pool: Pool | None) -> Pool | None:
        return pool if pool is not None and pool.expires_at > self._clock.now() else None

    def _hold(self, key: str, pool: Pool) -> None:
        self._pools[key] = pool
        self._pools.move_to_end(key)
        while len(self._pools) > self._in_memory:
            self._pools.popitem(last=False)

    async def _load(self, key: str) -> Pool | None:
        body = (await self._store.get(BlobKind.POOL, [key])).get(key)
        if body is None:
            return None
        try:
            return decode_pool(body)
        except RecordInvalid as exc:
            _log.warning("pool_ignored", reason=str(exc))
            return None
