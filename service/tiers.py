"""The tiers, and what each may serve."""

from collections.abc import Mapping, Sequence
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
    neighbours: Sequence[NearEntry], tag: str, query: str, thresholds: Thresholds
) -> list[Servable]:
    """
    Return the neighbours that may answer a normalised tag and query, best first.

    A neighbour may where its similarity reaches the threshold of its relation
    and no guard sees the two queries differ in a number, colour or negation.
    """
    related = [Servable(near, relation(tag, near.entry.tag)) for near in neighbours]
    return [
        found
        for found in related
        if found.near.similarity >= thresholds.get(found.relation, np.inf)
        and not differ(query, found.near.entry.query)
    ]


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
