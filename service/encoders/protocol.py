"""What turns texts and pictures into unit vectors, as the service sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from index import Neighbour
from service.encoders.preparation import Prepared

__all__ = ["ClipEncoder", "Placed", "QueryEncoder"]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """
    A query and its place among those in the index.

    Args:
        embedding: Unit length, float32, shape (d,).
        neighbours: The nearest of its scope, nearest first.
    """

    embedding: NDArray[np.float32]
    neighbours: Sequence[Neighbour]


class QueryEncoder(Protocol):
    """A sentence encoder: queries and tags that mean the same lie near each other."""

    @property
    def fingerprint(self) -> str:
        """Short hash of name, revision, weights, preprocessing and quantisation."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    async def place(self, scope: str, query: str) -> Placed:
        """
        Encode a query and find the 16 nearest of a scope, in one step with those of others.

        Raises:
            Overloaded: If the queue is full.
            EncoderFailed: If the query cannot be encoded.
            EncoderClosed: If the encoder shuts down before the answer.
        """
        ...


class ClipEncoder(Protocol):
    """A dual encoder: texts and photos in one space, compared by cosine."""

    @property
    def fingerprint(self) -> str:
        """Short hash of name, revision, weights and preprocessing."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def logit_scale(self) -> float:
        """Factor from cosine to score, as the model learnt it."""
        ...

    @property
    def idle(self) -> bool:
        """Whether a call made now would start at once."""
        ...

    async def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32, shape (len(texts), dimension); raises as `place`."""
        ...

    def prepare(self, picture: Image) -> Prepared:
        """Return an RGB picture as the model takes it; blocking, for any thread."""
        ...

    async def encode_images(self, images: Sequence[Prepared]) -> NDArray[np.float32]:
        """
        Return unit vectors of prepared pictures, float32, shape (len(images), dimension).

        A fetch once started is finished: this waits for room where texts would
        be refused, so callers bound how many pictures wait.

        Raises:
            EncoderFailed: If one of the pictures cannot be encoded.
            EncoderClosed: If the encoder shuts down before the answer.
        """
        ...
