"""Figures an index gives about itself."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["IndexStatistics"]


@dataclass(frozen=True, slots=True)
class IndexStatistics:
    """
    An index at one moment.

    Args:
        entries: Vectors held, by scope; scopes without vectors do not appear.
        vector_bytes: Bytes of the vectors and their keys, spare capacity not counted.
        searches: Vectors searched for since the index was made.
    """

    entries: Mapping[str, int]
    vector_bytes: int
    searches: int
