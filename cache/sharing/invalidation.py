"""Deletions: what must not be served again, wherever it comes from."""

from collections.abc import Mapping, Sequence

from cache.clock import Clock
from cache.journal.notices import Deletion
from cache.journal.records import Mark, Positioned, RecordKind

__all__ = ["Deletions"]


class Deletions:
    """
    The deletions a replica has read, each with its position in the journal.

    What was begun before a deletion and arrives after it is dead on arrival: a
    ranking in flight cannot bring back what was deleted meanwhile.

    Args:
        clock: Says when a deletion may be forgotten.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._generation: str | None = None
        self._past: tuple[str | None, dict[Deletion, int]] = (None, {})
        self._positions: dict[Deletion, int] = {}
        self._ends: dict[Deletion, float] = {}

    def __len__(self) -> int:
        return len(self._positions)

    def apply(self, records: Sequence[Positioned]) -> None:
        """Take in deletions, in order."""
        if records[0].record.kind != RecordKind.DELETION:
            return
        for positioned in records:
            deletion = Deletion.read(positioned.record)
            self._positions[deletion] = positioned.position
            self._ends[deletion] = positioned.record.expires_at

    def sweep(self) -> None:
        """Forget deletions that nothing is left to concern."""
        now = self._clock.now()
        for deletion in [d for d, end in self._ends.items() if end <= now]:
            del self._positions[deletion], self._ends[deletion]

    def reset(self, generation: str) -> None:
        """Begin anew: the journal is another one, or an older copy of this one."""
        if generation != self._generation:
            self._past = (self._generation, self._positions)
        self._generation = generation
        self._positions = {}
        self._ends.clear()

    def latest(self, tag: str, query: str | None = None) -> int:
        """
        Return the position of the last deletion that covers a tag and query; 0 where none does.

        Args:
            tag: Normalised tag.
            query: Normalised query; None asks for the tag's pools.
        """
        return _latest(self._positions, tag, query)

    def kills(self, since: int, tag: str, query: str | None = None) -> bool:
        """Return whether something begun at a position of this journal has been deleted since."""
        return self.latest(tag, query) > since

    def kills_from(self, mark: Mark, tag: str, query: str | None = None) -> bool:
        """Return the same of something begun while the journal may have been another one."""
        generation, positions = self._past
        if mark.generation == generation and _latest(positions, tag, query) > mark.position:
            return True
        return self.kills(mark.within(self._generation), tag, query)


def _latest(positions: Mapping[Deletion, int], tag: str, query: str | None) -> int:
    if not positions:
        return 0  # as nearly always, while a journal is read
    covering = [Deletion(), Deletion(tag=tag)]
    if query is not None:
        covering += [Deletion(query=query), Deletion(tag, query)]
    return max(positions.get(deletion, 0) for deletion in covering)
