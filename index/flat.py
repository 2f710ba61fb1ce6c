from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from index.protocol import NEIGHBOURS, Neighbour
from index.statistics import IndexStatistics
from index.vectors import (
    held_rows,
    key_array,
    nearest,
    query_rows,
    require_k,
    require_new,
    similarities,
)

__all__ = ["FlatIndex"]


@dataclass(frozen=True, slots=True)
class _Partition:
    """
    The vectors of one scope; replaced whole by every change.

    Args:
        keys: Int64, shape (n,).
        rows: The keys' vectors, held rows, float16, shape (n, dimension).
    """

    keys: NDArray[np.int64]
    rows: NDArray[np.float16]


class FlatIndex:
    """
    Every vector compared with NumPy: the reference other indexes must equal.

    A change copies its scope, so this is for tests and small scopes.
    Keys may be any signed 64-bit integers.

    Args:
        dimension: Length of every vector.
    """

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._lock = Lock()
        self._partitions: dict[str, _Partition] = {}
        self._searches = 0

    @property
    def dimension(self) -> int:
        """Length of every vector in the index."""
        return self._dimension

    def add(self, scope: str, keys: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Add vectors under new keys, as `VectorIndex.add` says."""
        added = _Partition(key_array(keys), held_rows(vectors, self._dimension))
        with self._lock:
            held = self._partitions.get(scope, self._empty())
            there = np.intersect1d(added.keys, held.keys)
            require_new(added.keys, len(added.rows), there)
            if len(added.keys):
                self._partitions[scope] = _Partition(
                    np.concatenate([held.keys, added.keys]),
                    np.concatenate([held.rows, added.rows]),
                )

    def remove(self, scope: str, keys: Sequence[int]) -> int:
        """Remove keys, as `VectorIndex.remove` says."""
        removed = key_array(keys)
        with self._lock:
            held = self._partitions.pop(scope, self._empty())
            kept = ~np.isin(held.keys, removed)
            if kept.any():
                self._partitions[scope] = _Partition(held.keys[kept], held.rows[kept])
        return int(np.count_nonzero(~kept))

    def search(
        self, scope: str, vectors: NDArray[np.float32], k: int = NEIGHBOURS
    ) -> list[list[Neighbour]]:
        """Return the k nearest for each vector, as `VectorIndex.search` says."""
        require_k(k)
        queries = query_rows(vectors, self._dimension)
        with self._lock:
            self._searches += len(queries)
            held = self._partitions.get(scope, self._empty())
        return [nearest(held.keys, similarities(held.rows, query), k) for query in queries]

    def statistics(self) -> IndexStatistics:
        """Return counts as they are now."""
        with self._lock:
            held = self._partitions.values()
            return IndexStatistics(
                entries={scope: len(part.keys) for scope, part in self._partitions.items()},
                vector_bytes=sum(part.keys.nbytes + part.rows.nbytes for part in held),
                searches=self._searches,
            )

    def _empty(self) -> _Partition:
        return _Partition(np.empty(0, np.int64), np.empty((0, self._dimension), np.float16))
