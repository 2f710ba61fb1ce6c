"""Entries: what is remembered of one answered query."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cache.digest import digest
from cache.entries.ranking import Ranking
from cache.journal.records import Mark
from cache.pools.pool import Pool

__all__ = ["Draft", "Entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One remembered (tag, query) and where its answer is.

    Its embedding is in the index, its ranking in the store.

    Args:
        scope: Digest of its scope.
        query_model: Fingerprint of the model that made its embedding.
        tag: Normalised tag.
        query: Normalised query.
        pool_id: Id of the pool that was ranked; another fetch has another id.
        created_at: Wall time of the ranking, seconds since the epoch.
        expires_at: Wall time from which it must not be served: its pool's.
        since: Position in the journal when its request began; a later deletion kills it.
    """

    scope: str
    query_model: str
    tag: str
    query: str
    pool_id: str
    created_at: float
    expires_at: float
    since: int = 0

    @property
    def ranking_key(self) -> str:
        """Name of its ranking in a store: unique to query and pool, so never a stale one."""
        return digest(self.scope, self.tag, self.query, self.pool_id)


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """
    A fresh ranking that should become an entry.

    Args:
        entry: What is to be remembered.
        embedding: Query embedding, unit length, float16, shape (d,).
        ranking: Of the pool.
        pool: The pool that was ranked, for a store that has lost it.
        begun: How far the journal had been read when the request began.
    """

    entry: Entry
    embedding: NDArray[np.float16]
    ranking: Ranking
    pool: Pool
    begun: Mark
