"""What narrows a pool beyond its tag: the hard filters of a photo source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

__all__ = ["NO_FILTERS", "Filters"]


@dataclass(frozen=True, slots=True)
class Filters:
    """
    Filters of one request in canonical form: equal filters are equal values.

    Args:
        pairs: Names and values, sorted by name; names are the source's own
            parameter names, absent ones are the source's defaults.
    """

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, str | int | bool | None]) -> Self:
        """Build from names and values; None means not asked for."""
        return cls(tuple(sorted((k, _text(v)) for k, v in values.items() if v is not None)))

    def get(self, name: str) -> str | None:
        """Return the value asked for under a name, or None."""
        return dict(self.pairs).get(name)


NO_FILTERS = Filters()


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
