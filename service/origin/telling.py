"""Progress of a fetch told through the store, for those who wait on other replicas."""

import asyncio

from cache.clock import Clock
from cache.errors import RecordInvalid, StoreUnavailable
from cache.pools.pool import PoolKey
from cache.seal import seal_fields, unseal_fields
from cache.stores.protocol import Blob, BlobKind, Store
from service.origin.progress import Fetching, Progress

__all__ = ["Telling"]

_VERSION = 1
_WHAT = "progress of a fetch"
_EVERY_S = 1.0
_LIFETIME_S = 10.0


class Telling:
    """
    Tells and hears how far fetches are; where the store is away there is nothing to hear.

    Args:
        store: What all replicas share.
        clock: Says until when what was told is news.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def tell(self, key: PoolKey, fetching: Fetching) -> None:
        """Tell others how far this replica's fetch of a key is, until cancelled."""
        told = None
        while True:
            await asyncio.sleep(_EVERY_S)
            if fetching.progress != told:
                told = fetching.progress
                await self._put(key, told)

    async def hear(self, key: PoolKey, fetching: Fetching) -> None:
        """Take in what another replica tells, where anybody watches; until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            if fetching.is_watched and not fetching.is_ours:
                progress = await self._get(key)
                if progress is not None:
                    fetching.hear(progress)

    async def _put(self, key: PoolKey, progress: Progress) -> None:
        fields = (progress.photos, progress.fetched, progress.encoded, progress.failed)
        end = self._clock.now() + _LIFETIME_S
        blob = Blob(BlobKind.PROGRESS, key.digest, seal_fields(_VERSION, fields), end)
        try:
            await self._store.put([blob])
        except StoreUnavailable:
            return  # the fetch itself says so

    async def _get(self, key: PoolKey) -> Progress | None:
        try:
            found = await self._store.get(BlobKind.PROGRESS, [key.digest])
            return _read(found[key.digest])
        except (StoreUnavailable, RecordInvalid, KeyError):
            return None


def _read(body: bytes) -> Progress:
    photos, *counts = unseal_fields(_VERSION, body, _WHAT, 4)
    numbers = counts if photos is None else [photos, *counts]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise RecordInvalid(f"{_WHAT} with fields of other types")
    return Progress(photos, *counts)
