"""Texts and photos in one space: a CLIP-like model and the worker that owns it."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image

from service.encoders.encoder import Encoder
from service.encoders.fingerprint import fingerprint
from service.encoders.models import ModelFiles
from service.encoders.precision import Precision
from service.encoders.preparation import Prepared
from service.encoders.towers import Towers
from service.encoders.worker import Work

__all__ = ["TransformersClip"]


class TransformersClip(Encoder):
    """
    A `ClipEncoder` run by transformers; its kinds are `texts` and `images`.

    Args:
        towers: The model; this encoder's worker is the only one to call it.
        identity: Its fingerprint.
        text_batch: Most texts of one batch.
        image_batch: Most photos of one batch; 0 leaves it to the model.
        queue: Texts that may wait; more are refused. Photos wait for room.
        at_once: Batches of photos that run at the same time on a CPU, beside one of texts.
    """

    def __init__(
        self,
        towers: Towers,
        identity: str,
        *,
        text_batch: int,
        image_batch: int,
        queue: int,
        at_once: int = 1,
    ) -> None:
        batch = image_batch or towers.image_batch
        if not towers.on_cpu:
            at_once = 1  # kernels run one after another anyway: one thread owns the device
        self._photos_at_once = at_once * batch
        self._logit_scale = towers.logit_scale
        self._prepare = towers.prepare
        kinds = {
            "texts": Work(towers.texts, text_batch, queue, "text"),
            "images": Work(towers.images, batch, None, "photo", at_once=at_once),
        }
        super().__init__(
            "clip",
            fingerprint=identity,
            dimension=towers.dimension,
            kinds=kinds,
            threads=at_once + 1 if towers.on_cpu else 1,
        )

    @classmethod
    def load(
        cls,
        files: ModelFiles,
        *,
        device: str = "auto",
        precision: Precision = "auto",
        text_batch: int = 32,
        image_batch: int = 0,
        queue: int = 1024,
        at_once: int = 1,
    ) -> Self:
        """
        Load the model; blocking, so call it in a thread.

        Raises:
            SetupError: If the files are no such model, the device is not there, or it cannot
                compute in this precision.
        """
        towers = Towers.load(files, device, precision)
        # A model that is bf16 throughout is another one. All else agrees, to a cosine of 0.9998
        # or better, so that replicas on all kinds of machines share what they remember.
        identity = fingerprint(files, "bf16" if towers.dtype == torch.bfloat16 else "")
        return cls(
            towers,
            identity,
            text_batch=text_batch,
            image_batch=image_batch,
            queue=queue,
            at_once=at_once,
        )

    @property
    def logit_scale(self) -> float:
        """Factor from cosine to score."""
        return self._logit_scale

    @property
    def photos_at_once(self) -> int:
        """Photos that are encoded at the same time, at most."""
        return self._photos_at_once

    async def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32, shape (len(texts), dimension); raises as queries do."""
        return await self._encode("texts", texts)

    @property
    def edge(self) -> int | None:
        """The shorter edge pictures are reduced to; None where their own size counts."""
        return self._prepare.edge

    def prepare(self, picture: Image) -> Prepared:
        """
        Return an RGB picture as the model takes it.

        Blocking, and no business of the worker's: for the threads that decode.
        """
        return self._prepare(picture)

    async def encode_images(self, images: Sequence[Prepared]) -> NDArray[np.float32]:
        """
        Return unit vectors of prepared pictures, float32, shape (len(images), dimension).

        Waits for room rather than be refused, so callers bound how many wait.

        Raises:
            EncoderFailed: If one of the pictures cannot be encoded.
            EncoderClosed: If the encoder shuts down before the answer.
        """
        return await self._encode("images", images)
