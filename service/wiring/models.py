"""Which models are loaded, and loading them."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from cache.clock import Clock
from cache.memory import Memory
from cache.sharing.eviction import Bounds
from cache.stores.protocol import Store
from service.encoders import models, threads
from service.encoders.daemon import in_daemon_thread
from service.encoders.models import ModelFiles
from service.savings import Costs
from service.settings import Settings
from service.telemetry.counters import Counters
from service.wiring.demo import demo_model

if TYPE_CHECKING:
    # All import torch, which takes seconds; the server should be up before that.
    from service.encoders.backends import SentenceModel
    from service.encoders.clip import TransformersClip
    from service.encoders.query import SentenceEncoder

__all__ = ["find", "load", "make_graph", "mean_costs", "open_models"]


def find(settings: Settings) -> tuple[ModelFiles, ModelFiles]:
    """Return the files of both models; blocking, minutes where they are downloaded."""
    query = models.resolve(settings.query_model, kind="query")
    if settings.ranks_with_demo_model:
        return query, demo_model(settings)
    return query, models.resolve(settings.clip_model, kind="clip")


def load(
    settings: Settings, policy: threads.ThreadPolicy, files: tuple[ModelFiles, ModelFiles]
) -> "tuple[SentenceModel, TransformersClip]":
    """Load both models; blocking, seconds."""
    threads.apply(policy)
    from service.encoders.clip import TransformersClip  # noqa: PLC0415 - imports torch

    threads.confirm(policy)
    query_files, clip_files = files
    query = _load_query(settings, policy, query_files)
    clip = TransformersClip.load(
        clip_files,
        device=settings.device,
        text_batch=settings.text_batch,
        precision=settings.clip_precision,
        image_batch=settings.image_batch,
        queue=settings.encoder_queue,
        at_once=policy.image_batches,
    )
    return query, clip


def make_graph(settings: Settings) -> None:
    """
    Make what ONNX Runtime runs of the query model, where there is none yet; blocking, seconds.

    Raises:
        SetupError: If the model cannot be run like that.
    """
    policy = threads.ThreadPolicy.of(threads.usable_cores(), settings.encoder_threads)
    _load_query(settings, policy, models.resolve(settings.query_model, kind="query"))


async def open_models(
    settings: Settings, stack: AsyncExitStack, store: Store, clock: Clock
) -> "tuple[SentenceEncoder, TransformersClip, Memory]":
    """
    Load both models and open their encoders; minutes where a model is downloaded.

    Args:
        settings: Name the models.
        stack: Closes the encoders.
        store: What is remembered is in it.
        clock: Time for what is remembered.

    Returns:
        What places queries, what ranks, and what is remembered: queries are placed in its index.

    Raises:
        SetupError: If the models cannot be served.
    """
    policy = threads.ThreadPolicy.of(
        threads.usable_cores(), settings.encoder_threads, settings.workers
    )
    # A download may be left behind at any time; torch may not, lest the process abort.
    files = await in_daemon_thread(partial(find, settings), "nearhit-download")
    model, clip = await asyncio.to_thread(load, settings, policy, files)
    memory, query = await asyncio.to_thread(_memory, settings, policy, store, model, clock)
    await stack.enter_async_context(query)
    await stack.enter_async_context(clip)
    # FAISS's number belongs to each thread that searches: now and then, this one.
    threads.confirm(policy)
    return query, clip, memory


def mean_costs(
    query: "SentenceEncoder", clip: "TransformersClip", counters: Counters
) -> Callable[[], Costs]:
    """Return what tells the encoders' mean times: every hit asks it, so it looks nothing up."""
    queries, texts, images = query.spent("queries"), clip.spent("texts"), clip.spent("images")

    def costs() -> Costs:
        fetches = counters.get("nearhit_api_calls", "answered")
        return Costs(queries.mean_s, texts.mean_s, images.seconds / max(1.0, fetches))

    return costs


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


def _load_query(
    settings: Settings, policy: threads.ThreadPolicy, files: ModelFiles
) -> "SentenceModel":
    threads.apply(policy)
    from service.encoders.backends import load_sentences  # noqa: PLC0415 - imports torch

    return load_sentences(
        files,
        backend=settings.query_backend,
        device=settings.device,
        folder=settings.model_folder,
        threads=policy.encoder_threads,
    )
