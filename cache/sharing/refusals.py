"""Refusals: what a source would not give, remembered for a while and shared."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from cache.clock import Clock
from cache.errors import RecordInvalid
from cache.journal.records import Positioned, Record, RecordKind
from cache.pools.pool import PoolKey
from cache.seal import seal_fields, unseal_fields
from cache.sharing.invalidation import Deletions
from cache.stores.protocol import Store

__all__ = ["Refusal", "Refusals"]

_VERSION = 1

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Why a pool cannot be had for now.

    Args:
        key: Digest of the pool's key.
        tag: Its normalised tag.
        kind: Name of the error, as the service knows it.
        sentence: What to tell whoever asks.
        expires_at: Wall time from which the source may be asked again.
    """

    key: str
    tag: str
    kind: str
    sentence: str
    expires_at: float

    @classmethod
    def of(cls, record: Record) -> "Refusal":
        """
        Read a refusal from its record.

        Raises:
            RecordInvalid: If it is none of this version.
        """
        key, tag, kind, sentence = unseal_fields(_VERSION, record.body, "refusal", 4)
        if not all(isinstance(field, str) for field in (key, tag, kind, sentence)):
            raise RecordInvalid("refusal of nothing")
        return cls(key, tag, kind, sentence, record.expires_at)

    def record(self) -> Record:
        """Return the record that tells all replicas."""
        body = seal_fields(_VERSION, [self.key, self.tag, self.kind, self.sentence])
        return Record(RecordKind.REFUSAL, body, self.expires_at)


class Refusals:
    """
    The refusals in force: a view of the journal, and those of this replica.

    Args:
        store: Where they are shared.
        deletions: A deleted tag may be asked for again.
        clock: Decides what has expired.
    """

    def __init__(self, store: Store, deletions: Deletions, clock: Clock) -> None:
        self._store = store
        self._deletions = deletions
        self._clock = clock
        self._refusals: dict[str, tuple[int, Refusal]] = {}

    def __len__(self) -> int:
        return len(self._refusals)

    def get(self, key: PoolKey) -> Refusal | None:
        """Return the refusal in force for a pool, or None."""
        _, refusal = self._refusals.get(key.digest, (0, None))
        return refusal if refusal and refusal.expires_at > self._clock.now() else None

    async def add(self, refusal: Refusal) -> None:
        """
        Tell all replicas; this one knows it at once.

        Raises:
            StoreUnavailable: If the others cannot be told.
        """
        untold = self._refusals[refusal.key] = (0, refusal)
        position = await self._store.append([refusal.record()])
        # The journal may have brought it already, and a deletion behind it.
        if self._refusals.get(refusal.key) is untold:
            self._refusals[refusal.key] = (position, refusal)

    def apply(self, records: Sequence[Positioned]) -> None:
        """Take in journal records, in order; what cannot be read is passed over."""
        match records[0].record.kind:
            case RecordKind.REFUSAL:
                self._note(records)
            case RecordKind.DELETION:
                self._forget_deleted()

    def sweep(self) -> None:
        """Let go of what has expired."""
        now = self._clock.now()
        self._refusals = {k: held for k, held in self._refusals.items() if held[1].expires_at > now}

    def reset(self, generation: str) -> None:
        """Forget what the journal told: it is another one. What nobody was told of stays."""
        self._refusals = {key: held for key, held in self._refusals.items() if not held[0]}

    def _note(self, records: Sequence[Positioned]) -> None:
        for positioned in records:
            try:
                refusal = Refusal.of(positioned.record)
            except RecordInvalid as exc:
                _log.warning("record_ignored", reason=str(exc))
                continue
            self._refusals[refusal.key] = (positioned.position, refusal)

    def _forget_deleted(self) -> None:
        self._refusals = {
            key: (position, refusal)
            for key, (position, refusal) in self._refusals.items()
            if not self._deletions.kills(position, refusal.tag)
        }
