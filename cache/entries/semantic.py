"""The semantic cache: remembered queries, found by text or by meaning."""

import heapq
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import structlog
from numpy.typing import NDArray

from cache.clock import Clock
from cache.entries.codec import decode_entry, decode_ranking, encode_entry, encode_ranking
from cache.entries.entry import Draft, Entry
from cache.entries.ranking import Ranking
from cache.errors import RecordInvalid
from cache.journal.begun import append_begun
from cache.journal.notices import Deletion, Eviction
from cache.journal.records import Positioned, Record, RecordKind
from cache.sharing.invalidation import Deletions
from cache.sharing.usage import Usage
from cache.stores.protocol import NOTHING, Blob, BlobKind, Freed, Store
from index import NEIGHBOURS, Neighbour, VectorIndex

__all__ = ["NearEntry", "SemanticCache"]

_log = structlog.get_logger(__name__)

_Key = tuple[str, str, str]

_STALE_ENDS = 1000

_RANKINGS_IN_MEMORY = 4096
"""Under a kilobyte each at pools of 200; a hit then needs no call of the store."""


class NearEntry(NamedTuple):
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
        deletions: Asked which entries must go; has taken in every record before this does.
        clock: Decides what has expired.
        most: How many entries there may be, for the order in which they go.
    """

    def __init__(
        self,
        store: Store,
        index: VectorIndex,
        query_model: str,
        deletions: Deletions,
        clock: Clock,
        *,
        most: int = 100_000,
    ) -> None:
        self._store = store
        self._index = index
        self._query_model = query_model
        self._deletions = deletions
        self._clock = clock
        self._generation: str | None = None
        self._entries: dict[int, Entry] = {}
        self._positions: dict[_Key, int] = {}
        self._ends: list[tuple[float, int]] = []
        self._rankings: OrderedDict[int, Ranking] = OrderedDict()
        self._usage = Usage[int](most)
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
        return list(self.near(neighbours))

    def near(self, neighbours: Sequence[Neighbour]) -> Iterator[NearEntry]:
        """
        Yield the live entries behind what a search of the index has found, in its order.

        The first is nearly always served: others are not looked up before they are asked for.
        """
        for key, similarity in neighbours:
            entry = self._entries.get(key)
            if entry is not None and entry.expires_at > self._clock.now():
                yield NearEntry(entry, similarity)

    async def ranking(self, entry: Entry) -> Ranking | None:
        """
        Return an entry's ranking, from memory or the store; None where it is gone.

        Raises:
            StoreUnavailable: If the store does not answer.
        """
        position = self._positions.get((entry.scope, entry.tag, entry.query), 0)
        ranking = self._rankings.pop(position, None)
        if ranking is None:
            ranking = await self._read_ranking(entry.ranking_key)
        # It may have gone, or been replaced, while the store was asked.
        if ranking is not None and self._entries.get(position) is entry:
            self._keep(position, ranking)
        return ranking

    async def remember(self, draft: Draft) -> int | None:
        """
        Append an entry with its ranking; return its position, or None where it was deleted since.

        Raises:
            StoreUnavailable: If the store does not take it.
            JournalReplaced: If the journal is replaced again and again.
        """
        entry = draft.entry
        ranking = encode_ranking(draft.ranking)
        blob = Blob(BlobKind.RANKING, entry.ranking_key, ranking, entry.expires_at)

        async def append(since: int, generation: str | None) -> int | None:
            if self._deletions.kills_from(draft.begun, entry.tag, entry.query):
                return None
            body = encode_entry(replace(entry, since=since), draft.embedding)
            position = await self._store.append(
                [Record(RecordKind.ENTRY, body, entry.expires_at)],
                [blob],
                generation=generation,
                freed=self._replaced_by(entry, generation),
            )
            # Or a store that goes away now would take the answer along. Only where this view
            # is of the same journal: in another one the position is another entry's.
            if generation == self._generation:
                self._keep(position, draft.ranking)
            return position

        return await append_begun(draft.begun, append)

    def apply(self, records: Sequence[Positioned]) -> None:
        """Take in journal records, in order; what cannot be read is counted and passed over."""
        match records[0].record.kind:
            case RecordKind.ENTRY:
                self._add(records)
            case RecordKind.DELETION:
                for positioned in records:
                    self._forget(list(self.covered_by(Deletion.read(positioned.record))))
            case RecordKind.EVICTION:
                self._evict(records)

    def sweep(self) -> int:
        """Let go of what has expired; return how many entries went."""
        if len(self._ends) > 2 * len(self._entries) + _STALE_ENDS:
            # What went before its end, replaced or evicted, has left its end behind.
            self._ends = [(entry.expires_at, p) for p, entry in self._entries.items()]
            heapq.heapify(self._ends)
        due = set()
        while self._ends and self._ends[0][0] <= self._clock.now():
            due.add(heapq.heappop(self._ends)[1])
        gone = sorted(due & self._entries.keys())
        self._forget(gone)
        return len(gone)

    def reset(self, generation: str) -> None:
        """Forget everything: the journal is another one."""
        self._generation = generation
        self._forget(list(self._entries))
        self._ends.clear()
        self._rankings.clear()

    def _replaced_by(self, entry: Entry, generation: str | None) -> Freed:
        """Return what a journal need not keep once an entry is there."""
        old = self._positions.get((entry.scope, entry.tag, entry.query))
        # Positions mean something in the journal they were issued in, and in no other.
        if old is None or generation != self._generation:
            return NOTHING
        stale = self._entries[old].ranking_key
        return Freed([old], [stale] if stale != entry.ranking_key else [])

    def _add(self, records: Sequence[Positioned]) -> None:
        fresh: dict[_Key, tuple[int, Entry, NDArray[np.float16]]] = {}
        for positioned in records:
            read = self._readable(positioned.record)
            if read is not None:
                entry, embedding = read
                key = (entry.scope, entry.tag, entry.query)
                fresh[key] = (positioned.position, entry, embedding)
        replaced = [key for key in fresh if key in self._positions]
        self._forget([self._positions[key] for key in replaced])
        self._take(list(fresh.values()))
        for key in replaced:
            # Ranked afresh while it lived: asked for again, though no hit tells of it.
            position, entry, _ = fresh[key]
            self._usage.note(position, entry.created_at)

    def _evict(self, records: Sequence[Positioned]) -> None:
        for positioned in records:
            try:
                eviction = Eviction.of(positioned.record)
            except RecordInvalid as exc:
                self._pass_over(exc)
                continue
            going = {p: self._entries[p] for p in eviction.positions if p in self._entries}
            self._usage.evict({p: (e.scope, e.tag, e.query) for p, e in going.items()})
            self._forget(list(going))

    def _is_deleted(self, entry: Entry) -> bool:
        return self._deletions.kills(entry.since, entry.tag, entry.query)

    def used(self, entry: Entry) -> None:
        """Note that an entry has been served."""
        position = self._positions.get((entry.scope, entry.tag, entry.query))
        if position is not None:
            self._usage.note(position, self._clock.now())

    def least_worth(self, count: int, *, but: Collection[int] = ()) -> dict[int, Entry]:
        """Return so many entries that will be missed least, besides some, by position."""
        if count <= 0:
            return {}
        created = {p: entry.created_at for p, entry in self._entries.items() if p not in but}
        return {p: self._entries[p] for p in self._usage.victims(created, count)}

    def of_pools(self, pools: Collection[str]) -> dict[int, Entry]:
        """Return all entries that speak of some pools, by position."""
        return {p: entry for p, entry in self._entries.items() if entry.pool_id in pools}

    def covered_by(self, deletion: Deletion) -> dict[int, Entry]:
        """Return all entries that a deletion takes, by position."""
        return {p: e for p, e in self._entries.items() if deletion.covers(e.tag, e.query)}

    def _keep(self, position: int, ranking: Ranking) -> None:
        self._rankings[position] = ranking
        if len(self._rankings) > _RANKINGS_IN_MEMORY:
            self._rankings.popitem(last=False)

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

    def _readable(self, record: Record) -> tuple[Entry, NDArray[np.float16]] | None:
        if record.expires_at <= self._clock.now():
            return None
        try:
            entry, embedding = decode_entry(record.body)
        except RecordInvalid as exc:
            self._pass_over(exc)
            return None
        if entry.query_model != self._query_model or self._is_deleted(entry):
            return None
        if len(embedding) != self._index.dimension:
            self._pass_over(RecordInvalid("entry with an embedding of another length"))
            return None
        return entry, embedding

    def _pass_over(self, reason: RecordInvalid) -> None:
        self._invalid += 1
        _log.warning("record_ignored", reason=str(reason))

    def _take(self, fresh: Sequence[tuple[int, Entry, NDArray[np.float16]]]) -> None:
        by_scope: dict[str, list[tuple[int, NDArray[np.float16]]]] = {}
        for position, entry, embedding in fresh:
            by_scope.setdefault(entry.scope, []).append((position, embedding))
            self._entries[position] = entry
            key = (entry.scope, entry.tag, entry.query)
            self._positions[key] = position
            self._usage.create(position, key, entry.created_at)
            heapq.heappush(self._ends, (entry.expires_at, position))
        for scope, rows in by_scope.items():
            vectors = np.stack([embedding for _, embedding in rows]).astype(np.float32)
            self._index.add(scope, [position for position, _ in rows], vectors)

    def _forget(self, positions: Sequence[int]) -> None:
        by_scope: dict[str, list[int]] = {}
        for position in positions:
            entry = self._entries.pop(position)
            self._rankings.pop(position, None)
            del self._positions[entry.scope, entry.tag, entry.query]
            by_scope.setdefault(entry.scope, []).append(position)
        for scope, keys in by_scope.items():
            self._index.remove(scope, keys)
        self._usage.forget(positions)
