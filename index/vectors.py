"""What every index does alike: check what it is given, score it and order it."""

from collections.abc import Sequence
from operator import index as exact_int

import numpy as np
from numpy.typing import NDArray

from index.errors import DimensionMismatch, DuplicateKey, InvalidVector
from index.protocol import Neighbour

__all__ = [
    "held_rows",
    "key_array",
    "nearest",
    "query_rows",
    "require_k",
    "require_new",
    "rounding",
    "similarities",
]


def held_rows(vectors: NDArray[np.float32], dimension: int) -> NDArray[np.float16]:
    """
    Return the vectors as an index holds them: unit length, then half precision.

    Args:
        vectors: Float32, shape (n, dimension); other real types are converted.
        dimension: Length each vector must have.

    Returns:
        Float16, shape (n, dimension), C-contiguous, as far from unit vectors as
        `rounding` says.

    Raises:
        DimensionMismatch: If the shape is another.
        InvalidVector: If a vector is zero or not finite in float32.
    """
    return _unit_rows(vectors, dimension).astype(np.float16)


def query_rows(vectors: NDArray[np.float32], dimension: int) -> NDArray[np.float32]:
    """
    Return the vectors as they are searched for: unit length, float32.

    Takes and raises what `held_rows` does.
    """
    return _unit_rows(vectors, dimension).astype(np.float32)


def rounding(dimension: int) -> float:
    """
    Return how far half precision may move a unit vector, as a Euclidean length.

    A float16 is off by at most 2^-11 of its value where it is normal, by at
    most 2^-25 below; over a vector's elements that is 2^-11 of its unit length
    and sqrt(d) 2^-25 (IEEE 754, binary16, to nearest). So much at most does the
    vector's length change, and so much is the sine of the angle it turns by. A
    similarity, which has the length divided out, changes by no more than that
    angle: by less than 0.0005 up to 100,000 dimensions. An equal vector's stays
    1 to within half the angle's square, 1.2e-7.
    """
    return float(2.0**-11 + dimension**0.5 * 2.0**-25)


def key_array(keys: Sequence[int]) -> NDArray[np.int64]:
    """
    Return keys as int64, shape (len(keys),).

    Raises:
        TypeError: If a key is no integer; none is ever rounded.
        OverflowError: If a key does not fit 64 bits.
    """
    return np.fromiter(map(exact_int, keys), dtype=np.int64, count=len(keys))


def require_new(keys: NDArray[np.int64], count: int, held: NDArray[np.int64]) -> None:
    """
    Check that keys can be added: one a vector, none twice, none held.

    Args:
        keys: Keys to be added, shape (n,).
        count: How many vectors come with them.
        held: Those of them that the scope holds.

    Raises:
        DimensionMismatch: If there are not as many keys as vectors.
        DuplicateKey: If a key is held already or stands twice in `keys`.
    """
    if len(keys) != count:
        raise DimensionMismatch(f"{len(keys)} keys for {count} vectors")
    if len(np.unique(keys)) < count:
        raise DuplicateKey("a key stands twice in one call")
    if len(held):
        raise DuplicateKey(f"key {held.min()} is there already")


def require_k(k: int) -> None:
    """Raise ValueError where k asks for no neighbour at all."""
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")


def similarities(
    rows: NDArray[np.float16 | np.float32], query: NDArray[np.float32]
) -> NDArray[np.float64]:
    """
    Return the similarity of each row to a query, in [-1, 1].

    A sum of its own for each row, where a matrix product may round a row
    by its place in the block: equal vectors are equally similar wherever they
    stand, which ties by key rely on.

    Args:
        rows: Held rows, exact in float16, shape (n, d).
        query: Unit length, float32, shape (d,).

    Returns:
        Float64, shape (n,).
    """
    exact = rows.astype(np.float64)
    lengths = np.sqrt(np.vecdot(exact, exact))
    cosines: NDArray[np.float64] = np.vecdot(exact, query.astype(np.float64)) / lengths
    return cosines.clip(-1.0, 1.0)


def nearest(keys: NDArray[np.int64], similarity: NDArray[np.float64], k: int) -> list[Neighbour]:
    """
    Return the k most similar, nearest first, equal similarities by rising key.

    Args:
        keys: Int64, shape (n,).
        similarity: Similarity of each key's vector, shape (n,).
        k: Most neighbours returned.
    """
    order = np.lexsort((keys, -similarity))[:k]
    return list(map(Neighbour, keys[order].tolist(), similarity[order].tolist()))


def _unit_rows(vectors: NDArray[np.float32], dimension: int) -> NDArray[np.float64]:
    # What float32 cannot hold becomes infinite, and is refused as such below.
    with np.errstate(over="ignore"):
        taken = np.asarray(vectors, dtype=np.float32)
    if taken.shape[1:] != (dimension,):
        raise DimensionMismatch(f"takes vectors of shape (n, {dimension}), not {taken.shape}")
    if not np.isfinite(taken).all():
        raise InvalidVector("a vector is not finite")
    # The square of a large or a tiny float32 fits float64 only.
    rows = taken.astype(np.float64, order="C")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise InvalidVector("a vector is zero")
    rows /= lengths
    return rows
