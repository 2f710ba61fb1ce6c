"""A store that can be taken away: the one fake, for what a real file does not do when told."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from cache.errors import StoreFull, StoreUnavailable
from cache.journal.protocol import Page
from cache.journal.records import Record
from cache.stores.protocol import NOTHING, Blob, BlobKind, Cell, Freed, Lease, Store


class Interruptible:
    """
    A `Store` before another one, which fails when told to.

    Args:
        store: What answers while nothing is the matter; another one may take its place.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.away = False
        """Whether every call fails."""
        self.read_only = False
        """Whether every call that writes fails."""
        self.full = False
        """Whether there is no room, until somebody frees some."""
        self.refused = 0
        self.calls = Counter[str]()
        self._interludes: dict[str, Callable[[], Awaitable[object]]] = {}

    def before(self, call: str, happens: Callable[[], Awaitable[object]]) -> None:
        """Let something happen just before the next call of this name reaches the store."""
        self._interludes[call] = happens

    async def _reached(self, call: str, *, writes: bool = False) -> Store:
        self.calls[call] += 1
        if call in self._interludes:
            await self._interludes.pop(call)()
        if self.away or (writes and self.read_only):
            self.refused += 1
            raise StoreUnavailable("The store is away.")
        return self.store

    def _need_room(self) -> None:
        if self.full:
            self.refused += 1
            raise StoreFull("The store is full.")

    async def append(
        self,
        records: Sequence[Record],
        blobs: Sequence[Blob] = (),
        *,
        generation: str | None = None,
        lease: Lease | None = None,
        freed: Freed = NOTHING,
    ) -> int:
        store = await self._reached("append", writes=True)
        if freed.positions or freed.rankings:
            self.full = False
        self._need_room()
        return await store.append(records, blobs, generation=generation, lease=lease, freed=freed)

    async def read(self, after: int, limit: int) -> Page:
        return await (await self._reached("read")).read(after, limit)

    async def wait(self, after: int, timeout_s: float) -> None:
        await (await self._reached("wait")).wait(after, timeout_s)

    async def put(self, blobs: Sequence[Blob]) -> None:
        store = await self._reached("put", writes=True)
        self._need_room()
        await store.put(blobs)

    async def get(self, kind: BlobKind, keys: Sequence[str]) -> Mapping[str, bytes]:
        return await (await self._reached("get")).get(kind, keys)

    async def has(self, kind: BlobKind, key: str) -> bool:
        return await (await self._reached("has")).has(kind, key)

    async def drop(self, kind: BlobKind, keys: Sequence[str]) -> None:
        store = await self._reached("drop", writes=True)
        self.full = False
        await store.drop(kind, keys)

    async def shed(self, kind: BlobKind, share: float) -> int:
        store = await self._reached("shed", writes=True)
        self.full = False
        return await store.shed(kind, share)

    async def acquire(self, name: str, ttl_s: float) -> Lease | None:
        return await (await self._reached("acquire", writes=True)).acquire(name, ttl_s)

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        return await (await self._reached("renew", writes=True)).renew(lease, ttl_s)

    async def release(self, lease: Lease) -> None:
        await (await self._reached("release", writes=True)).release(lease)

    async def cell(self, name: str) -> Cell:
        return await (await self._reached("cell")).cell(name)

    async def swap(self, name: str, version: int, body: bytes) -> bool:
        return await (await self._reached("swap", writes=True)).swap(name, version, body)

    async def put_counters(self, replica: str, counters: Mapping[str, float]) -> None:
        await (await self._reached("put_counters", writes=True)).put_counters(replica, counters)

    async def counters(self) -> Mapping[str, tuple[float, Mapping[str, float]]]:
        return await (await self._reached("counters")).counters()

    async def purge(self) -> int:
        return await (await self._reached("purge", writes=True)).purge()

    async def size_bytes(self) -> int:
        return await (await self._reached("size_bytes")).size_bytes()

    async def ping(self) -> None:
        await (await self._reached("ping")).ping()

    async def open(self) -> None:
        await (await self._reached("open")).open()

    async def aclose(self) -> None:
        """Disconnect, whether away or not."""
        await self.store.aclose()
