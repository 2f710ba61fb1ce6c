"""The pools a replica can rank: a few in memory, all of them in the store."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from cache.clock import Clock
from cache.errors import RecordInvalid, StoreUnavailable
from cache.journal.begun import append_begun
from cache.journal.notices import Deletion, Eviction
from cache.journal.records import NOWHERE, Mark, Positioned, RecordKind
from cache.pools.codec import Notice, decode_pool, encode_pool
from cache.pools.embeddings import Embeddings
from cache.pools.pool import POOL_LIFETIME_S, Candidate, Pool, PoolKey
from cache.sharing.invalidation import Deletions
from cache.sharing.usage import Usage
from cache.stores.protocol import Blob, BlobKind, Lease, Store

__all__ = ["Pools"]

_log = structlog.get_logger(__name__)


class Pools:
    """
    Pools by id, and the pool each key has now: a view of the journal, as entries are.

    Two replicas that cannot see each other may fetch one key at the same time: both
    pools are kept, since entries speak of a pool by its id; the key has the one
    published last.

    Args:
        store: Where they are kept.
        embeddings: Where their embeddings are.
        deletions: Asked which pools must go; has taken in every record before this does.
        clock: Decides what has expired.
        in_memory: How many pools stay decoded; the least recently used goes.
        most: How many pools there may be, for the order in which they go.
    """

    def __init__(
        self,
        store: Store,
        embeddings: Embeddings,
        deletions: Deletions,
        clock: Clock,
        *,
        in_memory: int = 256,
        most: int = 1000,
    ) -> None:
        self._store = store
        self._embeddings = embeddings
        self._deletions = deletions
        self._clock = clock
        self._in_memory = in_memory
        self._generation: str | None = None
        self._notices: dict[str, Notice] = {}
        self._current: dict[str, str] = {}
        self._own: dict[str, str] = {}
        self._usage = Usage[str](most)
        self._pools: OrderedDict[str, Pool] = OrderedDict()
        self._photos: dict[str, Mapping[str, Candidate]] = {}

    def __len__(self) -> int:
        return len(self._pools)

    @property
    def published(self) -> Mapping[str, Notice]:
        """The pools the journal knows, by id; some may have expired."""
        return self._notices

    async def current(self, key: PoolKey) -> Pool | None:
        """
        Return the live pool a key has now, or None.

        Raises:
            StoreUnavailable: If it is not in memory and the store does not answer.
        """
        own = self._own.get(key.digest)
        try:
            named = self._current.get(key.digest)
            pool = None if named is None else await self.get(named)
        except StoreUnavailable:
            # The key's newest pool is another replica's; an own one is as good meanwhile.
            if own not in self._pools:
                raise
            pool = None
        return pool if pool is not None or own is None else await self.get(own)

    def is_warm(self, key: PoolKey) -> bool:
        """Return whether a key has a pool, as far as can be told without asking the store."""
        return key.digest in self._current or key.digest in self._own

    async def get(self, pool_id: str) -> Pool | None:
        """
        Return a live pool by its id, or None.

        Raises:
            StoreUnavailable: If it is not in memory and the store does not answer.
        """
        pool = self._pools.get(pool_id)
        if pool is None and pool_id in self._notices:
            pool = await self._load(self._notices[pool_id])
        if pool is None or not self._is_live(pool):
            self._let_go(pool_id)
            return None
        self._hold(pool)
        return pool

    def hold(self, pool: Pool) -> None:
        """Make a pool its key's on this replica, whether or not the store takes it."""
        self._hold(pool)
        self._own[pool.key.digest] = pool.id

    async def publish(self, pool: Pool, lease: Lease | None = None) -> int | None:
        """
        Make a pool its key's on every replica; its embeddings are in the store already.

        Args:
            pool: What was fetched.
            lease: The lease to fetch it, where one was taken.

        Returns:
            Position in the journal; None where the tag was deleted since the fetch began.

        Raises:
            StoreUnavailable: If the store does not take it.
            LeaseLost: If somebody else fetches the key by now.
            JournalReplaced: If the journal is replaced again and again.
        """
        key, end = pool.key, pool.expires_at
        if self._deletions.kills_from(pool.begun, key.tag):
            return None
        await self._store.put([Blob(BlobKind.POOL, pool.id, encode_pool(pool), end)])

        async def append(since: int, generation: str | None) -> int | None:
            if self._deletions.kills_from(pool.begun, key.tag):
                return None
            notice = Notice(pool.id, key.digest, key.tag, since, end)
            record = notice.record()
            position = await self._store.append([record], generation=generation, lease=lease)
            # At once, or the next entry would publish it again before the journal has told.
            self._take(notice)
            return position

        return await append_begun(pool.begun, append)

    async def keep(self, pool: Pool) -> None:
        """
        See to it that a pool is published, so that entries may speak of it.

        The store is asked each time: it may have been away when the pool was
        fetched, or have been emptied since.

        Raises:
            StoreUnavailable: If it is not and the store does not take it.
        """
        if pool.id in self._notices and await self._store.has(BlobKind.POOL, pool.id):
            return
        dimension = pool.embeddings.shape[1]
        known = await self._embeddings.get(
            pool.key.clip, pool.photos, dimension, until=pool.expires_at
        )
        missing = [at for at, photo in enumerate(pool.photos) if photo not in known]
        if missing:
            photos = [pool.photos[at] for at in missing]
            await self._embeddings.put(pool.key.clip, photos, pool.embeddings[missing])
        await self.publish(pool)

    def used(self, pool: Pool) -> None:
        """Note that a pool has served an answer."""
        if pool.id in self._notices:
            self._usage.note(pool.id, self._clock.now())

    def least_worth(self, count: int) -> list[str]:
        """Return the ids of so many published pools that will be missed least."""
        if count <= 0:
            return []
        published = {n.pool_id: n.expires_at - POOL_LIFETIME_S for n in self._notices.values()}
        return self._usage.victims(published, count)

    def covered_by(self, deletion: Deletion) -> list[str]:
        """Return the ids of all published pools that a deletion takes."""
        return [n.pool_id for n in self._notices.values() if deletion.covers_pool(n.tag)]

    def candidate(self, photo_id: str) -> Candidate | None:
        """Return a photo's candidate from the pools in memory, or None."""
        found = (photos.get(photo_id) for photos in self._photos.values())
        return next((candidate for candidate in found if candidate), None)

    def apply(self, records: Sequence[Positioned]) -> None:
        """Take in journal records, in order; what cannot be read is passed over."""
        match records[0].record.kind:
            case RecordKind.POOL:
                self._note(records)
            case RecordKind.DELETION:
                for positioned in records:
                    self._forget(self.covered_by(Deletion.read(positioned.record)))
                self._forget([i for i, pool in self._pools.items() if not self._is_live(pool)])
            case RecordKind.EVICTION:
                self._evict(records)

    def sweep(self) -> int:
        """Let go of what has expired; return how many pools went."""
        now = self._clock.now()
        gone = [n.pool_id for n in self._notices.values() if n.expires_at <= now]
        gone += [i for i, pool in self._pools.items() if pool.expires_at <= now]
        self._forget(gone)
        return len(set(gone))

    def reset(self, generation: str) -> None:
        """Begin anew: the journal is another one; pools in memory are good for this replica."""
        self._generation = generation
        self._notices.clear()
        self._current.clear()
        # Begun before anything in this journal, also where it is an older copy of the last one.
        self._pools = OrderedDict(
            (pool_id, replace(pool, begun=NOWHERE)) for pool_id, pool in self._pools.items()
        )
        self._own = {pool.key.digest: pool.id for pool in self._pools.values()}

    def _note(self, records: Sequence[Positioned]) -> None:
        for positioned in records:
            try:
                notice = Notice.of(positioned.record)
            except RecordInvalid as exc:
                _log.warning("record_ignored", reason=str(exc))
                continue
            self._take(notice)

    def _take(self, notice: Notice) -> None:
        if notice.expires_at > self._clock.now() and not self._is_deleted(notice):
            if notice.pool_id not in self._notices:
                made_at = notice.expires_at - POOL_LIFETIME_S
                self._usage.create(notice.pool_id, notice.key, made_at)
            self._notices[notice.pool_id] = notice
            self._current[notice.key] = notice.pool_id

    def _evict(self, records: Sequence[Positioned]) -> None:
        for positioned in records:
            try:
                going = Eviction.of(positioned.record).pools
                known = {p: self._notices[p].key for p in going if p in self._notices}
                self._usage.evict(known)
                self._forget(going)
            except RecordInvalid as exc:
                _log.warning("record_ignored", reason=str(exc))

    def _is_deleted(self, notice: Notice) -> bool:
        return self._deletions.kills(notice.since, notice.tag)

    def _is_live(self, pool: Pool) -> bool:
        deleted = self._deletions.kills_from(pool.begun, pool.key.tag)
        return not deleted and pool.expires_at > self._clock.now()

    def _hold(self, pool: Pool) -> None:
        if pool.id not in self._pools:
            self._photos[pool.id] = {candidate.id: candidate for candidate in pool.candidates}
        self._pools[pool.id] = pool
        self._pools.move_to_end(pool.id)
        while len(self._pools) > self._in_memory:
            self._let_go(next(iter(self._pools)))

    def _let_go(self, pool_id: str) -> None:
        """Drop a pool from memory."""
        pool = self._pools.pop(pool_id, None)
        self._photos.pop(pool_id, None)
        if pool is not None and self._own.get(pool.key.digest) == pool_id:
            del self._own[pool.key.digest]

    def _forget(self, pool_ids: Sequence[str]) -> None:
        """Drop pools from the view altogether."""
        for pool_id in pool_ids:
            self._let_go(pool_id)
            notice = self._notices.pop(pool_id, None)
            if notice is not None and self._current.get(notice.key) == pool_id:
                del self._current[notice.key]
        self._usage.forget(pool_ids)

    async def _load(self, notice: Notice) -> Pool | None:
        """Read a pool; one that cannot be read is forgotten until it is published anew."""
        # Now, since the journal may be another one when the store has answered.
        begun = Mark(self._generation, notice.since)
        try:
            return await self._read(notice.pool_id, begun)
        except RecordInvalid as exc:
            _log.warning("pool_ignored", reason=str(exc))
            if self._notices.get(notice.pool_id) is notice:
                self._forget([notice.pool_id])
            return None

    async def _read(self, pool_id: str, begun: Mark) -> Pool:
        body = (await self._store.get(BlobKind.POOL, [pool_id])).get(pool_id)
        if body is None:
            raise RecordInvalid("pool that is gone")
        stored = decode_pool(body)
        photos = [stored.key.photo(candidate.id) for candidate in stored.candidates]
        rows = await self._embeddings.get(stored.key.clip, photos, stored.dimension, until=0.0)
        if any(photo not in rows for photo in photos):
            raise RecordInvalid("pool without the embeddings of its photos")
        return stored.whole([rows[photo] for photo in photos], begun)
