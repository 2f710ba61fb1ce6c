"""Queries and tags by meaning: a sentence encoder and the worker that owns it."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from service.encoders.fingerprint import fingerprint
from service.encoders.loading import loading, pick_device
from service.encoders.models import ModelFiles
from service.encoders.worker import EncoderWorker, Work, WorkerStatistics

__all__ = ["SentenceEncoder"]

# fp32 on every device: thresholds are certified for these very cosines
_VARIANT = "torch/float32"


class SentenceEncoder:
    """
    A `QueryEncoder` run by sentence-transformers; an async context manager.

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
        self._fingerprint = identity
        self._dimension = int(self._run(["photo"]).shape[1])
        self._worker = EncoderWorker("query", {"texts": Work(self._run, batch)}, queue=queue)

    @classmethod
    def load(
        cls, files: ModelFiles, *, device: str = "auto", batch: int = 32, queue: int = 1024
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
                model_kwargs={"dtype": torch.float32, "use_safetensors": files.safe},
            )
            return cls(model, fingerprint(files, _VARIANT), batch=batch, queue=queue)

    async def __aenter__(self) -> Self:
        """Begin to take calls."""
        await self._worker.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Take no more calls and end those that wait."""
        await self._worker.aclose()

    @property
    def fingerprint(self) -> str:
        """Short hash of name, revision, weights, preprocessing and quantisation."""
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    @property
    def idle(self) -> bool:
        """Whether a call made now would start at once."""
        return self._worker.idle

    def statistics(self) -> WorkerStatistics:
        """Return the worker's state; its only kind is `texts`."""
        return self._worker.statistics()

    async def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """
        Return unit vectors, float32, shape (len(texts), dimension).

        Raises:
            Overloaded: If the queue is full.
            EncoderFailed: If the batch failed.
            EncoderClosed: If the encoder shuts down before the answer.
        """
        if not texts:
            return np.empty((0, self._dimension), np.float32)
        return await self._worker.submit("texts", texts)

    def _run(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = self._model.encode(
            [*texts],
            batch_size=len(texts),
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return rows
