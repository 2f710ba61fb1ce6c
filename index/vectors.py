"""What every index does alike: check what it is given, score it and order it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from operator import index as exact_int

import numpy as np
from numpy.typing import NDArray

from index.errors import DimensionMismatch, DuplicateKey, InvalidVector
from index.protocol import Neighbour

__all__ = ["key_array", "nearest", "require_k", "require_new", "similarities", "unit_rows"]


def unit_rows(vectors: NDArray[np.float32], dimension: int) -> NDArray[np.float32]:
    """
    Return a copy of the vectors scaled to unit length.

    Args:
        vectors: Float32, shape (n, dimension); other real types are converted.
        dimension: Length each vector must have.

    Returns:
        Float32, shape (n, dimension), C-contiguous, every row of length 1.

    Raises:
        DimensionMismatch: If the shape is another.
        InvalidVector: If a vector is zero or not finite in float32.
    """
    # What float32 cannot hold becomes infinite, and is refused as such below.
    with np.errstate(over="ignore"):
        held = np.asarray(vectors, dtype=np.float32)
    if held.shape[1:] != (dimension,):
        raise DimensionMismatch(f"takes vectors of shape (n, {dimension}), not {held.shape}")
    if not np.isfinite(held).all():
        raise InvalidVector("a vector is not finite")
    # The square of a large or a tiny float32 fits float64 only.
    rows = held.astype(np.float64, order="C")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise InvalidVector("a vector is zero")
    rows /= lengths
    return rows.astype(np.float32)


def key_array(keys: Sequence[int]) -> NDArray[np.int64]:
    """
    Return keys as int64, shape (len(keys),).

    Raises:
        TypeError: If a key is no integer; none is ever rounded.
        OverflowError: If a key does not fit 64 bits.
    """
    return np.fromiter(map(exact_int, keys), dtype=np.int64, count=len(keys))


def require_new(keys: Sequence[int], count: int, held: AbstractSet[int]) -> None:
    """
    Check that keys can be added: one a vector, none twice, none held.

    Args:
        keys: Keys to be added.
        count: How many vectors come with them.
        held: Keys that the scope holds.

    Raises:
        DimensionMismatch: If there are not as many keys as vectors.
        DuplicateKey: If a key is held already or stands twice in `keys`.
    """
    if len(keys) != count:
        raise DimensionMismatch(f"{len(keys)} keys for {count} vectors")
    if len(set(keys)) < count:
        raise DuplicateKey("a key stands twice in one call")
    if there := held & set(keys):
        raise DuplicateKey(f"key {min(there)} is there already")


def require_k(k: int) -> None:
    """Raise ValueError where k asks for no neighbour at all."""
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")


def similarities(rows: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float64]:
    """
    Return the similarity of each row to a query, in [-1, 1].

    A sum of its own for each row, where a matrix product may round a row
    by its place in the block: equal vectors are equally similar wherever they
    stand, which ties by key rely on.

    Args:
        rows: Unit rows, float32, shape (n, d).
        query: Unit length, float32, shape (d,).

    Returns:
        Float64, shape (n,).
    """
    exact: NDArray[np.float64] = np.multiply(rows, query, dtype=np.float64).sum(axis=1)
    return exact.clip(-1.0, 1.0)


def nearest(keys: NDArray[np.int64], similarity: NDArray[np.float64], k: int) -> list[Neighbour]:
    """
    Return the k most similar, nearest first, equal similarities by rising key.

    Args:
        keys: Int64, shape (n,).
        similarity: Similarity of each key's vector, shape (n,).
        k: Most neighbours returned.
    """
    order = np.lexsort((keys, -similarity))[:k]
    return [
        Neighbour(key, value)
        for key, value in zip(keys[order].tolist(), similarity[order].tolist(), strict=True)
    ]
