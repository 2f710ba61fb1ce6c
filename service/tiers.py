"""The tiers, and what each may serve."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cache.entries.guards import differ
from cache.entries.ranking import Ranking
from cache.entries.relations import Relation, relation
from cache.entries.semantic import NearEntry
from cache.pools.pool import Pool

__all__ = ["Policy", "Servable", "Thresholds", "Tier", "rank", "servable"]


class Tier(StrEnum):
    """Which step answered, cheapest first."""

    EXACT = "exact"
    SEMANTIC = "semantic"
    POOL = "pool"
    ORIGIN = "origin"


Thresholds = Mapping[Relation, float]
"""Least similarity of a served neighbour by relation; a relation not in it is never served."""


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What a deployment decides about its searches.

    Args:
        pool_size: Photos asked of the source for a tag.
        thresholds: Least similarity of a served neighbour, by relation.
        prefer: Whether a semantic hit goes before a warm pool, or after it.
        timeout_s: Longest a search may take.
    """

    pool_size: int
    thresholds: Thresholds
    prefer: Literal["quick", "exact"]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Servable:
    """
    A neighbour that may answer.

    Args:
        near: The remembered query and its similarity.
        relation: Of the asked tag to the remembered one.
    """

    near: NearEntry
    relation: Relation


def servable(
    neighbours: Iterable[NearEntry], tag: str, query: str, thresholds: Thresholds
) -> Iterator[Servable]:
    """
    Yield the neighbours that may answer a normalised tag and query, best first.

    The first is nearly always served, so no more are looked at than are asked for.

    A neighbour may where its similarity reaches the threshold of its relation
    and no guard sees the two queries differ in a number, colour or negation.
    """
    for near in neighbours:
        related = relation(tag, near.entry.tag)
        is_near = near.similarity >= thresholds.get(related, np.inf)
        if is_near and not differ(query, near.entry.query):
            yield Servable(near, related)


def rank(pool: Pool, text: NDArray[np.float32], logit_scale: float) -> Ranking:
    """
    Rank a pool for a query: score = cosine x logit scale.

    Args:
        pool: What is ranked, n candidates.
        text: The query's vector in the pool's space, unit length, float32, shape (d,).
        logit_scale: The model's factor from cosine to score.
    """
    cosines = pool.embeddings.astype(np.float32) @ text
    return Ranking.of(cosines * np.float32(logit_scale))
