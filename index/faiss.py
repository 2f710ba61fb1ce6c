from collections.abc import Sequence
from threading import Lock

import faiss
import numpy as np
from numpy.typing import NDArray

from index.locks import ReadersWriterLock
from index.protocol import NEIGHBOURS, Neighbour
from index.statistics import IndexStatistics
from index.vectors import key_array, nearest, require_k, require_new, similarities, unit_rows

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
        rows = unit_rows(vectors, self._dimension)
        with self._changing:
            partition = self._partitions.get(scope)
            require_new(added.tolist(), len(rows), partition.keys if partition else set())
            if partition:
                partition.add(added, rows)
            elif len(added):
                self._partitions[scope] = _Partition(added, rows)

    def remove(self, scope: str, keys: Sequence[int]) -> int:
        """Remove keys, as `VectorIndex.remove` says."""
        asked = key_array(keys).tolist()
        with self._changing:
            partition = self._partitions.get(scope)
            removed = partition.keys.intersection(asked) if partition else set()
            if partition and removed:
                self._shrink(scope, partition, removed)
        return len(removed)

    def search(
        self, scope: str, vectors: NDArray[np.float32], k: int = NEIGHBOURS
    ) -> list[list[Neighbour]]:
        """Return the k nearest for each vector, as `VectorIndex.search` says."""
        require_k(k)
        queries = unit_rows(vectors, self._dimension)
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
        entry_bytes = self._dimension * np.float32().nbytes + np.int64().nbytes
        return IndexStatistics(entries, sum(entries.values()) * entry_bytes, self._searches)

    def _shrink(self, scope: str, partition: "_Partition", removed: set[int]) -> None:
        kept = len(partition.keys) - len(removed)
        if not kept:
            del self._partitions[scope]
        elif kept * 2 < partition.peak:
            # FAISS keeps the memory of what it removes. A search under way
            # ends on the old partition, which nothing changes any more.
            self._partitions[scope] = partition.without(removed)
        else:
            partition.remove(removed)


class _Partition:
    """
    The vectors of one scope, at least one; changed by one thread at a time.

    Args:
        keys: Int64, shape (n,).
        rows: The keys' vectors, unit rows, float32, shape (n, dimension).
    """

    def __init__(self, keys: NDArray[np.int64], rows: NDArray[np.float32]) -> None:
        dimension = rows.shape[1]
        self._lock = ReadersWriterLock()
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._index.add_with_ids(rows, keys)
        # The gap between two float32 sums of d products is off by at most d times
        # epsilon (Higham, Accuracy and Stability of Numerical Algorithms, 3.1);
        # two more epsilon for unit lengths and for clipping to [-1, 1].
        self._rounding = (dimension + 2) * np.finfo(np.float32).eps
        self.keys = set(keys.tolist())
        self.peak = len(keys)  # FAISS holds memory for the most there ever were

    def add(self, keys: NDArray[np.int64], rows: NDArray[np.float32]) -> None:
        """Add vectors under keys known to be new."""
        with self._lock.writing():
            self._index.add_with_ids(rows, keys)
        self.keys.update(keys.tolist())
        self.peak = max(self.peak, len(self.keys))

    def remove(self, keys: set[int]) -> None:
        """Remove keys known to be there; their memory stays for later vectors."""
        selector = faiss.IDSelectorBatch(key_array(list(keys)))
        with self._lock.writing():
            self._index.remove_ids(selector)
        self.keys -= keys

    def without(self, keys: set[int]) -> "_Partition":
        """Return a partition of all others, with no more memory than they need."""
        kept = key_array(list(self.keys - keys))
        return _Partition(kept, self._index.reconstruct_batch(kept))

    def search(self, queries: NDArray[np.float32], k: int) -> list[list[Neighbour]]:
        """
        Return up to k neighbours of each query.

        Args:
            queries: Unit rows, float32, shape (b, dimension), b at least 1.
            k: Most neighbours a query, at least 1.
        """
        with self._lock.reading():
            found = self._candidates(queries, k)
            rows = [self._index.reconstruct_batch(keys) for keys in found]
        return [
            nearest(keys, similarities(vectors, query), k)
            for keys, vectors, query in zip(found, rows, queries, strict=True)
        ]

    def _candidates(self, queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """
        Return keys among which each query's k nearest are, int64, shape (b, m).

        FAISS breaks ties by place and rounds to float32. So it is asked
        for more than k, until the last lies below the k-th by more than rounding
        could have moved them, and `nearest` decides.
        """
        size = self._index.ntotal
        count = min(2 * k, size)
        while True:
            similarity, keys = self._index.search(queries, count)
            if count == size or (similarity[:, k - 1] - similarity[:, -1] > self._rounding).all():
                return keys
            count = min(2 * count, size)
