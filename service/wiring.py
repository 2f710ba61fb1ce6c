"""The composition root: only this module knows everything."""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import structlog

from cache.clock import Clock, SystemClock
from cache.entries.relations import Relation
from cache.entries.semantic import SemanticCache
from cache.errors import CacheError, StoreUnavailable
from cache.journal.follow import Follower
from cache.pools.photos import PhotoStore
from cache.pools.pool import Pool
from cache.pools.pools import Pools
from cache.sharing.flight import SingleFlight
from cache.stores.protocol import Store
from cache.stores.sqlite import SqliteStore
from service import statistics
from service.answers import Observer
from service.encoders import models, threads
from service.errors import ServiceError, SetupError
from service.origin.pipeline import Origin
from service.origin.shelf import PhotoCodec, PhotoShelf
from service.search import Costs, Policy, Search
from service.settings import Settings
from service.sources.folder import FolderSource
from service.sources.photos import decode_photo, thumbnail
from service.sources.pixabay import PixabaySource
from service.sources.protocol import ImageSource
from service.telemetry.counters import Counters, Latencies
from service.telemetry.prometheus import Exposition

if TYPE_CHECKING:
    # Both import torch, which takes seconds; the server should be up before that.
    from service.encoders.clip import TransformersClip
    from service.encoders.query import SentenceEncoder

__all__ = ["Service"]

_SWEEP_EVERY_S = 30.0
_FLUSH_EVERY_S = 2.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Components:
    """Everything there is once models are loaded."""

    search: Search
    shelf: PhotoShelf
    store: Store
    cache: SemanticCache
    pools: Pools
    photos: PhotoStore
    flight: SingleFlight[str, Pool]
    follower: Follower
    clip: "TransformersClip"
    query: "SentenceEncoder"
    policy: Policy


class Service:
    """
    The running service: an async context manager that owns every resource and task.

    Entering returns at once; models load behind it, and `running` is None until
    they have. What cannot be started, or a background task that fails, is
    logged, kept in `failure` and told to `on_failure`.

    Args:
        settings: What to build.
        clock: Time for everything in it.
        observers: Told of every fresh ranking.
        on_failure: Told once when the service cannot go on.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        observers: Sequence[Observer] = (),
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.counters = Counters()
        self.latencies = Latencies()
        self.exposition = Exposition(self.counters, self.latencies, self._gauges)
        self.replica = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.failure: Exception | None = None
        self._observers = observers
        self._on_failure = on_failure
        self._started_at = self.clock.monotonic()
        self._store_bytes = 0
        self._components: Components | None = None
        self._settled = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()

    @property
    def running(self) -> Components | None:
        """Everything, once models are loaded."""
        return self._components

    async def __aenter__(self) -> Self:
        """Begin to start."""
        self._spawn(self._start())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every task, then close every resource, the last opened first."""
        self._components = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    async def started(self) -> Components:
        """
        Return everything once models are loaded and the journal has been read.

        Raises:
            ServiceError, CacheError: Whatever keeps the service from starting.
        """
        await self._settled.wait()
        if self._components is None:
            raise self.failure or SetupError("The service has ended.")
        return self._components

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        """Return whether traffic may come, and why or why not."""
        parts = self._components
        if parts is None:
            return False, {"models": str(self.failure) if self.failure else "loading"}
        try:
            await parts.store.ping()
            store = "reachable"
        except StoreUnavailable:
            # Searches go on from memory and the source, so traffic may still come.
            store = "unavailable"
        caught_up = parts.follower.caught_up
        journal = {"caught_up": caught_up, "lag": parts.follower.lag}
        ready = caught_up or store == "unavailable"
        return ready, {"models": "loaded", "store": store, "journal": journal}

    async def statistics(self) -> Mapping[str, Any]:
        """Return what `/cache/stats` shows."""
        sums = statistics.Sums(self.counters, self.latencies, self._gauges())
        replica: dict[str, Any] = {
            "id": self.replica,
            "uptime_s": round(self.clock.monotonic() - self._started_at, 1),
            **statistics.replica(sums),
        }
        parts = self._components
        if parts is None:
            return {"replica": replica, "cluster": None}
        replica["thresholds"] = statistics.thresholds(parts.policy.thresholds)
        replica["journal"] = {"position": parts.follower.position, "lag": parts.follower.lag}
        return {"replica": replica, "cluster": await self._cluster(parts.store)}

    async def _cluster(self, store: Store) -> Mapping[str, Any] | None:
        try:
            return statistics.cluster(await store.counters(), self.clock.now())
        except StoreUnavailable:
            return None

    async def _start(self) -> None:
        try:
            self._components = await self._build()
        except (ServiceError, CacheError) as exc:
            self._fail(exc)
            return
        # A store that does not answer must not hold up searches.
        for work in (self._components.follower.run, self._sweep, self._flush):
            self._spawn(work())
        _log.info("models_loaded", seconds=self._uptime_s())
        try:
            async with asyncio.timeout(self.settings.store_timeout_s):
                await self._components.follower.reach_end()
        except TimeoutError:
            _log.warning("journal_not_read_yet")
        _log.info("ready", seconds=self._uptime_s(), entries=len(self._components.cache))
        self._settled.set()

    def _uptime_s(self) -> float:
        return round(self.clock.monotonic() - self._started_at, 2)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("background_task_failed", exc_info=error)
            self._fail(SetupError(f"A background task failed: {error!r}."))

    def _fail(self, reason: Exception) -> None:
        _log.error("cannot_run", reason=str(reason))
        self.failure = self.failure or reason
        self._components = None
        self._settled.set()
        self._on_failure()

    async def _build(self) -> Components:
        """Open everything in order of need; the stack closes it in the other order."""
        settings, clock = self.settings, self.clock
        source = _source(settings, clock)
        self._stack.push_async_callback(source.aclose)
        store = _store(settings, clock)
        self._stack.push_async_callback(store.aclose)
        await store.open()
        photos = PhotoStore(settings.photo_folder, budget_bytes=settings.photo_budget_bytes)
        self._stack.push_async_callback(photos.aclose)
        await photos.open()
        query, clip = await asyncio.to_thread(_load_models, settings)
        await self._stack.enter_async_context(query)
        await self._stack.enter_async_context(clip)
        pools = Pools(store, clock)
        cache = await asyncio.to_thread(_semantic_cache, store, query, clock)
        follower = Follower(store, cache.apply, cache.reset)
        flight = SingleFlight[str, Pool](running=settings.fetches, waiting=settings.waiting_fetches)
        await self._stack.enter_async_context(flight)
        shelf = self._shelf(source, photos, pools)
        origin = self._origin(source, shelf, clip, pools, flight)
        policy = _policy(settings)
        search = Search(
            source=source,
            query_encoder=query,
            clip=clip,
            cache=cache,
            pools=pools,
            fetch=origin.pool,
            reach=follower.reach,
            policy=policy,
            costs=partial(_costs, query, clip, self.counters),
            counters=self.counters,
            latencies=self.latencies,
            clock=clock,
            observers=self._observers,
        )
        return Components(
            search, shelf, store, cache, pools, photos, flight, follower, clip, query, policy
        )

    def _shelf(self, source: ImageSource, photos: PhotoStore, pools: Pools) -> PhotoShelf:
        decoders = ThreadPoolExecutor(threads.usable_cores(), thread_name_prefix="photo-codec")
        self._stack.callback(decoders.shutdown)
        decode = partial(decode_photo, max_pixels=self.settings.photo_max_pixels)
        return PhotoShelf(
            fetch=source.photo,
            files=photos,
            namespace=source.identity,
            candidate=pools.candidate,
            codec=PhotoCodec(decode, thumbnail),
            threads=decoders,
        )

    def _origin(
        self,
        source: ImageSource,
        shelf: PhotoShelf,
        clip: "TransformersClip",
        pools: Pools,
        flight: SingleFlight[str, Pool],
    ) -> Origin:
        return Origin(
            search=source.search,
            picture=shelf.picture,
            encode=clip.encode_images,
            dimension=clip.dimension,
            pools=pools,
            flight=flight,
            downloads=self.settings.downloads,
            counters=self.counters,
            clock=self.clock,
        )

    async def _sweep(self) -> None:
        """Let go of what has expired, here and in the store."""
        while (parts := self._components) is not None:
            parts.cache.sweep()
            try:
                await parts.store.purge()
                self._store_bytes = await parts.store.size_bytes()
            except StoreUnavailable as exc:
                self.counters.add("nearhit_store_failures", "purge")
                _log.debug("purge_failed", reason=str(exc))
            await asyncio.sleep(_SWEEP_EVERY_S)

    async def _flush(self) -> None:
        """Tell the store this process's counters, for the sums of all."""
        while (parts := self._components) is not None:
            try:
                await parts.store.put_counters(self.replica, self.counters.flat())
            except StoreUnavailable as exc:
                self.counters.add("nearhit_store_failures", "counters")
                _log.debug("flush_failed", reason=str(exc))
            await asyncio.sleep(_FLUSH_EVERY_S)

    def _gauges(self) -> Mapping[tuple[str, str], float]:
        parts = self._components
        if parts is None:
            return {}
        values: dict[tuple[str, str], float] = {
            ("nearhit_entries", ""): len(parts.cache),
            ("nearhit_vector_bytes", ""): parts.cache.vector_bytes,
            ("nearhit_pools_in_memory", ""): len(parts.pools),
            ("nearhit_photo_bytes", ""): parts.photos.total_bytes,
            ("nearhit_store_bytes", ""): self._store_bytes,
            ("nearhit_journal_lag", ""): parts.follower.lag,
            ("nearhit_invalid_records", ""): parts.cache.invalid_records,
            ("nearhit_fetches", ""): len(parts.flight),
        }
        for encoder, worker in (("query", parts.query), ("clip", parts.clip)):
            for kind, figures in worker.statistics().kinds.items():
                model = f"{encoder}_{kind}"
                values["nearhit_encoder_waiting", model] = figures.waiting
                values["nearhit_encoder_seconds", model] = figures.encode_s
                values["nearhit_encoded_items", model] = figures.items
        return values


def _source(settings: Settings, clock: Clock) -> ImageSource:
    chosen = settings.source
    if chosen == "auto":
        chosen = "pixabay" if settings.pixabay_api_key else "folder"
    if chosen == "pixabay":
        return PixabaySource.from_settings(settings, clock)
    if settings.folder is None:
        raise SetupError(
            "There is nothing to search yet: set NEARHIT_PIXABAY_API_KEY (a free key from "
            "https://pixabay.com/api/docs/), or NEARHIT_FOLDER to a folder of your own photos."
        )
    return FolderSource.from_settings(settings, clock)


def _store(settings: Settings, clock: Clock) -> Store:
    scheme, _, path = settings.store.partition(":///")
    if scheme != "sqlite" or not path:
        raise SetupError(
            f"NEARHIT_STORE is {settings.store!r}; it must be sqlite:///PATH in this version."
        )
    return SqliteStore(Path(path), clock, timeout_s=settings.store_timeout_s)


def _load_models(settings: Settings) -> "tuple[SentenceEncoder, TransformersClip]":
    """Load both models; blocking, seconds."""
    policy = threads.ThreadPolicy.of(threads.usable_cores(), settings.encoder_threads)
    threads.apply(policy)
    from service.encoders.clip import TransformersClip  # noqa: PLC0415 - imports torch
    from service.encoders.query import SentenceEncoder  # noqa: PLC0415 - imports torch

    threads.confirm(policy)
    query = SentenceEncoder.load(
        models.resolve(settings.query_model, kind="query"),
        device=settings.device,
        batch=settings.text_batch,
        queue=settings.encoder_queue,
    )
    clip = TransformersClip.load(
        models.resolve(settings.clip_model, kind="clip"),
        device=settings.device,
        text_batch=settings.text_batch,
        image_batch=settings.image_batch,
        queue=settings.encoder_queue,
    )
    return query, clip


def _semantic_cache(store: Store, query: "SentenceEncoder", clock: Clock) -> SemanticCache:
    from index.faiss import FaissIndex  # noqa: PLC0415 - must come after the thread policy

    return SemanticCache(store, FaissIndex(query.dimension), query.fingerprint, clock)


def _policy(settings: Settings) -> Policy:
    served = (Relation.SAME, Relation.INFLECTION)
    return Policy(
        pool_size=settings.pool_size,
        thresholds=dict.fromkeys(served, settings.min_similarity),
        prefer=settings.prefer,
        timeout_s=settings.search_timeout_s,
    )


def _costs(query: "SentenceEncoder", clip: "TransformersClip", counters: Counters) -> Costs:
    kinds = clip.statistics().kinds
    texts, images = kinds["texts"], kinds["images"]
    queries = query.statistics().kinds["texts"]
    fetches = counters.get("nearhit_api_calls", "answered")
    return Costs(
        query_s=queries.encode_s / max(1, queries.items),
        text_s=texts.encode_s / max(1, texts.items),
        pool_s=images.encode_s / max(1.0, fetches),
    )
