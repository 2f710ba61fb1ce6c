"""What a search gives back, and what its observers see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cache.entries.entry import Entry
from cache.entries.ranking import Ranking
from cache.entries.relations import Relation
from cache.entries.semantic import NearEntry
from cache.pools.pool import Candidate, Pool
from service.tiers import Tier

__all__ = ["Found", "FreshRanking", "Observer", "Scored", "SearchAnswer"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A photo with its score: cosine x the model's logit scale."""

    candidate: Candidate
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """
    A ranking that answers, and how it was come by.

    Args:
        tier: Which step answered.
        pool: The pool that is ranked.
        ranking: Of that pool.
        stored: Whether the entry behind the answer is in the store.
        age_s: Seconds since what was remembered was made; 0 at the origin.
        entry: The remembered entry, for a hit.
        similarity: Of the asked query to the entry's, for a hit.
        relation: Of the asked tag to the entry's, for a hit.
    """

    tier: Tier
    pool: Pool
    ranking: Ranking
    stored: bool
    age_s: float
    entry: Entry | None = None
    similarity: float | None = None
    relation: Relation | None = None


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """
    The answer to one search.

    Args:
        found: The ranking that answers, and how it was come by.
        k: Most photos wanted of it.
        timings_ms: Milliseconds by stage; `total` is from request to answer.
    """

    found: Found
    k: int
    timings_ms: Mapping[str, float]

    @property
    def results(self) -> list[Scored]:
        """Up to k photos, best first."""
        candidates = self.found.pool.candidates
        return [Scored(candidates[at], score) for at, score in self.found.ranking.top(self.k)]


@dataclass(frozen=True, slots=True, eq=False)
class FreshRanking:
    """
    A ranking computed for the very query asked: the truth its neighbours are held against.

    Args:
        scope: Digest of the scope.
        tag: Normalised tag.
        query: Normalised query.
        embedding: Query embedding, unit length, float32, shape (d,).
        pool: The pool ranked.
        ranking: Of that pool.
        k: Photos asked for.
        neighbours: Remembered queries nearest at the time, nearest first.
    """

    scope: str
    tag: str
    query: str
    embedding: NDArray[np.float32]
    pool: Pool
    ranking: Ranking
    k: int
    neighbours: Sequence[NearEntry]


Observer = Callable[[FreshRanking], None]
"""Told of every fresh ranking (`on_fresh_ranking`); must be quick and must not raise."""
