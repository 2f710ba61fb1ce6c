"""Journal records: what one replica tells all others."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Positioned", "Record", "RecordKind"]


class RecordKind(StrEnum):
    """What a record says; readers pass over kinds they do not know."""

    ENTRY = "entry"


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
