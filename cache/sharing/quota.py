"""The quota of an API, shared by all replicas that call it with one key."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from cache.clock import Clock
from cache.errors import RecordInvalid, StoreUnavailable
from cache.sharing.bucket import Bucket, Grant
from cache.stores.protocol import Store

__all__ = ["LocalQuota", "Quota", "SharedQuota"]

_ATTEMPTS = 64

_LIMIT = 100.0
_WINDOW_S = 60.0
"""Pixabay's own (https://pixabay.com/api/docs/), until an answer says otherwise."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)

Change = Callable[[Bucket], tuple[Bucket, T]]


class Quota(Protocol):
    """How many more calls of an API may be made."""

    async def take(self) -> Grant:
        """Ask to make a call."""
        ...

    async def spare_in_s(self, share: float) -> float:
        """
        Return the seconds until a call can be made so that others are left; 0 for now.

        Nothing is taken: whoever goes on to call takes like everybody else.

        Args:
            share: Of all calls, how large a part is to be left.
        """
        ...

    async def correct(
        self, ticket: int, *, remaining: float, reset_s: float, limit: float | None
    ) -> None:
        """Take over what an answer says is left; arguments as `Bucket.corrected`."""
        ...

    async def empty(self, wait_s: float) -> None:
        """Let no call be made for some seconds."""
        ...


class LocalQuota:
    """
    The quota of one process.

    Args:
        clock: Wall time, by which tokens flow in.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bucket = Bucket(_LIMIT, clock.now(), _LIMIT, _WINDOW_S)

    async def take(self) -> Grant:
        """Ask to make a call, as `Quota.take` says."""
        return await self._change(lambda b: b.take(self._clock.now()))

    async def spare_in_s(self, share: float) -> float:
        """Say when a call can be spared, as `Quota.spare_in_s` says."""
        return (await self._now()).spare_in_s(self._clock.now(), share)

    async def correct(
        self, ticket: int, *, remaining: float, reset_s: float, limit: float | None
    ) -> None:
        """Take over what an answer says is left."""

        def change(bucket: Bucket) -> tuple[Bucket, None]:
            now = self._clock.now()
            return bucket.corrected(
                now, ticket, remaining=remaining, reset_s=reset_s, limit=limit
            ), None

        await self._change(change)

    async def empty(self, wait_s: float) -> None:
        """Let no call be made for some seconds."""
        await self._change(lambda b: (b.emptied(self._clock.now(), wait_s), None))

    async def _now(self) -> Bucket:
        return self._bucket

    async def _change(self, change: Change[T]) -> T:
        self._bucket, outcome = change(self._bucket)
        return outcome


class SharedQuota(LocalQuota):
    """
    A token bucket in the store; while that is away, this replica goes by what it knew last.

    Args:
        store: Holds the bucket.
        name: Whose quota it is; no secret.
        clock: Wall time, by which tokens flow in.
    """

    def __init__(self, store: Store, name: str, clock: Clock) -> None:
        super().__init__(clock)
        self._store = store
        self._name = f"quota/{name}"
        self._turn = asyncio.Lock()

    async def _now(self) -> Bucket:
        try:
            return self._read((await self._store.cell(self._name)).body)
        except StoreUnavailable:
            return self._bucket

    async def _change(self, change: Change[T]) -> T:
        try:
            # Callers of one replica take turns, lest they lose races against each other.
            async with self._turn:
                return await self._change_shared(change)
        except StoreUnavailable:
            return await super()._change(change)

    async def _change_shared(self, change: Change[T]) -> T:
        for _ in range(_ATTEMPTS):
            cell = await self._store.cell(self._name)
            bucket, outcome = change(self._read(cell.body))
            if await self._store.swap(self._name, cell.version, bucket.body()):
                self._bucket = bucket
                return outcome
        raise StoreUnavailable("Too many replicas change the quota at the same time.")

    def _read(self, body: bytes) -> Bucket:
        if not body:
            return self._bucket
        try:
            return Bucket.of(body)
        except RecordInvalid as exc:
            _log.warning("quota_ignored", reason=str(exc))
            return self._bucket
