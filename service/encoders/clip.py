"""Texts and photos in one space: a CLIP-like model and the worker that owns it."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from service.encoders.fingerprint import fingerprint
from service.encoders.models import ModelFiles
from service.encoders.towers import Towers
from service.encoders.worker import EncoderWorker, Work, WorkerStatistics

__all__ = ["TransformersClip"]


class TransformersClip:
    """
    A `ClipEncoder` run by transformers; an async context manager.

    Args:
        towers: The model; this encoder's worker is the only one to call it.
        identity: Its fingerprint.
        text_batch: Most texts of one batch.
        image_batch: Most photos of one batch.
        queue: Texts and photos that may wait; more are refused.
    """

    def __init__(
        self, towers: Towers, identity: str, *, text_batch: int, image_batch: int, queue: int
    ) -> None:
        self._dimension = towers.dimension
        self._logit_scale = towers.logit_scale
        self._fingerprint = identity
        kinds = {
            "texts": Work(towers.texts, text_batch),
            "images": Work(towers.images, image_batch),
        }
        self._worker = EncoderWorker("clip", kinds, queue=queue)

    @classmethod
    def load(
        cls,
        files: ModelFiles,
        *,
        device: str = "auto",
        text_batch: int = 32,
        image_batch: int = 8,
        queue: int = 1024,
    ) -> Self:
        """
        Load the model; blocking, so call it in a thread.

        Raises:
            SetupError: If the files are no such model, or the device is not there.
        """
        towers = Towers.load(files, device)
        identity = fingerprint(files, towers.variant)
        return cls(towers, identity, text_batch=text_batch, image_batch=image_batch, queue=queue)

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
        """Short hash of name, revision, weights, preprocessing and precision."""
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    @property
    def logit_scale(self) -> float:
        """Factor from cosine to score."""
        return self._logit_scale

    @property
    def idle(self) -> bool:
        """Whether a call made now would start at once."""
        return self._worker.idle

    def statistics(self) -> WorkerStatistics:
        """Return the worker's state; its kinds are `texts` and `images`."""
        return self._worker.statistics()

    async def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32, shape (len(texts), dimension); raises as `QueryEncoder`."""
        return await self._encode("texts", texts)

    async def encode_images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Return unit vectors of RGB pictures, float32, shape (len(images), dimension)."""
        return await self._encode("images", images)

    async def _encode(
        self, kind: str, items: Sequence[str] | Sequence[Image]
    ) -> NDArray[np.float32]:
        if not items:
            return np.empty((0, self._dimension), np.float32)
        return await self._worker.submit(kind, items)
