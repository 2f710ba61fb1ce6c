"""The use case: answer a search from the cheapest tier that may."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from cache.clock import Clock
from cache.entries.entry import Draft, Entry
from cache.entries.ranking import Ranking
from cache.entries.relations import Relation
from cache.entries.scope import Scope
from cache.entries.semantic import NearEntry, SemanticCache
from cache.errors import StoreUnavailable
from cache.journal.records import Mark
from cache.pools.filters import Filters
from cache.pools.pool import Pool, PoolKey
from cache.pools.pools import Pools
from cache.sharing.flight import SingleFlight
from cache.sharing.invalidation import Deletions
from index import NEIGHBOURS
from service.answers import Found, FreshRanking, Observer, SearchAnswer
from service.encoders.protocol import ClipEncoder, Placed, QueryEncoder
from service.encoders.texts import TextVectors
from service.errors import DeadlineExceeded
from service.remembering import Remembering
from service.requests import SearchRequest
from service.savings import Savings
from service.sources.protocol import ImageSource
from service.telemetry.counters import Counters, Latencies
from service.telemetry.failures import StoreFailures
from service.telemetry.stopwatch import Stopwatch
from service.tiers import Policy, Thresholds, Tier, rank, servable

__all__ = ["Search"]

_WIDE = 16 * NEIGHBOURS
_PLACES = 256

_Block = AbstractContextManager[None, bool | None]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where answers under some filters are: in this scope, from pools of these names."""

    scope: str
    source: str
    filters: Filters
    size: int
    clip: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, the names its answer may be found under, and what was known when it began."""

    request: SearchRequest
    place: _Place
    begun: Mark

    @property
    def scope(self) -> str:
        return self.place.scope

    @property
    def pool_key(self) -> PoolKey:
        place = self.place
        return PoolKey(place.source, self.request.tag, place.filters, place.size, place.clip)


class Search:
    """
    Answers searches; all its collaborators are open while it is used.

    Args:
        source: Decides identity and filters; photos themselves come through `fetch`.
        query_encoder: Places queries among the remembered ones.
        clip: Ranks pools.
        texts: Vectors of queries in the pools' space.
        cache: What is remembered.
        pools: Warm pools.
        remembering: Makes entries of fresh rankings.
        deletions: A search begun before a deletion is joined by nobody after it.
        fetch: Returns a cold pool, one fetch for all who ask.
        mark: Says how far the journal has been read.
        policy: What the deployment decides.
        savings: Counts what hits save.
        asking: Lets equal searches that come at the same time be one.
        counters: Counts answers by tier.
        failures: Told when the search goes on without the store.
        latencies: Takes in the time of each answer.
        clock: Ages, and the time stages take.
        observers: Told of every fresh ranking.
    """

    def __init__(
        self,
        *,
        source: ImageSource,
        query_encoder: QueryEncoder,
        clip: ClipEncoder,
        texts: TextVectors,
        cache: SemanticCache,
        pools: Pools,
        remembering: Remembering,
        deletions: Deletions,
        fetch: Callable[[PoolKey], Awaitable[Pool]],
        mark: Callable[[], Mark],
        policy: Policy,
        savings: Savings,
        asking: SingleFlight[Hashable, Found],
        counters: Counters,
        failures: StoreFailures,
        latencies: Latencies,
        clock: Clock,
        observers: Sequence[Observer] = (),
    ) -> None:
        self._source = source
        self._query_encoder = query_encoder
        self._clip = clip
        self._texts = texts
        self._cache = cache
        self._pools = pools
        self._remembering = remembering
        self._deletions = deletions
        self._fetch = fetch
        self._mark = mark
        self._policy = policy
        self._savings = savings
        self._asking = asking
        self._counters = counters
        self._failures = failures
        self._latencies = latencies
        self._clock = clock
        self._observers = observers
        # Nearly all searches have the filters of an earlier one, most have none.
        self._place = lru_cache(_PLACES)(self._place_of)

    async def run(
        self, request: SearchRequest, *, while_waiting: Callable[[], _Block] = nullcontext
    ) -> SearchAnswer:
        """
        Answer a search.

        Whoever is cancelled leaves the search, which goes on only for others who ask
        the same; a fetch under way is finished in any case.

        Args:
            request: What is asked.
            while_waiting: Entered where it takes longer than a look into memory.

        Raises:
            UnknownFilter, BadRequest: If the source cannot apply a filter.
            SourceError: If a cold tag cannot be fetched.
            EncoderError: If a model is overloaded or fails.
            FlightsFull: If too many others are searching, or other tags being fetched.
            DeadlineExceeded: If it takes too long; a fetch under way goes on.
        """
        watch, asked = Stopwatch(self._clock), self._asked(request)
        # Outside of the deadline: there is no more to it than memory, and a store with its own.
        found = None if request.fresh else await self._exact(asked, watch)
        if found is None:
            with while_waiting():
                found = await self._find_in_time(asked, watch)
        return self._answer(found, request.k, watch)

    async def remember(self, request: SearchRequest) -> Found:
        """
        Rank a search afresh and remember the ranking; it counts as nobody's search.

        Raises:
            ServiceError, FlightsFull: As `run`.
        """
        asked = self._asked(replace(request, fresh=True))
        return await self._find_in_time(asked, Stopwatch(self._clock))

    async def remembers(self, request: SearchRequest) -> bool:
        """Return whether exactly this search would be answered from memory."""
        return await self._entry(self._asked(request)) is not None

    def pool_key(self, request: SearchRequest) -> PoolKey:
        """
        Return the pool a search would rank.

        Raises:
            UnknownFilter, BadRequest: If the source cannot apply a filter.
        """
        return self._asked(request).pool_key

    async def has_pool(self, request: SearchRequest) -> bool:
        """Return whether a search's pool is warm, so that the source would not be asked."""
        return await self._warm(self._asked(request).pool_key) is not None

    def _asked(self, request: SearchRequest) -> _Asked:
        return _Asked(request, self._place(request.filters), self._mark())

    def _place_of(self, asked: Filters) -> _Place:
        filters = self._source.canonical(asked)
        source, size, clip = self._source.identity, self._policy.pool_size, self._clip.fingerprint
        scope = Scope(source, filters, size, clip, self._query_encoder.fingerprint)
        return _Place(scope.digest, source, filters, size, clip)

    def _answer(self, found: Found, k: int, watch: Stopwatch) -> SearchAnswer:
        total_s = watch.total_s()
        self._counters.add("nearhit_searches", found.tier)
        self._latencies.add(found.tier, total_s)
        return SearchAnswer(found, k, {"total": total_s * 1000, **watch.timings_ms})

    async def _find_in_time(self, asked: _Asked, watch: Stopwatch) -> Found:
        try:
            async with asyncio.timeout(self._policy.timeout_s):
                return await self._find_past_exact(asked, watch)
        except TimeoutError as exc:
            raise DeadlineExceeded(
                "The search took too long; its photos are still being fetched, so try again soon.",
                retry_after_s=5,
            ) from exc

    async def _find_past_exact(self, asked: _Asked, watch: Stopwatch) -> Found:
        """Go through the other tiers in order of cost."""
        request = asked.request
        # Equal searches at the same time are one: no text is encoded twice for them.
        deleted = self._deletions.latest(request.tag, request.query)
        text = (asked.scope, request.tag, request.query)
        alike = (*text, request.fresh, request.min_similarity, deleted)
        return await self._asking.do(alike, partial(self._find_by_model, asked, watch))

    async def _find_by_model(self, asked: _Asked, watch: Stopwatch) -> Found:
        remembered = not asked.request.fresh
        self._cache.sweep()  # or what has expired would take up places among the nearest
        with watch.stage("encode"):
            placed = await self._query_encoder.place(asked.scope, asked.request.query)
        rank_first = self._policy.prefer == "exact" and self._clip.idle
        pool = await self._warm(asked.pool_key) if rank_first or not remembered else None
        if pool is None and remembered:
            hit = await self._semantic(asked, placed, watch)
            if hit is not None:
                return hit
        near = list(self._cache.near(placed.neighbours))
        if pool is None:
            pool = await self._warm(asked.pool_key)
        if pool is not None:
            return await self._fresh(asked, placed.embedding, near, pool, Tier.POOL, watch)
        pool = await self._cold(asked, watch)
        return await self._fresh(asked, placed.embedding, near, pool, Tier.ORIGIN, watch)

    async def _cold(self, asked: _Asked, watch: Stopwatch) -> Pool:
        """Return a pool from the source; the query's vector is made meanwhile."""
        text = asyncio.create_task(self._texts.of(asked.request.query))
        try:
            with watch.stage("fetch"):
                pool = await self._fetch(asked.pool_key)
            # Whatever has come of it: the ranking asks again.
            await asyncio.wait([text])
        finally:
            text.cancel()
            await asyncio.gather(text, return_exceptions=True)
        return pool

    async def _exact(self, asked: _Asked, watch: Stopwatch) -> Found | None:
        with watch.stage("lookup"):
            hit = await self._entry(asked)
        if hit:
            self._savings.exact()
        return hit

    async def _entry(self, asked: _Asked) -> Found | None:
        entry = self._cache.exact(asked.scope, asked.request.tag, asked.request.query)
        if entry is None:
            return None
        return await self._serve(entry, Tier.EXACT, 1.0, Relation.SAME)

    async def _semantic(self, asked: _Asked, placed: Placed, watch: Stopwatch) -> Found | None:
        """Serve the nearest that may be served and still can be."""
        request = asked.request
        with watch.stage("lookup"):
            thresholds = self._thresholds(request)
            may = partial(servable, tag=request.tag, query=request.query, thresholds=thresholds)
            places = placed.neighbours
            near: Callable[[], Iterable[NearEntry]] = partial(self._cache.near, places)
            # One query asked under many tags can take all the places that were looked at; others
            # are no nearer than the last of them.
            full = len(places) == NEIGHBOURS and places[-1].similarity >= min(thresholds.values())
            if full and next(may(near()), None) is None:
                near = partial(self._cache.nearest, asked.scope, placed.embedding, _WIDE)
            for one in may(near()):
                entry, similarity = one.near.entry, one.near.similarity
                if hit := await self._serve(entry, Tier.SEMANTIC, similarity, one.relation):
                    self._savings.semantic(one.relation, asked.pool_key)
                    return hit
        return None

    def _thresholds(self, request: SearchRequest) -> Thresholds:
        if request.min_similarity is None:
            return self._policy.thresholds
        return dict.fromkeys(self._policy.thresholds, request.min_similarity)

    async def _serve(
        self, entry: Entry, tier: Tier, similarity: float, relation: Relation
    ) -> Found | None:
        """Return an entry's answer; None where its pool or ranking is no longer there."""
        try:
            pool = await self._pools.get(entry.pool_id)
            ranking = await self._cache.ranking(entry)
        except StoreUnavailable as exc:
            self._failures.note("ranking", exc)
            return None
        if pool is None or ranking is None or len(ranking) != len(pool):
            return None
        self._cache.used(entry)
        self._pools.used(pool)
        age_s = self._clock.now() - entry.created_at
        return Found(tier, pool, ranking, True, age_s, entry, similarity, relation)

    async def _warm(self, key: PoolKey) -> Pool | None:
        try:
            return await self._pools.current(key)
        except StoreUnavailable as exc:
            self._failures.note("pool", exc)
            return None

    async def _fresh(
        self,
        asked: _Asked,
        embedding: NDArray[np.float32],
        near: Sequence[NearEntry],
        pool: Pool,
        tier: Tier,
        watch: Stopwatch,
    ) -> Found:
        """Rank a pool for the very query asked, and remember the ranking."""
        self._pools.used(pool)
        age_s = 0.0 if tier is Tier.ORIGIN else self._clock.now() - pool.fetched_at
        if not pool:
            return Found(tier, pool, Ranking.of(np.empty(0, np.float32)), False, age_s)
        request = asked.request
        with watch.stage("rank"):
            text = await self._texts.of(request.query)
            ranking = rank(pool, text, self._clip.logit_scale)
        with watch.stage("remember"):
            stored = await self._remembering.keep(self._draft(asked, embedding, pool, ranking))
        seen = FreshRanking(
            asked.scope, request.tag, request.query, embedding, pool, ranking, request.k, near
        )
        for on_fresh_ranking in self._observers:
            on_fresh_ranking(seen)
        return Found(tier, pool, ranking, stored, age_s)

    def _draft(
        self, asked: _Asked, embedding: NDArray[np.float32], pool: Pool, ranking: Ranking
    ) -> Draft:
        entry = Entry(
            scope=asked.scope,
            query_model=self._query_encoder.fingerprint,
            tag=asked.request.tag,
            query=asked.request.query,
            pool_id=pool.id,
            created_at=self._clock.now(),
            expires_at=pool.expires_at,
        )
        return Draft(entry, embedding.astype(np.float16), ranking, pool, asked.begun)
