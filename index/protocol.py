"""What an index of vectors does, whatever is behind it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from index.statistics import IndexStatistics

__all__ = ["NEIGHBOURS", "Neighbour", "VectorIndex"]

NEIGHBOURS = 16
"""How many neighbours a search returns unless told otherwise."""


class Neighbour(NamedTuple):
    """
    One answer of a search.

    Args:
        key: The key its vector was added under.
        similarity: Cosine of the vector searched for and the one held, in [-1, 1];
            higher is nearer.
    """

    key: int
    similarity: float


class VectorIndex(Protocol):
    """
    Vectors by key within scopes; a search sees one scope and no other.

    Vectors are held in half precision, which changes a similarity by less than
    0.0005 (`index.vectors.rounding`); those searched for are not rounded.
    Safe to call from several threads at once.
    """

    @property
    def dimension(self) -> int:
        """Length of every vector in the index."""
        ...

    def add(self, scope: str, keys: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """
        Add vectors under keys that the scope does not hold yet.

        Args:
            scope: Partition the vectors belong to; made where it is new.
            keys: One signed 64-bit integer a vector, unique within the scope.
            vectors: Float32, shape (len(keys), dimension); scaled to unit length
                and rounded to float16 here.

        Raises:
            DimensionMismatch: If the shape is another; one-dimensional arrays are refused.
            InvalidVector: If a vector is zero or not finite.
            DuplicateKey: If a key is there already or twice in `keys`.
            TypeError, OverflowError: If a key is no signed 64-bit integer.
        """
        ...

    def remove(self, scope: str, keys: Sequence[int]) -> int:
        """Remove keys and free their memory; return how many had been there."""
        ...

    def search(
        self, scope: str, vectors: NDArray[np.float32], k: int = NEIGHBOURS
    ) -> list[list[Neighbour]]:
        """
        Return the k nearest of a scope for each vector, nearest first.

        Args:
            scope: The only partition looked at; an unknown one is empty.
            vectors: Float32, shape (b, dimension); scaled to unit length here.
            k: Most neighbours a vector, at least 1.

        Returns:
            b lists of up to k neighbours; equal similarities by rising key.

        Raises:
            DimensionMismatch: If the shape is another.
            InvalidVector: If a vector is zero or not finite.
            ValueError: If k is below 1.
        """
        ...

    def statistics(self) -> IndexStatistics:
        """Return counts as they are now."""
        ...
