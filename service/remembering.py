"""Fresh rankings on their way to becoming entries."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from cache.entries.entry import Draft
from cache.errors import StoreUnavailable
from cache.sharing.outbox import Outbox
from service.telemetry.counters import Counters
from service.telemetry.failures import StoreFailures

__all__ = ["Remembering"]

_REACH_S = 1.0


class Remembering:
    """
    Makes entries of fresh rankings, and goes on where the store does not take them now.

    Args:
        outbox: Takes them to the store.
        reach: Returns once a journal position can be found in memory.
        failures: Told when the store is away.
        counters: Counts answers that could not be stored.
    """

    def __init__(
        self,
        outbox: Outbox,
        reach: Callable[[int], Awaitable[None]],
        failures: StoreFailures,
        counters: Counters,
    ) -> None:
        self._outbox = outbox
        self._reach = reach
        self._failures = failures
        self._counters = counters

    async def keep(self, draft: Draft) -> bool:
        """Make an entry of a fresh ranking; return whether it is in the store."""
        try:
            position = await self._outbox.write(draft)
        except StoreUnavailable as exc:
            self._failures.note("append", exc)
            self._counters.add("nearhit_unstored_answers")
            return False
        if position is None:
            return False
        # It is stored; should the journal lag, the answer need not wait for that.
        with suppress(TimeoutError):
            async with asyncio.timeout(_REACH_S):
                await self._reach(position)
        return True
