from collections.abc import Sequence
from threading import Lock

import faiss
import numpy as np
from numpy.typing import NDArray

from index.keys import Keys
from index.locks import ReadersWriterLock
from index.protocol import NEIGHBOURS, Neighbour
from index.statistics import IndexStatistics
from index.vectors import (
    held_rows,
    key_array,
    nearest,
    query_rows,
    require_k,
    require_new,
    rounding,
    similarities,
)

__all__ = ["FaissIndex"]


class FaissIndex:
    """
    Exact search by FAISS in this process, one FAISS index a scope.

    Searches run side by side; a change keeps out the searches of its own scope
    for as long as FAISS takes to make it, and of no other. Changes go one after
    another. Keys may be any signed 64-bit integers.

    Args:
        dimension: Length of every vector.
    """

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._changing = Lock()
        self._counting = Lock()
        self._partitions: dict[str, _Partition] = {}
        self._searches = 0

    @property
    def dimension(self) -> int:
        """Length of every vector in the index."""
        return self._dimension

    def add(self, scope: str, keys: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Add vectors under new keys, as `VectorIndex.add` says."""
        added = key_array(keys)
        rows = held_rows(vectors, self._dimension)
        with self._changing:
            partition = self._partitions.get(scope) or _Partition(self._dimension)
            there = partition.keys.places(added)
            require_new(added, len(rows), partition.keys.at(there))
            if len(added):
                partition.add(added, rows)
                self._partitions[scope] = partition

    def remove(self, scope: str, keys: Sequence[int]) -> int:
        """Remove keys, as `VectorIndex.remove` says."""
        asked = key_array(keys)
        with self._changing:
            partition = self._partitions.get(scope)
            if partition is None:
                return 0
            places = partition.keys.places(asked)
            if len(places):
                self._shrink(scope, partition, places)
            return len(places)

    def search(
        self, scope: str, vectors: NDArray[np.float32], k: int = NEIGHBOURS
    ) -> list[list[Neighbour]]:
        """Return the k nearest for each vector, as `VectorIndex.search` says."""
        require_k(k)
        queries = query_rows(vectors, self._dimension)
        with self._counting:
            self._searches += len(queries)
        partition = self._partitions.get(scope)
        if partition is None or not len(queries):
            return [[] for _ in queries]
        return partition.search(queries, k)

    def statistics(self) -> IndexStatistics:
        """Return counts as they are now, without waiting for a change to end."""
        # dict.copy is one step that no other thread can come between.
        partitions = self._partitions.copy()
        entries = {scope: len(partition.keys) for scope, partition in partitions.items()}
        entry_bytes = self._dimension * np.float16().nbytes + np.int64().nbytes
        return IndexStatistics(entries, sum(entries.values()) * entry_bytes, self._searches)

    def _shrink(self, scope: str, partition: "_Partition", places: NDArray[np.int64]) -> None:
        kept = len(partition.keys) - len(places)
        if not kept:
            del self._partitions[scope]
        elif kept * 2 < partition.peak:
            # FAISS keeps the memory of what it removes. A search under way
            # ends on the old partition, which nothing changes any more.
            self._partitions[scope] = partition.without(places)
        else:
            partition.remove(places)


class _Partition:
    """
    The vectors of one scope; changed by one thread at a time.

    A vector stands in FAISS's array at the place its key has in `keys`: FAISS's
    own maps of ids cost six times the bytes.

    Args:
        dimension: Length of every vector.
    """

    def __init__(self, dimension: int) -> None:
        self._lock = ReadersWriterLock()
        self._index = faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        # FAISS's product with a held row is off by less than d epsilon, for a float32
        # sum of d products (Higham, Accuracy and Stability of Numerical Algorithms,
        # 3.1), and by what the row's length differs from 1; two more epsilon for the
        # query's length and for clipping to [-1, 1]. A gap is between two of them.
        epsilon = float(np.finfo(np.float32).eps)
        self._rounding = 2 * (rounding(dimension) + (dimension + 2) * epsilon)
        self.keys = Keys()
        self.peak = 0  # FAISS holds memory for the most there ever were

    def add(self, keys: NDArray[np.int64], rows: NDArray[np.float16]) -> None:
        """
        Add vectors under keys known to be new.

        Args:
            keys: Int64, shape (n,), in any order.
            rows: The keys' vectors, held rows, float16, shape (n, dimension).
        """
        rising = np.argsort(keys)
        # As bits: of two nearest float16, FAISS's own rounding takes another than NumPy's.
        codes = rows[rising].view(np.uint8)
        with self._lock.writing():
            self._index.add_sa_codes(codes)
            self.keys.append(keys[rising])
        self.peak = max(self.peak, len(self.keys))

    def remove(self, places: NDArray[np.int64]) -> None:
        """Remove what stands at some places; its memory stays for later vectors."""
        selector = faiss.IDSelectorBatch(places)
        with self._lock.writing():
            self._index.remove_ids(selector)
            self.keys.remove(places)

    def without(self, places: NDArray[np.int64]) -> "_Partition":
        """Return a partition of all others, with no more memory than they need."""
        kept = np.delete(np.arange(len(self.keys)), places)
        others = _Partition(self._index.d)
        others.add(self.keys.at(kept), self._rows[kept])
        return others

    def search(self, queries: NDArray[np.float32], k: int) -> list[list[Neighbour]]:
        """
        Return up to k neighbours of each query.

        Args:
            queries: Unit rows, float32, shape (b, dimension), b at least 1.
            k: Most neighbours a query, at least 1.
        """
        with self._lock.reading():
            places = self._candidates(queries, k)
            keys = [self.keys.at(near) for near in places]
            held = self._rows
            rows = [held[near] for near in places]
        return [
            nearest(near, similarities(found, query), k)
            for near, found, query in zip(keys, rows, queries, strict=True)
        ]

    @property
    def _rows(self) -> NDArray[np.float16]:
        """What FAISS holds, shape (n, dimension): not a copy, and only good until it changes."""
        codes = self._index.codes
        held: NDArray[np.float16] = faiss.rev_swig_ptr(codes.data(), codes.size()).view(np.float16)
        return held.reshape(-1, self._index.d)

    def _candidates(self, queries: NDArray[np.float32], k: int) -> list[NDArray[np.int64]]:
        """
        Return places among which each query's k nearest are, int64, shapes (m,).

        FAISS breaks ties by place, rounds to float32 and takes every length for 1.
        So whatever lies below the k-th by no more than that could have moved them
        is among the candidates, and `nearest` decides.
        """
        size = self._index.ntotal
        count = min(2 * k, size)
        while True:
            products, places = self._index.search(queries, count)
            least = products[:, [min(k, size) - 1]] - self._rounding
            near = products >= least
            if count == size or not near[:, -1].any():
                return [row[kept] for row, kept in zip(places, near, strict=True)]
            count = min(2 * count, size)
