"""Every part of the running service, opened in order of need."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cache.clock import Clock
from cache.entries.relations import Relation
from cache.memory import Memory
from cache.pools.photos import PhotoStore
from cache.pools.pool import Pool
from cache.pools.pools import Pools
from cache.sharing.eviction import Bounds
from cache.sharing.flight import SingleFlight
from cache.sharing.lead import Lead
from cache.stores.protocol import Store
from service.answers import Found, Observer
from service.encoders import threads
from service.encoders.daemon import in_daemon_thread
from service.encoders.preparation import Prepared
from service.encoders.texts import TextVectors
from service.origin.pipeline import Origin
from service.origin.progress import Progresses
from service.origin.shelf import PhotoCodec, PhotoShelf
from service.origin.telling import Telling
from service.origin.vectors import PhotoVectors
from service.search import Costs, Search
from service.settings import Settings
from service.sources.photos import decode_photo, photo_size, thumbnail
from service.sources.protocol import ImageSource
from service.streaming import Streaming
from service.telemetry.counters import Counters, Latencies
from service.telemetry.failures import StoreFailures
from service.tiers import Policy
from service.warming import Warming
from service.wiring import models
from service.wiring.demo import DemoProcess
from service.wiring.sources import choose_source
from service.wiring.stores import open_store

if TYPE_CHECKING:
    # Both import torch, which takes seconds; the server should be up before that.
    from service.encoders.backends import SentenceModel
    from service.encoders.clip import TransformersClip
    from service.encoders.query import SentenceEncoder

__all__ = ["Components", "build"]


@dataclass(frozen=True, slots=True)
class Components:
    """Everything there is once models are loaded."""

    search: Search
    streaming: Streaming
    warming: Warming
    shelf: PhotoShelf[Prepared]
    store: Store
    memory: Memory
    photos: PhotoStore
    fetching: SingleFlight[str, Pool]
    clip: "TransformersClip"
    query: "SentenceEncoder"
    policy: Policy
    demo: DemoProcess | None


async def build(
    settings: Settings,
    stack: AsyncExitStack,
    *,
    clock: Clock,
    counters: Counters,
    latencies: Latencies,
    failures: StoreFailures,
    observers: Sequence[Observer],
    demo_url: str | None = None,
) -> Components:
    """
    Open everything in order of need.

    Args:
        settings: What to build.
        stack: Closes it all again, the last opened first.
        clock: Time for everything in it.
        counters: What everything in it counts.
        latencies: Takes in the time of each answer.
        failures: Told when something goes on without the store.
        observers: Told of every fresh ranking.
        demo_url: Address of the demo's photo source, where it runs already.

    Raises:
        SetupError: If the settings, or the models they name, cannot be served.
        StoreUnavailable: If the store cannot be opened.
    """
    demo = None if demo_url else await _demo(settings, stack)
    store = open_store(settings, clock)
    stack.push_async_callback(store.aclose)
    await store.open()
    source = choose_source(settings, store, clock, demo.url if demo else demo_url)
    stack.push_async_callback(source.aclose)
    photos = PhotoStore(settings.photo_folder, budget_bytes=settings.photo_budget_bytes)
    stack.push_async_callback(photos.aclose)
    await photos.open()
    thread_policy = threads.ThreadPolicy.of(
        threads.usable_cores(), settings.encoder_threads, settings.workers
    )
    # A download may be left behind at any time; torch may not, lest the process abort.
    files = await in_daemon_thread(partial(models.find, settings), "nearhit-download")
    model, clip = await asyncio.to_thread(models.load, settings, thread_policy, files)
    memory, query = await asyncio.to_thread(_memory, settings, thread_policy, store, model, clock)
    await stack.enter_async_context(query)
    await stack.enter_async_context(clip)
    # FAISS's number belongs to each thread that searches: now and then, this one.
    threads.confirm(thread_policy)
    flights = await _flights(settings, clip, stack)
    shelf = _shelf(settings, stack, source, photos, memory.pools, clip)
    progresses = Progresses()
    vectors = PhotoVectors(
        prepared=shelf.prepared,
        encode=clip.encode_images,
        dimension=clip.dimension,
        embeddings=memory.embeddings,
        encoding=flights.encoding,
        counters=counters,
        failures=failures,
        clock=clock,
    )
    origin = Origin(
        search=source.search,
        lifetime_s=source.lifetime_s,
        vectors=vectors,
        pools=memory.pools,
        refusals=memory.refusals,
        deletions=memory.deletions,
        mark=memory.mark,
        lead=Lead(store, memory.follower.reach, turns=settings.fetches),
        fetching=flights.fetching,
        progresses=progresses,
        telling=Telling(store, clock),
        counters=counters,
        failures=failures,
        clock=clock,
    )
    texts = TextVectors(clip, flights.texts)
    policy = _policy(settings)
    search = Search(
        source=source,
        query_encoder=query,
        clip=clip,
        texts=texts,
        cache=memory.entries,
        pools=memory.pools,
        outbox=memory.outbox,
        deletions=memory.deletions,
        fetch=origin.pool,
        mark=memory.mark,
        reach=memory.follower.reach,
        policy=policy,
        costs=_costs(query, clip, counters),
        asking=flights.asking,
        counters=counters,
        failures=failures,
        latencies=latencies,
        clock=clock,
        observers=observers,
    )
    streaming = Streaming(search, progresses.of, texts, clip.logit_scale)
    warming = Warming(search, source.spare_in_s, clock)
    return Components(
        search=search,
        streaming=streaming,
        warming=warming,
        shelf=shelf,
        store=store,
        memory=memory,
        photos=photos,
        fetching=flights.fetching,
        clip=clip,
        query=query,
        policy=policy,
        demo=demo,
    )


async def _demo(settings: Settings, stack: AsyncExitStack) -> DemoProcess | None:
    if settings.chosen_source != "demo":
        return None
    demo = await DemoProcess.start(settings.demo_port)
    stack.push_async_callback(demo.aclose)
    return demo


@dataclass(frozen=True, slots=True)
class _Flights:
    """What is done once, however many ask: pools, photos, queries, whole searches."""

    fetching: SingleFlight[str, Pool]
    encoding: SingleFlight[str, NDArray[np.float16]]
    texts: SingleFlight[str, NDArray[np.float32]]
    asking: SingleFlight[Hashable, Found]


def _in_work(settings: Settings, clip: "TransformersClip") -> int:
    """
    Return how many photos may be in memory at the same time.

    Those that are downloaded, and as many as keep the encoder busy until the next have come;
    a photo that waits for the encoder is pixels of the model's size.
    """
    return settings.downloads + 2 * clip.photos_at_once


async def _flights(settings: Settings, clip: "TransformersClip", stack: AsyncExitStack) -> _Flights:
    photos_of_all = settings.fetches * settings.pool_size
    flights = _Flights(
        # Those that fetch take turns; those that wait for another replica's fetch need none.
        fetching=SingleFlight(running=settings.fetches + settings.waiting_fetches, waiting=0),
        encoding=SingleFlight(running=_in_work(settings, clip), waiting=photos_of_all),
        # What nobody waits for any more leaves the encoders' queues.
        texts=SingleFlight(running=settings.encoder_queue, waiting=0, finish=False),
        asking=SingleFlight(running=settings.encoder_queue, waiting=0, finish=False),
    )
    # Searches wait for fetches and these for photos: who waits ends first.
    for flight in (flights.encoding, flights.fetching, flights.texts, flights.asking):
        await stack.enter_async_context(flight)
    return flights


def _shelf(
    settings: Settings,
    stack: AsyncExitStack,
    source: ImageSource,
    photos: PhotoStore,
    pools: Pools,
    clip: "TransformersClip",
) -> PhotoShelf[Prepared]:
    cores = max(1, threads.usable_cores() // settings.workers)
    decoders = ThreadPoolExecutor(cores, thread_name_prefix="photo-codec")
    stack.callback(partial(decoders.shutdown, wait=False, cancel_futures=True))
    decode = partial(decode_photo, max_pixels=settings.photo_max_pixels)
    return PhotoShelf(
        fetch=source.photo,
        files=photos,
        namespace=source.identity,
        candidate=pools.candidate,
        prepare=lambda data: clip.prepare(decode(data, edge=clip.edge)),
        codec=PhotoCodec(photo_size, decode, thumbnail),
        threads=decoders,
        timeout_s=settings.photo_timeout_s,
    )


def _memory(
    settings: Settings,
    policy: threads.ThreadPolicy,
    store: Store,
    model: "SentenceModel",
    clock: Clock,
) -> "tuple[Memory, SentenceEncoder]":
    """Return what is remembered, and what places queries among it: both over one index."""
    from index.faiss import FaissIndex  # noqa: PLC0415 - must come after the thread policy
    from service.encoders.query import SentenceEncoder  # noqa: PLC0415 - imports torch

    index = FaissIndex(model.dimension)
    bounds = Bounds(settings.max_entries, settings.max_pools)
    memory = Memory(store, index, model.fingerprint, bounds, clock)
    query = SentenceEncoder(
        model,
        index,
        batch=settings.text_batch,
        queue=settings.encoder_queue,
        on_thread=partial(threads.confirm, policy),
    )
    return memory, query


def _policy(settings: Settings) -> Policy:
    served = (Relation.SAME, Relation.INFLECTION)
    return Policy(
        pool_size=settings.pool_size,
        thresholds=dict.fromkeys(served, settings.min_similarity),
        prefer=settings.prefer,
        timeout_s=settings.search_timeout_s,
    )


def _costs(
    query: "SentenceEncoder", clip: "TransformersClip", counters: Counters
) -> Callable[[], Costs]:
    """Return what tells the encoders' mean times: every hit asks it, so it looks nothing up."""
    queries, texts, images = query.spent("queries"), clip.spent("texts"), clip.spent("images")

    def costs() -> Costs:
        fetches = counters.get("nearhit_api_calls", "answered")
        return Costs(queries.mean_s, texts.mean_s, images.seconds / max(1.0, fetches))

    return costs
