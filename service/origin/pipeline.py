"""A cold tag's way: ask the source, fetch, decode and encode its photos, make a pool."""

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from cache.clock import Clock
from cache.errors import JournalReplaced, StoreUnavailable
from cache.journal.records import Mark
from cache.pools.filters import Filters
from cache.pools.pool import Candidate, Pool, PoolKey
from cache.pools.pools import Pools
from cache.sharing.beside import beside
from cache.sharing.flight import SingleFlight
from cache.sharing.invalidation import Deletions
from cache.sharing.lead import Lead
from cache.sharing.refusals import Refusals
from cache.stores.protocol import Lease
from service.errors import QuotaExhausted, ServiceError, SourceError, SourceUnavailable
from service.origin.progress import Fetching, Progresses
from service.origin.refusing import error_of, refusal_of
from service.origin.telling import Telling
from service.origin.vectors import PhotoVectors, Vectors
from service.telemetry.counters import Counters
from service.telemetry.failures import StoreFailures

__all__ = ["Origin"]

_INCOMPLETE_LIFETIME_S = 60.0
_EMPTY_LIFETIME_S = 3600.0
_MOST_MISSING = 0.1
_MOST_REJECTED = 0.5
_LISTINGS_KEPT = 64
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Listing:
    """What the source answered, when, and how far the journal had been read by then."""

    candidates: Sequence[Candidate]
    fetched_at: float
    begun: Mark


class Origin:
    """
    Makes pools of cold tags, one fetch for one pool however many wait, on whatever replica.

    A fetch once started is finished. A photo that is broken is left out; where
    more than a tenth of the photos could not be had for now, or more than half
    are broken, the pool lives a minute only, and the next fetch of this replica asks
    for the photos again but not the API. That a tag has no photos is good for an hour, and
    what the source refuses is remembered too.

    Args:
        search: Asks the source for up to so many candidates of a tag.
        lifetime_s: How long an answer of the source is good.
        vectors: Turns photos into embeddings.
        pools: Where pools are kept.
        refusals: What the source would not give.
        deletions: A fetch begun before a deletion is joined by nobody after it.
        mark: Says how far the journal has been read.
        lead: Decides which replica fetches.
        fetching: Runs the fetches, by pool.
        progresses: Where those who watch a fetch see how far it is.
        telling: Lets those who watch it from other replicas know.
        counters: Counts calls.
        failures: Told when a fetch goes on without the store.
        clock: Dates pools.
    """

    def __init__(
        self,
        *,
        search: Callable[[str, Filters, int], Awaitable[Sequence[Candidate]]],
        lifetime_s: float,
        vectors: PhotoVectors[Any],
        pools: Pools,
        refusals: Refusals,
        deletions: Deletions,
        mark: Callable[[], Mark],
        lead: Lead,
        fetching: SingleFlight[str, Pool],
        progresses: Progresses,
        telling: Telling,
        counters: Counters,
        failures: StoreFailures,
        clock: Clock,
    ) -> None:
        self._search = search
        self._lifetime_s = lifetime_s
        self._vectors = vectors
        self._pools = pools
        self._refusals = refusals
        self._deletions = deletions
        self._mark = mark
        self._lead = lead
        self._fetching = fetching
        self._progresses = progresses
        self._telling = telling
        self._counters = counters
        self._failures = failures
        self._clock = clock
        self._listings: OrderedDict[str, _Listing] = OrderedDict()

    async def pool(self, key: PoolKey) -> Pool:
        """
        Return a pool fresh from the source, joining a fetch that is under way.

        Raises:
            SourceError: If the source does not answer, or none of its photos can be had.
            EncoderClosed: If the service is shutting down.
            FlightsFull: If too many other pools are being fetched.
        """
        flight = f"{key.digest}/{self._deletions.latest(key.tag)}"
        return await self._fetching.do(flight, partial(self._fetch, key))

    async def _fetch(self, key: PoolKey) -> Pool:
        fetching = self._progresses.of(key)
        arrived, make = partial(self._arrived, key), partial(self._make, key, fetching)
        async with beside(self._telling.hear(key, fetching)):
            return await self._lead.do(f"fetch/{key.digest}", arrived, make)

    async def _arrived(self, key: PoolKey) -> Pool | None:
        """Return the pool if any replica has brought it; raise why the source refused it."""
        try:
            pool = await self._pools.current(key)
        except StoreUnavailable as exc:
            self._failures.note("pool", exc)
            return None
        refusal = self._refusals.get(key) if pool is None else None
        if refusal is not None:
            raise error_of(refusal, self._clock)
        return pool

    async def _make(self, key: PoolKey, fetching: Fetching, lease: Lease | None) -> Pool:
        begun = self._mark()
        fetching.begin(None)
        try:
            listing = await self._listing(key, begun)
            fetching.begin(len(listing.candidates))
            async with beside(self._telling.tell(key, fetching)):
                vectors = await self._vectors.of(key, listing.candidates, fetching)
            pool = self._assemble(key, listing, vectors)
        except SourceError as exc:
            await self._refuse(key, exc)
            raise
        await self._publish(pool, lease, embeddings_are_stored=vectors.are_stored)
        if pool.expires_at >= listing.fetched_at + self._lifetime_s or not pool:
            self._listings.pop(key.digest, None)
        return pool

    def _assemble(self, key: PoolKey, listing: _Listing, vectors: Vectors) -> Pool:
        by_photo, missing, rejected = vectors.by_photo, vectors.missing, vectors.rejected
        candidates = tuple(c for c in listing.candidates if c.id in by_photo)
        if listing.candidates and not candidates:
            raise _nothing_usable([*missing, *rejected])
        pool = Pool(
            id=secrets.token_hex(8),
            key=key,
            candidates=candidates,
            embeddings=self._vectors.stack([by_photo[c.id] for c in candidates]),
            fetched_at=listing.fetched_at,
            expires_at=self._end(listing, len(missing), len(rejected)),
            begun=listing.begun,
        )
        _log.info(
            "pool_fetched",
            photos=len(pool),
            encoded=vectors.encoded,
            unavailable=len(missing),
            rejected=len(rejected),
        )
        return pool

    async def _listing(self, key: PoolKey, begun: Mark) -> _Listing:
        """Return the source's answer; one that has not made a whole pool yet is not asked again."""
        held = self._listings.get(key.digest)
        if held and self._is_good(held, key.tag):
            return held
        try:
            candidates = await self._search(key.tag, key.filters, key.size)
        except QuotaExhausted:
            self._counters.add("nearhit_api_calls", "refused")
            raise
        except SourceError:
            self._counters.add("nearhit_api_calls", "failed")
            raise
        self._counters.add("nearhit_api_calls", "answered")
        listing = _Listing(candidates, self._clock.now(), begun)
        self._hold(key, listing)
        return listing

    def _is_good(self, listing: _Listing, tag: str) -> bool:
        is_deleted = self._deletions.kills_from(listing.begun, tag)
        return not is_deleted and listing.fetched_at + self._lifetime_s > self._clock.now()

    async def _refuse(self, key: PoolKey, reason: SourceError) -> None:
        refusal = refusal_of(key, reason, self._clock)
        if refusal is None:
            return
        try:
            await self._refusals.add(refusal)
        except StoreUnavailable as exc:
            self._failures.note("refusal", exc)

    async def _publish(
        self, pool: Pool, lease: Lease | None, *, embeddings_are_stored: bool
    ) -> None:
        """Tell all replicas of a pool; where the store is away this one has it all the same."""
        try:
            if embeddings_are_stored:
                await self._pools.publish(pool, lease)
        except (StoreUnavailable, JournalReplaced) as exc:
            self._failures.note("pool", exc)
        self._pools.hold(pool)

    def _end(self, listing: _Listing, missing: int, rejected: int) -> float:
        end, now = listing.fetched_at + self._lifetime_s, self._clock.now()
        count = len(listing.candidates)
        if not count:
            return min(end, listing.fetched_at + _EMPTY_LIFETIME_S)
        # So many broken photos are a broken host, or a wrong setting, rather than bad luck.
        if missing > _MOST_MISSING * count or rejected > _MOST_REJECTED * count:
            return min(end, now + _INCOMPLETE_LIFETIME_S)
        return end

    def _hold(self, key: PoolKey, listing: _Listing) -> None:
        self._listings[key.digest] = listing
        while len(self._listings) > _LISTINGS_KEPT:
            self._listings.popitem(last=False)


def _nothing_usable(reasons: Sequence[ServiceError]) -> SourceUnavailable:
    _log.warning("no_photo_usable", photos=len(reasons), first=str(reasons[0]))
    return SourceUnavailable(
        f"None of this tag's {len(reasons)} photos can be used; of the first: {reasons[0]}",
        retry_after_s=_INCOMPLETE_LIFETIME_S,
    )
