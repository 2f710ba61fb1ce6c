"""Queries and tags by meaning: a sentence encoder and the worker that owns it."""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from service.encoders.encoder import Encoder
from service.encoders.fingerprint import fingerprint
from service.encoders.loading import loading, pick_device
from service.encoders.models import ModelFiles
from service.encoders.worker import Work

__all__ = ["SentenceEncoder"]


class SentenceEncoder(Encoder):
    """
    A `QueryEncoder` run by sentence-transformers; its only kind is `texts`.

    Args:
        model: The model; this encoder's worker is the only one to call it.
        identity: Its fingerprint.
        batch: Most texts of one batch.
        queue: Texts that may wait; more are refused.
    """

    def __init__(
        self, model: SentenceTransformer, identity: str, *, batch: int, queue: int
    ) -> None:
        self._model = model
        dimension = int(self._run(["photo"]).shape[1])
        kinds = {"texts": Work(self._run, batch, queue, "text")}
        super().__init__("query", fingerprint=identity, dimension=dimension, kinds=kinds)

    @classmethod
    def load(
        cls,
        files: ModelFiles,
        *,
        backend: Literal["torch"] = "torch",
        device: str = "auto",
        batch: int = 32,
        queue: int = 1024,
    ) -> Self:
        """
        Load the model; blocking, so call it in a thread.

        Raises:
            SetupError: If the files are no such model, or the device is not there.
        """
        place = pick_device(device)
        with loading(files):
            model = SentenceTransformer(
                str(files.folder),
                device=str(place),
                local_files_only=True,
                backend=backend,
                model_kwargs={"dtype": torch.float32, "use_safetensors": files.safe},
            )
            # fp32 on every device: thresholds are certified for these very cosines
            identity = fingerprint(files, f"{backend}/float32")
            return cls(model, identity, batch=batch, queue=queue)

    async def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """
        Return unit vectors, float32, shape (len(texts), dimension).

        Raises:
            Overloaded: If the queue is full.
            EncoderFailed: If one of the texts cannot be encoded.
            EncoderClosed: If the encoder shuts down before the answer.
        """
        return await self._encode("texts", texts)

    def _run(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = self._model.encode(
            [*texts],
            batch_size=len(texts),
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return rows
