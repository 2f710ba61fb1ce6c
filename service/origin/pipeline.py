"""A cold tag's way: ask the source, fetch, decode and encode its photos, make a pool."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import structlog
from numpy.typing import NDArray
from PIL.Image import Image

from cache.clock import Clock
from cache.errors import JournalReplaced, StoreUnavailable
from cache.journal.records import Mark
from cache.pools.embeddings import Embeddings
from cache.pools.filters import Filters
from cache.pools.pool import POOL_LIFETIME_S, Candidate, Pool, PoolKey
from cache.pools.pools import Pools
from cache.sharing.flight import SingleFlight
from cache.sharing.invalidation import Deletions
from cache.sharing.lead import Lead
from cache.sharing.refusals import Refusal, Refusals
from cache.stores.protocol import Lease
from service.errors import (
    EncoderClosed,
    EncoderFailed,
    PhotoRejected,
    PhotoUnavailable,
    QuotaExhausted,
    ServiceError,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from service.telemetry.counters import Counters
from service.telemetry.failures import StoreFailures

__all__ = ["Origin"]

_INCOMPLETE_LIFETIME_S = 60.0
_EMPTY_LIFETIME_S = 3600.0
_REFUSAL_LIFETIMES_S: dict[type[SourceError], float] = {
    SourceUnavailable: 2.0,
    SourceRefused: 60.0,
}
"""A refusal is of the tag or the key, and people mend keys; an outage may be over any moment."""

_LONG_WAIT_S = 60.0

_MOST_MISSING = 0.1
_MOST_REJECTED = 0.5
_LISTINGS_KEPT = 64
_RECENT_KEPT = 4096

_FOR_NOW = (PhotoUnavailable, EncoderFailed)
"""Why a photo may be missing from a pool, and be there the next time."""

_Vector = NDArray[np.float16]

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
    are broken, the pool lives a minute only, and the next fetch asks for the
    photos again but not the API. That a tag has no photos is good for an hour, and
    what the source refuses is remembered too.

    Args:
        search: Asks the source for up to so many candidates of a tag.
        lifetime_s: How long an answer of the source is good.
        picture: Returns a candidate's picture.
        encode: Turns pictures into unit rows, float32, shape (n, dimension).
        dimension: Length of a row.
        pools: Where pools are kept.
        embeddings: Where embeddings are kept.
        refusals: What the source would not give.
        deletions: A fetch begun before a deletion is joined by nobody after it.
        mark: Says how far the journal has been read.
        lead: Decides which replica fetches.
        fetching: Runs the fetches, by pool.
        encoding: Runs the photos, by photo: as many are in memory at the same time as it runs.
        counters: Counts calls and photos.
        failures: Told when a fetch goes on without the store.
        clock: Dates pools.
    """

    def __init__(
        self,
        *,
        search: Callable[[str, Filters, int], Awaitable[Sequence[Candidate]]],
        lifetime_s: float,
        picture: Callable[[Candidate], Awaitable[Image]],
        encode: Callable[[Sequence[Image]], Awaitable[NDArray[np.float32]]],
        dimension: int,
        pools: Pools,
        embeddings: Embeddings,
        refusals: Refusals,
        deletions: Deletions,
        mark: Callable[[], Mark],
        lead: Lead,
        fetching: SingleFlight[str, Pool],
        encoding: SingleFlight[str, NDArray[np.float16]],
        counters: Counters,
        failures: StoreFailures,
        clock: Clock,
    ) -> None:
        self._search = search
        self._lifetime_s = lifetime_s
        self._picture = picture
        self._encode = encode
        self._dimension = dimension
        self._pools = pools
        self._embeddings = embeddings
        self._refusals = refusals
        self._deletions = deletions
        self._mark = mark
        self._lead = lead
        self._fetching = fetching
        self._encoding = encoding
        self._counters = counters
        self._failures = failures
        self._clock = clock
        self._listings: OrderedDict[str, _Listing] = OrderedDict()
        self._recent: OrderedDict[str, _Vector] = OrderedDict()

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
        arrived, make = partial(self._arrived, key), partial(self._make, key)
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
            raise self._refused(refusal)
        return pool

    async def _make(self, key: PoolKey, lease: Lease | None) -> Pool:
        begun = self._mark()
        try:
            listing = await self._listing(key, begun)
            pool, is_stored = await self._assemble(key, listing, begun)
        except SourceError as exc:
            await self._refuse(key, exc)
            raise
        await self._publish(pool, lease, embeddings_are_stored=is_stored)
        if pool.expires_at >= listing.fetched_at + self._lifetime_s or not pool:
            self._listings.pop(key.digest, None)
        return pool

    async def _assemble(self, key: PoolKey, listing: _Listing, begun: Mark) -> tuple[Pool, bool]:
        """Return a listing's pool, and whether all its embeddings are in the store."""
        known = await self._known(key, listing.candidates)
        unknown = [c for c in listing.candidates if c.id not in known]
        new, missing, rejected = await self._embed(key, unknown)
        is_stored = await self._keep_embeddings(key, new)
        vectors = {**known, **new}
        candidates = tuple(c for c in listing.candidates if c.id in vectors)
        if listing.candidates and not candidates:
            raise _nothing_usable([*missing, *rejected])
        pool = Pool(
            id=secrets.token_hex(8),
            key=key,
            candidates=candidates,
            embeddings=self._stack([vectors[c.id] for c in candidates]),
            fetched_at=listing.fetched_at,
            expires_at=self._end(listing, len(missing), len(rejected)),
            begun=listing.begun,
        )
        _log.info(
            "pool_fetched",
            photos=len(pool),
            encoded=len(new),
            unavailable=len(missing),
            rejected=len(rejected),
        )
        return pool, is_stored

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

    async def _known(self, key: PoolKey, candidates: Sequence[Candidate]) -> dict[str, _Vector]:
        names = {key.photo(c.id): c.id for c in candidates}
        outlive = self._clock.now() + POOL_LIFETIME_S
        try:
            found = await self._embeddings.get(
                key.clip, list(names), self._dimension, until=outlive
            )
        except StoreUnavailable as exc:
            self._failures.note("embeddings", exc)
            return {}
        self._count_photos("known", len(found))
        return {names[name]: vector for name, vector in found.items()}

    async def _embed(
        self, key: PoolKey, candidates: Sequence[Candidate]
    ) -> tuple[dict[str, _Vector], Sequence[ServiceError], Sequence[ServiceError]]:
        """Return the vectors of photos, why others cannot be had for now, and why some never."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {c.id: group.create_task(self._outcome(key, c)) for c in candidates}
        except* EncoderClosed as closed:
            raise closed.exceptions[0] from closed
        outcomes = {photo: task.result() for photo, task in tasks.items()}
        vectors = {p: o for p, o in outcomes.items() if isinstance(o, np.ndarray)}
        rejected = [o for o in outcomes.values() if isinstance(o, PhotoRejected)]
        missing = [o for o in outcomes.values() if isinstance(o, _FOR_NOW)]
        self._count_photos("encoded", len(vectors))
        self._count_photos("unavailable", len(missing))
        self._count_photos("rejected", len(rejected))
        return vectors, missing, rejected

    async def _outcome(self, key: PoolKey, candidate: Candidate) -> _Vector | ServiceError:
        """Encode a photo, once for all tags that are being fetched; an error is an outcome."""
        name = f"{key.clip}/{key.photo(candidate.id)}"
        try:
            if name not in self._recent:
                self._remember(
                    name, await self._encoding.do(name, partial(self._vector, candidate))
                )
            return self._recent[name]
        except (PhotoRejected, *_FOR_NOW) as exc:
            _log.info("photo_skipped", photo=candidate.id, reason=str(exc))
            return exc

    async def _vector(self, candidate: Candidate) -> _Vector:
        picture = await self._picture(candidate)
        # The encoder's worker batches whatever photos wait for it.
        rows = await self._encode([picture])
        vector: _Vector = rows[0].astype(np.float16)
        return vector

    def _remember(self, name: str, vector: _Vector) -> None:
        """Hold a vector until the store surely has it, for tags that were fetched meanwhile."""
        self._recent[name] = vector
        while len(self._recent) > _RECENT_KEPT:
            self._recent.popitem(last=False)

    async def _keep_embeddings(self, key: PoolKey, vectors: Mapping[str, _Vector]) -> bool:
        if not vectors:
            return True
        names = [key.photo(photo) for photo in vectors]
        try:
            await self._embeddings.put(key.clip, names, self._stack(list(vectors.values())))
        except StoreUnavailable as exc:
            self._failures.note("embeddings", exc)
            return False
        return True

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

    async def _refuse(self, key: PoolKey, reason: SourceError) -> None:
        lifetime_s = _REFUSAL_LIFETIMES_S.get(type(reason))
        if lifetime_s is None:
            return
        if (reason.retry_after_s or 0.0) >= _LONG_WAIT_S:
            # A challenge for browsers, or a host that sends no photos: no matter of a moment.
            lifetime_s = _LONG_WAIT_S
        end = self._clock.now() + lifetime_s
        refusal = Refusal(key.digest, key.tag, type(reason).__name__, str(reason), end)
        try:
            await self._refusals.add(refusal)
        except StoreUnavailable as exc:
            self._failures.note("refusal", exc)

    def _refused(self, refusal: Refusal) -> SourceError:
        """Return the error a refusal was made of."""
        kinds = {kind.__name__: kind for kind in _REFUSAL_LIFETIMES_S}
        kind = kinds.get(refusal.kind, SourceUnavailable)
        wait_s = max(1.0, refusal.expires_at - self._clock.now())
        return kind(refusal.sentence, retry_after_s=wait_s)

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

    def _stack(self, vectors: Sequence[_Vector]) -> _Vector:
        rows = np.array(vectors, dtype=np.float16).reshape(len(vectors), self._dimension)
        rows.flags.writeable = False
        return rows

    def _count_photos(self, outcome: str, count: int) -> None:
        if count:
            self._counters.add("nearhit_photos", outcome, count)


def _nothing_usable(reasons: Sequence[ServiceError]) -> SourceUnavailable:
    _log.warning("no_photo_usable", photos=len(reasons), first=str(reasons[0]))
    return SourceUnavailable(
        f"None of this tag's {len(reasons)} photos can be used; of the first: {reasons[0]}",
        retry_after_s=_INCOMPLETE_LIFETIME_S,
    )
