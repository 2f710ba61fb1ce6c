"""What keeps everything learnt and shared: a journal, blobs, leases and cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cache.journal.protocol import Journal
from cache.journal.records import Record

__all__ = ["NOTHING", "Blob", "BlobKind", "Cell", "Freed", "Lease", "Store"]


class BlobKind(StrEnum):
    """What a blob is; keys are unique within a kind."""

    RANKING = "ranking"
    """Stands beside the journal, so that it can be written in one step with its entry."""

    POOL = "pool"
    BLOCK = "block"
    """Embeddings of some photos."""

    PHOTO = "photo"
    """Which block holds a photo's embedding: a few bytes under a key of hexadecimal digits."""

    PROGRESS = "progress"
    """How far a fetch is: for seconds, for those who watch it from another replica."""


@dataclass(frozen=True, slots=True)
class Blob:
    """
    Bytes under a key, with an end.

    Args:
        kind: What it is.
        key: Its name within the kind.
        body: The bytes.
        expires_at: Wall time from which it counts as absent.
    """

    kind: BlobKind
    key: str
    body: bytes
    expires_at: float


@dataclass(frozen=True, slots=True)
class Lease:
    """
    The right to do something alone, until it runs out.

    Args:
        name: What is done.
        token: Fencing token: higher than that of every earlier holder.
        end: Position of the journal's newest record when the lease was taken.
    """

    name: str
    token: int
    end: int


@dataclass(frozen=True, slots=True)
class Freed:
    """
    What an append makes superfluous.

    Args:
        positions: Of records whose bodies go; readers no longer see them.
        rankings: Keys of rankings that go.
    """

    positions: Sequence[int] = ()
    rankings: Sequence[str] = ()


NOTHING = Freed()


@dataclass(frozen=True, slots=True)
class Cell:
    """
    A few shared bytes that change by comparison.

    Args:
        version: Rises by one with every change; 0 while there is none.
        body: The bytes.
    """

    version: int
    body: bytes


class Store(Journal, Protocol):
    """
    One place that outlives the process and is shared by all replicas.

    Every call ends within the store's time-out; `purge` and `shed` make several.

    Raises:
        StoreUnavailable: By any call, if the store does not answer or refuses.
        StoreFull: By a call that writes, if there is no room.
    """

    async def append(
        self,
        records: Sequence[Record],
        blobs: Sequence[Blob] = (),
        *,
        generation: str | None = None,
        lease: Lease | None = None,
        freed: Freed = NOTHING,
    ) -> int:
        """
        Append records, write rankings and free others, all in one atomic step.

        Args:
            records: At least one.
            blobs: Of kind `RANKING` alone.
            generation: The journal the records are meant for; None for any.
            lease: One the writer must still hold.
            freed: What goes.

        Returns:
            Position of the last record.

        Raises:
            JournalReplaced: If the journal is another one.
            LeaseLost: If the lease has run out or been taken over.
        """
        ...

    async def put(self, blobs: Sequence[Blob]) -> None:
        """Write blobs; a blob of the same kind and key is replaced."""
        ...

    async def get(self, kind: BlobKind, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return the bodies of those keys that are there and have not expired."""
        ...

    async def has(self, kind: BlobKind, key: str) -> bool:
        """Return whether a key is there and has not expired."""
        ...

    async def drop(self, kind: BlobKind, keys: Sequence[str]) -> None:
        """Delete blobs; keys that are not there are passed over."""
        ...

    async def shed(self, kind: BlobKind, share: float) -> int:
        """
        Make room: delete a share of a kind's blobs, those that end first.

        Args:
            kind: Not `PHOTO`.
            share: More than 0, at most 1.

        Returns:
            How many went.
        """
        ...

    async def acquire(self, name: str, ttl_s: float) -> Lease | None:
        """Return a lease of so many seconds; None while somebody else holds it."""
        ...

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        """Prolong a lease to so many seconds from now; return whether it was still held."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give a lease back; one that is no longer held is passed over."""
        ...

    async def cell(self, name: str) -> Cell:
        """Return a cell as it is now."""
        ...

    async def swap(self, name: str, version: int, body: bytes) -> bool:
        """Write a cell if it still has a version; return whether it had."""
        ...

    async def put_counters(self, replica: str, counters: Mapping[str, float]) -> None:
        """Replace the counters a replica has flushed."""
        ...

    async def counters(self) -> Mapping[str, tuple[float, Mapping[str, float]]]:
        """Return each replica's last flush: its wall time and its counters."""
        ...

    async def purge(self) -> int:
        """Collect what has expired; return how many journal records went."""
        ...

    async def size_bytes(self) -> int:
        """Return the bytes the store takes."""
        ...

    async def ping(self) -> None:
        """Return if the store answers."""
        ...

    async def open(self) -> None:
        """Connect; must be called before all else."""
        ...

    async def aclose(self) -> None:
        """Disconnect; whatever was acknowledged stays."""
        ...
