"""The pools a replica can rank: a few in memory, all of them in the store."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np
import structlog
from numpy.typing import NDArray

from cache.clock import Clock
from cache.errors import RecordInvalid
from cache.pools.codec import decode_pool, encode_pool
from cache.pools.pool import Candidate, Pool, PoolKey
from cache.stores.protocol import Blob, BlobKind, Store

__all__ = ["EMBEDDING_LIFETIME_S", "Pools"]

EMBEDDING_LIFETIME_S = 30 * 24 * 3600.0
"""Image embeddings outlive pools, so that a pool fetched again encodes only what is new."""

_log = structlog.get_logger(__name__)


class Pools:
    """
    Pools by id, the pool each key has now, and image embeddings by photo.

    Two processes may fetch one key at the same time: both pools are kept, since
    entries speak of a pool by its id; the key has the one stored last.

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
        self._photos: dict[str, Mapping[str, Candidate]] = {}
        self._ids: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._pools)

    async def current(self, key: PoolKey) -> Pool | None:
        """
        Return the live pool a key has now, or None.

        Raises:
            StoreUnavailable: If it is not in memory and the store does not answer.
        """
        digest = key.digest
        held = self._ids.get(digest)
        pool = None if held is None else await self.get(held)
        if pool is None:
            # Another process may have fetched one since.
            body = (await self._store.get(BlobKind.POOL_ID, [digest])).get(digest)
            pool = None if body is None else await self.get(body.decode("ascii", "replace"))
        if pool is not None:
            self._ids[digest] = pool.id
        return pool

    async def get(self, pool_id: str) -> Pool | None:
        """
        Return a live pool by its id, or None.

        Raises:
            StoreUnavailable: If it is not in memory and the store does not answer.
        """
        pool = self._pools.get(pool_id)
        if pool is None:
            pool = await self._load(pool_id)
        if pool is None or pool.expires_at <= self._clock.now():
            self._let_go(pool_id)
            return None
        self._hold(pool)
        return pool

    async def put(self, pool: Pool) -> None:
        """
        Make a pool its key's, in memory and then in the store.

        Raises:
            StoreUnavailable: If the store does not take it; memory holds it all the same.
        """
        self._hold(pool)
        self._ids[pool.key.digest] = pool.id
        await self._store_both(pool)

    async def keep(self, pool: Pool) -> None:
        """
        See to it that a pool is in the store, so that entries may speak of it.

        The store is asked each time: it may have been away when the pool was
        put, or have been emptied since.

        Raises:
            StoreUnavailable: If it is not and the store does not take it.
        """
        if not await self._store.has(BlobKind.POOL, pool.id):
            await self._store_both(pool)

    async def _store_both(self, pool: Pool) -> None:
        """Store a pool, and that its key has it now."""
        end = pool.expires_at
        named = Blob(BlobKind.POOL_ID, pool.key.digest, pool.id.encode(), end)
        await self._store.put([Blob(BlobKind.POOL, pool.id, encode_pool(pool), end), named])

    def candidate(self, photo_id: str) -> Candidate | None:
        """Return a photo's candidate from the pools in memory, or None."""
        found = (photos.get(photo_id) for photos in self._photos.values())
        return next((candidate for candidate in found if candidate), None)

    async def embeddings(
        self, clip: str, photos: Sequence[str], dimension: int
    ) -> dict[str, NDArray[np.float16]]:
        """
        Return the embeddings known of photos, float16, shape (dimension,) each.

        Raises:
            StoreUnavailable: If the store does not answer.
        """
        names = {_name(clip, photo): photo for photo in photos}
        bodies = await self._store.get(BlobKind.EMBEDDING, list(names))
        fitting = {names[n]: body for n, body in bodies.items() if len(body) == 2 * dimension}
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
            [Blob(BlobKind.EMBEDDING, _name(clip, p), v.tobytes(), end) for p, v in rows]
        )

    def _hold(self, pool: Pool) -> None:
        if pool.id not in self._pools:
            self._photos[pool.id] = {candidate.id: candidate for candidate in pool.candidates}
        self._pools[pool.id] = pool
        self._pools.move_to_end(pool.id)
        while len(self._pools) > self._in_memory:
            self._let_go(next(iter(self._pools)))

    def _let_go(self, pool_id: str) -> None:
        pool = self._pools.pop(pool_id, None)
        self._photos.pop(pool_id, None)
        if pool is not None and self._ids.get(pool.key.digest) == pool_id:
            del self._ids[pool.key.digest]

    async def _load(self, pool_id: str) -> Pool | None:
        body = (await self._store.get(BlobKind.POOL, [pool_id])).get(pool_id)
        if body is None:
            return None
        try:
            pool = decode_pool(body)
        except RecordInvalid as exc:
            _log.warning("pool_ignored", reason=str(exc))
            return None
        self._hold(pool)
        return pool


def _name(clip: str, photo: str) -> str:
    """Return the name of an embedding; its first part is the version of the bytes."""
    return f"1/{clip}/{photo}"
