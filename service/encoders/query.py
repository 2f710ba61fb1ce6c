"""Queries and tags by meaning: a sentence encoder and the worker that owns it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from service.encoders.backends import SentenceModel, load_sentences
from service.encoders.encoder import Encoder
from service.encoders.models import ModelFiles
from service.encoders.worker import Work
from service.settings import QueryBackend

__all__ = ["SentenceEncoder"]


class SentenceEncoder(Encoder):
    """
    A `QueryEncoder` over a loaded model; its only kind is `texts`.

    Args:
        model: The model; this encoder's worker is the only one to call it.
        batch: Most texts of one batch.
        queue: Texts that may wait; more are refused.
    """

    def __init__(self, model: SentenceModel, *, batch: int, queue: int) -> None:
        kinds = {"texts": Work(model.encode, batch, queue, "text")}
        super().__init__(
            "query", fingerprint=model.fingerprint, dimension=model.dimension, kinds=kinds
        )

    @classmethod
    def load(
        cls,
        files: ModelFiles,
        *,
        backend: QueryBackend,
        folder: Path,
        device: str = "auto",
        threads: int = 1,
        batch: int = 32,
        queue: int = 1024,
    ) -> Self:
        """
        Load the model as `load_sentences` does; blocking, so call it in a thread.

        Raises:
            SetupError: If the files are no such model, if the backend cannot run
                it, or if the device is not there.
        """
        model = load_sentences(
            files, backend=backend, device=device, folder=folder, threads=threads
        )
        return cls(model, batch=batch, queue=queue)

    async def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """
        Return unit vectors, float32, shape (len(texts), dimension).

        Raises:
            Overloaded: If the queue is full.
            EncoderFailed: If one of the texts cannot be encoded.
            EncoderClosed: If the encoder shuts down before the answer.
        """
        return await self._encode("texts", texts)
