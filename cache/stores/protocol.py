"""What keeps everything learnt: a journal, and blobs by kind and key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cache.journal.protocol import Journal
from cache.journal.records import Record

__all__ = ["Blob", "BlobKind", "Store"]


class BlobKind(StrEnum):
    """What a blob is; keys are unique within a kind."""

    RANKING = "ranking"
    POOL = "pool"
    POOL_ID = "pool-id"
    EMBEDDING = "embedding"


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


class Store(Journal, Protocol):
    """
    One place that outlives the process and is shared by all replicas.

    Every call ends within the store's time-out.

    Raises:
        StoreUnavailable: By any call, if the store does not answer or refuses.
    """

    async def append(self, records: Sequence[Record], blobs: Sequence[Blob] = ()) -> int:
        """Append records and write the blobs they speak of in one atomic step."""
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

    async def put_counters(self, replica: str, counters: Mapping[str, float]) -> None:
        """Replace the counters a replica has flushed."""
        ...

    async def counters(self) -> Mapping[str, tuple[float, Mapping[str, float]]]:
        """Return each replica's last flush: its wall time and its counters."""
        ...

    async def purge(self) -> int:
        """Delete what has expired; return how many records and blobs went."""
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
