"""The semantic cache: remembered queries, found by text or by meaning."""

import heapq
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from cache.clock import Clock
from cache.entries.codec import decode_entry, decode_ranking, encode_entry, encode_ranking
from cache.entries.entry import Entry
from cache.entries.ranking import Ranking
from cache.errors import RecordInvalid
from cache.journal.records import Positioned, Record, RecordKind
from cache.stores.protocol import Blob, BlobKind, Store
from index import NEIGHBOURS, VectorIndex

__all__ = ["NearEntry", "SemanticCache"]

_log = structlog.get_logger(__name__)

_Key = tuple[str, str, str]

_RANKINGS_IN_MEMORY = 4096
"""Under a kilobyte each at pools of 200; a hit then needs no call of the store."""


@dataclass(frozen=True, slots=True)
class NearEntry:
    """
    A remembered query near an asked one.

    Args:
        entry: What is remembered.
        similarity: Cosine of the two queries' embeddings, in [-1, 1].
    """

    entry: Entry
    similarity: float


class SemanticCache:
    """
    This replica's view of the journal's entries, and the index over them.

    Entries come in through `apply` alone, so that every replica holds the
    same; `remember` only appends. Used from one event loop.

    Args:
        store: Holds journal and rankings.
        index: Empty index over query embeddings; journal positions are its keys.
        query_model: Fingerprint of the query encoder; entries of another are passed over.
        clock: Decides what has expired.
    """

    def __init__(self, store: Store, index: VectorIndex, query_model: str, clock: Clock) -> None:
        self._store = store
        self._index = index
        self._query_model = query_model
        self._clock = clock
        self._entries: dict[int, Entry] = {}
        self._positions: dict[_Key, int] = {}
        self._ends: list[tuple[float, int]] = []
        self._rankings: OrderedDict[str, Ranking] = OrderedDict()
        self._invalid = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def invalid_records(self) -> int:
        """Records passed over because they could not be read."""
        return self._invalid

    @property
    def vector_bytes(self) -> int:
        """Bytes of the vectors in the index."""
        return self._index.statistics().vector_bytes

    def exact(self, scope: str, tag: str, query: str) -> Entry | None:
        """Return the live entry of exactly this tag and query, or None."""
        position = self._positions.get((scope, tag, query))
        entry = None if position is None else self._entries[position]
        return entry if entry and self._is_live(entry) else None

    def nearest(
        self, scope: str, embedding: NDArray[np.float32], k: int = NEIGHBOURS
    ) -> list[NearEntry]:
        """
        Return the live entries of a scope nearest in meaning, nearest first.

        Args:
            scope: Digest of the scope.
            embedding: Query embedding, float32, shape (d,).
            k: Most entries.
        """
        self.sweep()  # or what has expired would take up places among the k
        (neighbours,) = self._index.search(scope, embedding[np.newaxis], k)
        found = [(self._entries.get(n.key), n.similarity) for n in neighbours]
        return [NearEntry(e, s) for e, s in found if e is not None and self._is_live(e)]

    async def ranking(self, entry: Entry) -> Ranking | None:
        """
        Return an entry's ranking, from memory or the store; None where it is gone.

        Raises:
            StoreUnavailable: If the store does not answer.
        """
        key = entry.ranking_key
        ranking = self._rankings.pop(key, None)
        if ranking is None:
            ranking = await self._read_ranking(key)
        if ranking is not None:
            self._rankings[key] = ranking
            if len(self._rankings) > _RANKINGS_IN_MEMORY:
                self._rankings.popitem(last=False)
        return ranking

    async def remember(self, entry: Entry, ranking: Ranking) -> int:
        """
        Append an entry with its ranking; return its position in the journal.

        Raises:
            StoreUnavailable: If the store does not take it.
        """
        end = entry.expires_at
        record = Record(RecordKind.ENTRY, encode_entry(entry), end)
        blob = Blob(BlobKind.RANKING, entry.ranking_key, encode_ranking(ranking), end)
        return await self._store.append([record], [blob])

    def apply(self, records: Sequence[Positioned]) -> None:
        """Take in journal records, in order; what cannot be read is counted and passed over."""
        fresh: dict[_Key, tuple[int, Entry]] = {}
        for positioned in records:
            entry = self._readable(positioned.record)
            if entry is not None:
                key = (entry.scope, entry.tag, entry.query)
                fresh[key] = (positioned.position, entry)
        self._forget([self._positions[key] for key in fresh if key in self._positions])
        self._take(list(fresh.values()))

    def sweep(self) -> int:
        """Let go of what has expired; return how many entries went."""
        due = set()
        while self._ends and self._ends[0][0] <= self._clock.now():
            due.add(heapq.heappop(self._ends)[1])
        gone = sorted(due & self._entries.keys())
        self._forget(gone)
        return len(gone)

    def reset(self) -> None:
        """Forget everything: the journal is another one."""
        self._forget(list(self._entries))
        self._ends.clear()

    async def _read_ranking(self, key: str) -> Ranking | None:
        body = (await self._store.get(BlobKind.RANKING, [key])).get(key)
        if body is None:
            return None
        try:
            return decode_ranking(body)
        except RecordInvalid as exc:
            self._pass_over(exc)
            return None

    def _is_live(self, entry: Entry) -> bool:
        return entry.expires_at > self._clock.now()

    def _readable(self, record: Record) -> Entry | None:
        if record.kind != RecordKind.ENTRY or record.expires_at <= self._clock.now():
            return None
        try:
            entry = decode_entry(record.body)
        except RecordInvalid as exc:
            self._pass_over(exc)
            return None
        if entry.query_model != self._query_model:
            return None
        if len(entry.embedding) != self._index.dimension:
            self._pass_over(RecordInvalid("entry with an embedding of another length"))
            return None
        return entry

    def _pass_over(self, reason: RecordInvalid) -> None:
        self._invalid += 1
        _log.warning("record_ignored", reason=str(reason))

    def _take(self, fresh: Sequence[tuple[int, Entry]]) -> None:
        by_scope: dict[str, list[tuple[int, Entry]]] = {}
        for position, entry in fresh:
            by_scope.setdefault(entry.scope, []).append((position, entry))
            self._entries[position] = entry
            self._positions[entry.scope, entry.tag, entry.query] = position
            heapq.heappush(self._ends, (entry.expires_at, position))
        for scope, rows in by_scope.items():
            vectors = np.stack([entry.embedding for _, entry in rows]).astype(np.float32)
            self._index.add(scope, [position for position, _ in rows], vectors)

    def _forget(self, positions: Sequence[int]) -> None:
        by_scope: dict[str, list[int]] = {}
        for position in positions:
            entry = self._entries.pop(position)
            del self._positions[entry.scope, entry.tag, entry.query]
            by_scope.setdefault(entry.scope, []).append(position)
        for scope, keys in by_scope.items():
            self._index.remove(scope, keys)
