"""Entries: what is remembered of one answered query."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cache.digest import digest

__all__ = ["Entry"]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """
    One remembered (tag, query) and where its answer is.

    Args:
        scope: Digest of its scope.
        query_model: Fingerprint of the model that made `embedding`.
        tag: Normalised tag.
        query: Normalised query.
        embedding: Query embedding, unit length, float16, shape (d,).
        pool_id: Id of the pool that was ranked; another fetch has another id.
        created_at: Wall time of the ranking, seconds since the epoch.
        expires_at: Wall time from which it must not be served: its pool's.
    """

    scope: str
    query_model: str
    tag: str
    query: str
    embedding: NDArray[np.float16]
    pool_id: str
    created_at: float
    expires_at: float

    @property
    def ranking_key(self) -> str:
        """Name of its ranking in a store: unique to query and pool, so never a stale one."""
        return digest(self.scope, self.tag, self.query, self.pool_id)
