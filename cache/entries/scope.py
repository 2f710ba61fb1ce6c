"""Scopes: the hard partitions of what is remembered."""

from dataclasses import dataclass

from cache.digest import digest
from cache.pools.filters import Filters

__all__ = ["Scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """
    What two requests must share before one may answer the other.

    Args:
        source: Identity of the source.
        filters: Filters the source applies.
        pool_size: Most candidates a pool holds.
        clip: Fingerprint of the model that ranks.
        query: Fingerprint of the model that compares queries.
        tenant: Whose entries these are; one deployment has one tenant for now.
    """

    source: str
    filters: Filters
    pool_size: int
    clip: str
    query: str
    tenant: str = "default"

    @property
    def digest(self) -> str:
        """A short stable hash, the scope's name in journal and index."""
        filters = self.filters.pairs
        return digest(self.tenant, self.source, filters, self.pool_size, self.clip, self.query)
