"""Journal records: what one replica tells all others."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["NOWHERE", "Mark", "Positioned", "Record", "RecordKind"]


class RecordKind(StrEnum):
    """What a record says; readers pass over kinds they do not know."""

    ENTRY = "entry"
    POOL = "pool"
    REFUSAL = "refusal"
    DELETION = "deletion"
    EVICTION = "eviction"


@dataclass(frozen=True, slots=True)
class Record:
    """
    One fact for all replicas.

    Args:
        kind: What the body is.
        body: Bytes as the kind's codec writes them.
        expires_at: Wall time from which readers pass over it.
    """

    kind: str
    body: bytes
    expires_at: float


@dataclass(frozen=True, slots=True)
class Positioned:
    """
    A record with the position the journal gave it.

    Args:
        position: Sequence number, at least 1, issued in the step of the append.
        record: The record.
    """

    position: int
    record: Record


@dataclass(frozen=True, slots=True)
class Mark:
    """
    How far a replica had read when something began.

    Args:
        generation: Name of the journal; None where none has been read yet.
        position: Position of the newest record applied.
    """

    generation: str | None
    position: int

    def within(self, generation: str | None) -> int:
        """Return the position in a journal: its very start, where it is another one."""
        return self.position if generation == self.generation else 0


NOWHERE = Mark(None, 0)
"""Before any journal."""
