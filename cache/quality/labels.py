"""What is known of single hits: labels, as all replicas share them. There is no text in them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Self

from cache.errors import RecordInvalid
from cache.journal.records import Record, RecordKind
from cache.seal import seal_fields, unseal_fields

__all__ = ["LABEL_LIFETIME_S", "Label", "Labels", "Stratum"]

LABEL_LIFETIME_S = 30 * 24 * 3600.0
"""How long a label speaks of the traffic there is."""

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Stratum:
    """
    What hits have in common that are certified together.

    Args:
        source: The photo source's identity.
        clip: Fingerprint of the ranking model.
        query_model: Fingerprint of the query model.
        tier: Which serves them.
        relation: Of the asked tag to the remembered one.
    """

    source: str
    clip: str
    query_model: str
    tier: str
    relation: str


@dataclass(frozen=True, slots=True)
class Label:
    """
    What one hit, served or not, would have kept of the fresh answer's lift.

    Args:
        similarity: At which it was or would have been served, in [-1, 1].
        kept: Lift kept, in [0, 1]; 0 where the label was lost on its way, as if nothing
            were; None where it is undefined.
        probability: With which the label was drawn, in (0, 1]; 1 where a fresh ranking gave it.
        place: Among the neighbours that might have been served, 0 being the one that is.
        served: Whether it was.
        lost: Whether the label was drawn and then lost.
    """

    similarity: float
    kept: float | None
    probability: float
    place: int = 0
    served: bool = False
    lost: bool = False

    def __post_init__(self) -> None:
        kept = 0.0 if self.kept is None else self.kept
        sound = -1 <= self.similarity <= 1 and 0 <= kept <= 1 and 0 < self.probability <= 1
        if not sound or self.place < 0:
            raise ValueError(f"{self} is out of range")


@dataclass(frozen=True, slots=True)
class Labels:
    """
    Labels of one stratum, in the order they were drawn.

    Args:
        stratum: Theirs.
        labels: At least one.
        made_at: Wall time of the newest.
    """

    stratum: Stratum
    labels: Sequence[Label]
    made_at: float

    @classmethod
    def of(cls, record: Record) -> Self:
        """
        Read labels from their record.

        Raises:
            RecordInvalid: If they are none of this version.
        """
        names, rows, made_at = unseal_fields(_VERSION, record.body, "labels", 3)
        try:
            stratum = Stratum(*names)
            labels = tuple(_read(rows))
        except (TypeError, ValueError) as exc:
            raise RecordInvalid("labels with other fields") from exc
        if not all(isinstance(name, str) for name in names) or not _is_number(made_at):
            raise RecordInvalid("labels of no stratum")
        return cls(stratum, labels, made_at)

    def record(self) -> Record:
        """Return the record that tells all replicas."""
        rows = [list(astuple(label)) for label in self.labels]
        body = seal_fields(_VERSION, [list(astuple(self.stratum)), rows, self.made_at])
        return Record(RecordKind.LABELS, body, self.made_at + LABEL_LIFETIME_S)


def _read(rows: object) -> Iterator[Label]:
    if not isinstance(rows, list):
        raise TypeError("no rows")
    for similarity, kept, probability, place, served, lost in rows:
        numbers = (similarity, probability) if kept is None else (similarity, kept, probability)
        if not all(map(_is_number, numbers)) or type(place) is not int:
            raise TypeError("no numbers")
        if type(served) is not bool or type(lost) is not bool:
            raise TypeError("no truth values")
        yield Label(similarity, kept, probability, place, served, lost)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
