"""The journal: one ordered list of records for the whole deployment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cache.journal.records import Positioned, Record

__all__ = ["Journal", "Page"]


@dataclass(frozen=True, slots=True)
class Page:
    """
    A stretch of the journal.

    Args:
        generation: Random name of this journal; another one is another journal.
        end: Position of the newest record ever appended, 0 where there is none.
        upto: Last position the page accounts for; the next page begins behind it.
        records: In order of position; freed and expired ones are missing.
    """

    generation: str
    end: int
    upto: int
    records: Sequence[Positioned]


class Journal(Protocol):
    """An append-only list whose positions only rise."""

    async def append(self, records: Sequence[Record]) -> int:
        """Append records, at least one, in one atomic step; return the last one's position."""
        ...

    async def read(self, after: int, limit: int) -> Page:
        """Return up to `limit` unexpired records behind a position."""
        ...

    async def wait(self, after: int, timeout_s: float) -> None:
        """Return when something may stand behind a position, or when the time is over."""
        ...
