"""The running service: it starts, owns every resource and task, and ends."""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import structlog

from cache.clock import Clock, SystemClock
from cache.digest import digest
from cache.errors import CacheError, StoreUnavailable
from cache.memory import Memory
from cache.stores.protocol import Store
from service import statistics
from service.answers import Observer
from service.encoders.figures import KindStatistics
from service.errors import ServiceError, SetupError
from service.settings import Settings
from service.telemetry import prometheus
from service.telemetry.board import Board
from service.telemetry.counters import Counters, Latencies
from service.telemetry.failures import StoreFailures
from service.telemetry.figures import Figures, Readings
from service.wiring.components import Components, build

__all__ = ["Service"]

_SWEEP_EVERY_S = 30.0
_FLUSH_EVERY_S = 2.0

_log = structlog.get_logger(__name__)


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
        on_loaded: Told once when models are loaded.
        on_failure: Told once when the service cannot go on.
        board: Where the workers of one parent share their figures, for one of
            several.
        demo_url: Address of the demo's photo source, where it runs already.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        observers: Sequence[Observer] = (),
        on_loaded: Callable[[], None] = lambda: None,
        on_failure: Callable[[], None] = lambda: None,
        board: Board | None = None,
        demo_url: str | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.counters = Counters()
        self.latencies = Latencies()
        self.replica = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.failure: Exception | None = None
        self._observers = observers
        self._failures = StoreFailures(self.counters, self.clock)
        self._on_loaded = on_loaded
        self._on_failure = on_failure
        self._board = board
        self._demo_url = demo_url
        self._photo_folder = digest(socket.gethostname(), str(settings.photo_folder.absolute()))
        self._started_at = self.clock.monotonic()
        self._store_bytes = 0
        self._has_been_ready = False
        self._readings: Readings = {}
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
        if self._board is not None:
            await self._board.open()
            self._spawn(self._board.run(self._figures))
        self._spawn(self._start())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every task, then close every resource, the last opened first."""
        parts, self._components = self._components, None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if parts is not None:
            await self._flush_once(parts)
        if self._board is not None:
            await self._board.publish(self._figures(parts).growing())
            await self._board.aclose()
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
        """Return whether traffic may come, why or why not, and what is searched."""
        source = self.settings.chosen_source
        parts = self._components
        if parts is None:
            models = str(self.failure) if self.failure else "loading"
            return False, {"source": source, "models": models}
        try:
            await parts.store.ping()
            store = "reachable"
        except StoreUnavailable:
            # Searches go on from memory and the source, so traffic may still come.
            store = "unavailable"
        follower = parts.memory.follower
        caught_up = follower.caught_up
        journal = {"caught_up": caught_up, "position": follower.position, "lag": follower.lag}
        # Once it has served it goes on serving: all replicas rebuild at the same time.
        self._has_been_ready = self._has_been_ready or caught_up or store == "unavailable"
        ready = self._has_been_ready
        return ready, {"source": source, "models": "loaded", "store": store, "journal": journal}

    async def statistics(self) -> Mapping[str, Any]:
        """Return what `/cache/stats` shows."""
        replica: dict[str, Any] = {
            "id": self.replica,
            "uptime_s": round(self.clock.monotonic() - self._started_at, 1),
            **statistics.replica(self._figures(), self.latencies),
        }
        parts = self._components
        if parts is None:
            return {"replica": replica, "cluster": None}
        replica["encoders"] = statistics.encoders(_encoded(parts))
        replica["thresholds"] = statistics.thresholds(parts.policy.thresholds)
        follower = parts.memory.follower
        replica["journal"] |= {"position": follower.position, "reachable": follower.reachable}
        return {"replica": replica, "cluster": await self._cluster(parts.store)}

    async def metrics(self) -> bytes:
        """Return what `/metrics` shows: of all workers, where there are several."""
        figures = self._figures()
        return prometheus.render(await self._board.joined(figures) if self._board else figures)

    async def _cluster(self, store: Store) -> Mapping[str, Any] | None:
        try:
            return statistics.cluster(await store.counters(), self.clock.now())
        except StoreUnavailable:
            return None

    async def _start(self) -> None:
        try:
            self._components = await build(
                self.settings,
                self._stack,
                clock=self.clock,
                counters=self.counters,
                latencies=self.latencies,
                failures=self._failures,
                observers=self._observers,
                demo_url=self._demo_url,
            )
        except (ServiceError, CacheError) as exc:
            self._fail(exc)
            return
        # A store that does not answer must not hold up searches.
        for work in (*self._components.memory.tasks(), self._sweep(), self._flush()):
            self._spawn(work)
        if self._components.demo is not None:
            self._spawn(self._components.demo.watch())
        self._on_loaded()
        _log.info("models_loaded", seconds=self._uptime_s())
        try:
            async with asyncio.timeout(self.settings.store_timeout_s):
                await self._components.memory.follower.reach_end()
            event = "ready"
        except TimeoutError:
            event = "serving_before_the_journal_is_read"
        _log.info(event, seconds=self._uptime_s(), entries=len(self._components.memory.entries))
        self._settled.set()

    def _uptime_s(self) -> float:
        return round(self.clock.monotonic() - self._started_at, 2)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, SetupError):
            self._fail(error)
        elif error is not None:
            _log.error("background_task_failed", exc_info=error)
            self._fail(SetupError(f"A background task failed: {error!r}."))

    def _fail(self, reason: Exception) -> None:
        _log.error("cannot_run", reason=str(reason))
        self.failure = self.failure or reason
        self._components = None
        self._settled.set()
        self._on_failure()

    async def _sweep(self) -> None:
        """Let go of what has expired, here and in the store."""
        while (parts := self._components) is not None:
            parts.memory.sweep()
            await parts.photos.look()
            try:
                await parts.memory.collect_garbage()
                self._store_bytes = await parts.store.size_bytes()
            except StoreUnavailable as exc:
                self._failures.note("purge", exc)
            await asyncio.sleep(_SWEEP_EVERY_S)

    async def _flush(self) -> None:
        """Tell the store this process's figures, for the sums of all."""
        while (parts := self._components) is not None:
            await self._flush_once(parts)
            await asyncio.sleep(_FLUSH_EVERY_S)

    async def _flush_once(self, parts: Components) -> None:
        told = statistics.flushed(self._figures(parts), self._photo_folder)
        try:
            await parts.store.put_counters(self.replica, told)
        except StoreUnavailable as exc:
            self._failures.note("counters", exc)

    def _figures(self, parts: Components | None = None) -> Figures:
        if parts := parts or self._components:
            self._readings = _readings(parts, self._store_bytes)
        # Those of before, where nothing runs any more: what only grows must not shrink.
        shared = self._board.readings() if self._board else {}
        return Figures.of(self.counters, self.latencies, {**self._readings, **shared})


def _readings(parts: Components, store_bytes: float) -> Readings:
    """Read off the running parts what the table of metrics has, by (name, label value)."""
    values: dict[tuple[str, str], float] = {
        ("nearhit_workers", ""): 1,
        ("nearhit_photo_bytes", ""): parts.photos.total_bytes,
        ("nearhit_store_bytes", ""): store_bytes,
        ("nearhit_fetches", ""): len(parts.fetching),
        **_memory_readings(parts.memory),
    }
    for model, figures in _encoded(parts).items():
        values["nearhit_encoder_waiting", model] = figures.waiting
        values["nearhit_encoder_seconds", model] = figures.encode_s
        values["nearhit_encoded_items", model] = figures.items
    return values


def _encoded(parts: Components) -> dict[str, KindStatistics]:
    """Return what ran in each encoder, by encoder and kind of work."""
    return {
        f"{encoder}_{kind}": figures
        for encoder, worker in (("query", parts.query), ("clip", parts.clip))
        for kind, figures in worker.statistics().kinds.items()
    }


def _memory_readings(memory: Memory) -> Readings:
    outbox = memory.outbox.statistics()
    return {
        ("nearhit_entries", ""): len(memory.entries),
        ("nearhit_vector_bytes", ""): memory.entries.vector_bytes,
        ("nearhit_invalid_records", ""): memory.entries.invalid_records,
        ("nearhit_pools", ""): len(memory.pools.published),
        ("nearhit_pools_in_memory", ""): len(memory.pools),
        ("nearhit_journal_lag", ""): memory.follower.lag,
        ("nearhit_journal_rebuilds", ""): memory.follower.rebuilds,
        ("nearhit_outbox_waiting", ""): outbox.waiting,
        ("nearhit_outbox", "delivered"): outbox.delivered,
        ("nearhit_outbox", "dropped"): outbox.dropped,
        ("nearhit_evicted", "entries"): memory.evictor.evicted_entries,
        ("nearhit_evicted", "pools"): memory.evictor.evicted_pools,
    }
