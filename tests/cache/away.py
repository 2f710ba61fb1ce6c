"""A store that can be taken away: the one fake, for what a real file does not do when told."""

from collections.abc import Mapping, Sequence

from cache.errors import StoreUnavailable
from cache.journal.protocol import Page
from cache.journal.records import Record
from cache.stores.protocol import Blob, BlobKind, Store


class Interruptible:
    """
    A `Store` before another one; while `away`, every call fails.

    Args:
        store: What answers while it is not away.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.away = False
        self.refused = 0

    def _reached(self) -> Store:
        if self.away:
            self.refused += 1
            raise StoreUnavailable("The store is away.")
        return self._store

    async def append(self, records: Sequence[Record], blobs: Sequence[Blob] = ()) -> int:
        """Append, unless away."""
        return await self._reached().append(records, blobs)

    async def read(self, after: int, limit: int) -> Page:
        """Read, unless away."""
        return await self._reached().read(after, limit)

    async def put(self, blobs: Sequence[Blob]) -> None:
        """Write, unless away."""
        await self._reached().put(blobs)

    async def get(self, kind: BlobKind, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return bodies, unless away."""
        return await self._reached().get(kind, keys)

    async def has(self, kind: BlobKind, key: str) -> bool:
        """Tell, unless away."""
        return await self._reached().has(kind, key)
