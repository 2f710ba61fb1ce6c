"""Single flight across replicas: one of them leads, the others wait for what it brings."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from cache.errors import LeaseLost, StoreUnavailable
from cache.sharing.beside import beside
from cache.stores.protocol import Lease, Store

__all__ = ["Lead"]

_LOOK_S = 0.02
_ASK_EVERY = 10
_CATCH_UP_S = 15.0

V = TypeVar("V")


class Lead:
    """
    Lets one replica do a thing that all of them need.

    Who holds the lease works and renews it; the others look, in their own view of the
    journal, for what the work has brought, and take the lease over where its
    holder has died or failed without a word. A holder that lost its lease, say while
    its process was stopped, cannot publish: its token is too old.

    Args:
        store: Knows who leads.
        reach: Returns once a journal position has been applied here.
        turns: How many things this replica may lead at the same time; waiting for others is free.
        ttl_s: How long a lease outlives a holder that died.
    """

    def __init__(
        self,
        store: Store,
        reach: Callable[[int], Awaitable[None]],
        *,
        turns: int,
        ttl_s: float = 6.0,
    ) -> None:
        self._store = store
        self._reach = reach
        self._turn = asyncio.Semaphore(turns)
        self._ttl_s = ttl_s

    async def do(
        self,
        name: str,
        arrived: Callable[[], Awaitable[V | None]],
        work: Callable[[Lease | None], Awaitable[V]],
    ) -> V:
        """
        Return what the work brings, whoever does it.

        Args:
            name: What is done; one lease a name.
            arrived: Returns the outcome as this replica's view has it, or None;
                raises what the work has come to elsewhere.
            work: Does it, under a lease; under none where the store is away.

        Raises:
            Exception: Whatever `arrived` and `work` raise, but for LeaseLost.
        """
        while True:
            if (found := await arrived()) is not None:
                return found
            if not self._turn.locked():
                async with self._turn:
                    led = await self._try(name, arrived, work)
                if led is not None:
                    return led
            await self._look(arrived)

    async def _try(
        self,
        name: str,
        arrived: Callable[[], Awaitable[V | None]],
        work: Callable[[Lease | None], Awaitable[V]],
    ) -> V | None:
        """Do the work if nobody else is at it; None where somebody is, or has taken over."""
        try:
            lease = await self._store.acquire(name, self._ttl_s)
        except StoreUnavailable:
            return await work(None)
        if lease is None:
            return None
        try:
            async with self._held(lease):
                return await self._work(lease, arrived, work)
        except LeaseLost:
            return None

    async def _look(self, arrived: Callable[[], Awaitable[V | None]]) -> None:
        """Wait a moment; the view is at hand, the store is asked far less often."""
        for _ in range(_ASK_EVERY):
            await asyncio.sleep(_LOOK_S)
            if await arrived() is not None:
                return

    async def _work(
        self,
        lease: Lease,
        arrived: Callable[[], Awaitable[V | None]],
        work: Callable[[Lease | None], Awaitable[V]],
    ) -> V:
        # What the last holder has brought may stand in the journal, not yet in this view.
        with suppress(TimeoutError):
            async with asyncio.timeout(_CATCH_UP_S):
                await self._reach(lease.end)
        found = await arrived()
        return await work(lease) if found is None else found

    @asynccontextmanager
    async def _held(self, lease: Lease) -> AsyncIterator[None]:
        """Keep a lease while the block runs, and give it back."""
        try:
            async with beside(self._renew(lease)):
                yield
        finally:
            with suppress(StoreUnavailable):
                await self._store.release(lease)

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self._ttl_s / 3)
            # Away: the lease may hold until the store is back. Lost: the append will be refused.
            with suppress(StoreUnavailable):
                await self._store.renew(lease, self._ttl_s)
