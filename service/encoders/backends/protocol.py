"""What turns texts into vectors of their meaning, as a worker sees it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["SentenceModel"]


class SentenceModel(Protocol):
    """A loaded sentence encoder; not for several threads at once."""

    @property
    def fingerprint(self) -> str:
        """Short hash of the model's files and of what runs them in which precision."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """
        Return unit vectors, float32, shape (len(texts), dimension); blocking.

        A text's vector is the same with whatever others it comes (cosine
        ≥ 0.9999). Texts are cut where the model's own limit is.

        Args:
            texts: In any order, short and long together.
        """
        ...
