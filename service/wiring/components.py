"""Every part of the running service, opened in order of need."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cache.clock import Clock
from cache.entries.relations import Relation
from cache.memory import Memory
from cache.pools.photos import PhotoStore
from cache.pools.pool import Pool
from cache.pools.pools import Pools
from cache.sharing.flight import SingleFlight
from cache.sharing.lead import Lead
from cache.stores.protocol import Store
from service.answers import Observer
from service.encoders import threads
from service.encoders.preparation import Prepared
from service.encoders.texts import TextVectors
from service.origin.pipeline import Origin
from service.origin.progress import Progresses
from service.origin.shelf import PhotoCodec, PhotoShelf
from service.origin.telling import Telling
from service.origin.vectors import PhotoVectors
from service.remembering import Remembering
from service.savings import Savings
from service.search import Search
from service.settings import Settings
from service.sources.photos import decode_photo, photo_size, thumbnail
from service.sources.protocol import ImageSource
from service.streaming import Streaming
from service.telemetry.counters import Counters, Latencies
from service.telemetry.failures import StoreFailures
from service.tiers import Policy
from service.warming import Warming
from service.wiring.demo import DemoProcess
from service.wiring.flights import open_flights
from service.wiring.models import mean_costs, open_models
from service.wiring.sources import choose_source
from service.wiring.stores import open_store

if TYPE_CHECKING:
    # Both import torch, which takes seconds; the server should be up before that.
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
    query, clip, memory = await open_models(settings, stack, store, clock)
    flights = await open_flights(settings, clip.photos_at_once, stack)
    shelf = _shelf(settings, stack, source, photos, memory.pools, clip)
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
    progresses = Progresses()
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
        remembering=Remembering(memory.outbox, memory.follower.reach, failures, counters),
        deletions=memory.deletions,
        fetch=origin.pool,
        mark=memory.mark,
        policy=policy,
        savings=Savings(mean_costs(query, clip, counters), memory.pools, counters),
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


def _policy(settings: Settings) -> Policy:
    served = (Relation.SAME, Relation.INFLECTION)
    return Policy(
        pool_size=settings.pool_size,
        thresholds=dict.fromkeys(served, settings.min_similarity),
        prefer=settings.prefer,
        timeout_s=settings.search_timeout_s,
    )
