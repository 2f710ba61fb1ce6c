"""What a replica knows: every part of it, fed from the journal in order."""

from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

from cache.journal.records import Positioned

__all__ = ["Part", "View"]


class Part(Protocol):
    """What takes in records; each passes over the kinds that are not its own."""

    def apply(self, records: Sequence[Positioned]) -> None:
        """Take in records of one kind, in order of position; must not raise."""
        ...

    def reset(self, generation: str) -> None:
        """Forget everything: from here on the journal is this one."""
        ...


class View:
    """
    Parts that see the same records in the same order.

    Args:
        parts: Asked one after another; who relies on another part stands behind it.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    def apply(self, records: Sequence[Positioned]) -> None:
        """Hand on records, run by run of equal kinds, so that a part can take many at once."""
        for _, run in groupby(records, key=lambda positioned: positioned.record.kind):
            alike = list(run)
            for part in self._parts:
                part.apply(alike)

    def reset(self, generation: str) -> None:
        """Empty every part."""
        for part in self._parts:
            part.reset(generation)
