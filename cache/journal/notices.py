"""Records that take something away: deletions, which are orders, and evictions, which make room."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import structlog

from cache.errors import RecordInvalid
from cache.journal.records import Record, RecordKind
from cache.pools.pool import POOL_LIFETIME_S
from cache.seal import seal_fields, unseal_fields

__all__ = ["Deletion", "Eviction"]

_log = structlog.get_logger(__name__)

_VERSION = 1
_KEPT_S = POOL_LIFETIME_S + 3600.0
"""Longer than anything lives that was begun before the notice."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """
    What is deleted, on every replica and in every scope.

    Args:
        tag: Entries and pools of this normalised tag; None for every tag.
        query: Entries of this normalised query; None for every query. Pools
            stay where it is given.
    """

    tag: str | None = None
    query: str | None = None

    @classmethod
    def of(cls, record: Record) -> Self:
        """
        Read a deletion from its record.

        Raises:
            RecordInvalid: If it is none of this version.
        """
        tag, query = unseal_fields(_VERSION, record.body, "deletion", 2)
        if not isinstance(tag, str | None) or not isinstance(query, str | None):
            raise RecordInvalid("deletion of neither tag nor query")
        return cls(tag, query)

    @classmethod
    def read(cls, record: Record) -> Self:
        """Return what a record deletes: everything, where nobody can tell what it means."""
        try:
            return cls.of(record)
        except RecordInvalid as exc:
            _log.warning("deletion_unreadable", reason=str(exc))
            return cls()

    def covers(self, tag: str, query: str) -> bool:
        """Return whether an entry of this tag and query is deleted."""
        return self.tag in (None, tag) and self.query in (None, query)

    def covers_pool(self, tag: str) -> bool:
        """Return whether a pool of this tag is deleted."""
        return self.query is None and self.tag in (None, tag)

    def record(self, now: float) -> Record:
        """Return the record that tells all replicas."""
        body = seal_fields(_VERSION, [self.tag, self.query])
        return Record(RecordKind.DELETION, body, now + _KEPT_S)


@dataclass(frozen=True, slots=True)
class Eviction:
    """
    What made room for others.

    Args:
        positions: Of the entries that go.
        pools: Ids of the pools that go.
    """

    positions: Sequence[int] = ()
    pools: Sequence[str] = ()

    @classmethod
    def of(cls, record: Record) -> Self:
        """
        Read an eviction from its record.

        Raises:
            RecordInvalid: If it is none of this version.
        """
        positions, pools = unseal_fields(_VERSION, record.body, "eviction", 2)
        if not _all_are(positions, int) or not _all_are(pools, str):
            raise RecordInvalid("eviction of neither entries nor pools")
        return cls(positions, pools)

    def record(self, now: float) -> Record:
        """Return the record that tells all replicas."""
        body = seal_fields(_VERSION, [list(self.positions), list(self.pools)])
        return Record(RecordKind.EVICTION, body, now + _KEPT_S)


def _all_are(values: object, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)
