"""Which models are loaded, and loading them."""

from typing import TYPE_CHECKING

from service.encoders import models, threads
from service.encoders.models import ModelFiles
from service.settings import Settings
from service.wiring.demo import demo_model

if TYPE_CHECKING:
    # Both import torch, which takes seconds; the server should be up before that.
    from service.encoders.backends import SentenceModel
    from service.encoders.clip import TransformersClip

__all__ = ["find", "load"]


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
    from service.encoders.backends import load_sentences  # noqa: PLC0415 - imports torch
    from service.encoders.clip import TransformersClip  # noqa: PLC0415 - imports torch

    threads.confirm(policy)
    query_files, clip_files = files
    query = load_sentences(
        query_files,
        backend=settings.query_backend,
        device=settings.device,
        folder=settings.model_folder,
        threads=policy.encoder_threads,
    )
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
