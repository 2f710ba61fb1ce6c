"""Warming: searches are run before anybody asks, so that they are remembered when somebody does."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog

from cache.clock import Clock
from cache.errors import FlightsFull, StoreUnavailable
from service.errors import AlreadyWarming, DeadlineExceeded, QuotaExhausted, ServiceError
from service.requests import SearchRequest
from service.search import Search

__all__ = ["Outcome", "Row", "Warmed", "Warming"]

_LEFT_TO_PEOPLE = 0.2
"""The share of the source's calls that warming leaves."""

_BEGIN_WITHIN_S = 30.0
"""No row is begun later, so that whoever asked gets an answer while proxies still wait for it."""

_K = 3
"""All photos of a pool are ranked whatever k is; observers want one."""

_log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of a row."""

    KNOWN = "known"
    """It was remembered already."""

    STORED = "stored"
    """It has been ranked, and is remembered now."""

    EMPTY = "empty"
    """The source has no photos for its tag, so there is nothing to remember."""

    WAITING = "waiting"
    """Its time has not come: ask again."""

    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """A tag and a query, as somebody wrote them."""

    tag: str
    query: str


@dataclass(frozen=True, slots=True)
class Warmed:
    """
    What became of a row.

    Args:
        outcome: In a word.
        reason: Why it waits or has failed; None otherwise.
    """

    outcome: Outcome
    reason: Exception | None = None


class Warming:
    """
    Runs searches one after another, one batch at a time, out of people's way.

    Args:
        search: Ranks and remembers.
        spare_in_s: Says in how many seconds the source can be asked, so that a share of
            its calls is left; 0 for now.
        clock: Measures how long a batch takes.
    """

    def __init__(
        self, search: Search, spare_in_s: Callable[[float], Awaitable[float]], clock: Clock
    ) -> None:
        self._search = search
        self._spare_in_s = spare_in_s
        self._clock = clock
        self._turn = asyncio.Lock()

    async def run(self, rows: Sequence[Row]) -> list[Warmed]:
        """
        Return what becomes of each row, in order.

        Rows that cannot be begun within half a minute come back as waiting, as those do
        for which the source has no call to spare.

        Raises:
            AlreadyWarming: If another batch is under way.
        """
        if self._turn.locked():
            raise AlreadyWarming(
                "This replica is warming other searches; try again when they are done.",
                retry_after_s=2,
            )
        async with self._turn:
            end = self._clock.monotonic() + _BEGIN_WITHIN_S
            warmed = [await self._row(row, end) for row in rows]
        outcomes = [one.outcome for one in warmed]
        _log.info("warmed", **{outcome: outcomes.count(outcome) for outcome in Outcome})
        return warmed

    async def _row(self, row: Row, end: float) -> Warmed:
        if self._clock.monotonic() >= end:
            late = "The rows before this one took too long; ask again for the rest."
            return Warmed(Outcome.WAITING, DeadlineExceeded(late, retry_after_s=1))
        try:
            return Warmed(await self._warm(SearchRequest.checked(row.tag, row.query, _K)))
        except QuotaExhausted as exc:
            return Warmed(Outcome.WAITING, exc)
        except (ServiceError, FlightsFull, StoreUnavailable) as exc:
            return Warmed(Outcome.FAILED, exc)

    async def _warm(self, request: SearchRequest) -> Outcome:
        if await self._search.remembers(request):
            return Outcome.KNOWN
        if not await self._search.has_pool(request):
            await self._leave_calls_to_people()
        found = await self._search.remember(request)
        if not found.pool:
            return Outcome.EMPTY
        if not found.stored:
            raise StoreUnavailable("It has been ranked, but the store has not taken it yet.")
        return Outcome.STORED

    async def _leave_calls_to_people(self) -> None:
        # Asked ahead rather than with the call: whoever joins the fetch shares its outcome,
        # and somebody who searches must not be refused for what is held back from warming.
        wait_s = await self._spare_in_s(_LEFT_TO_PEOPLE)
        if wait_s:
            raise QuotaExhausted(
                "What is left of the photo API's quota is kept for searches; there will be more "
                f"in {math.ceil(wait_s)} s.",
                retry_after_s=wait_s,
            )
