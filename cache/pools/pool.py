"""Pools: the photos a tag pulled from a source, with their embeddings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cache.digest import digest
from cache.journal.records import NOWHERE, Mark
from cache.pools.filters import Filters

__all__ = ["POOL_LIFETIME_S", "Candidate", "Pool", "PoolKey"]

POOL_LIFETIME_S = 24 * 3600.0
"""From the source's answer: Pixabay's terms ask for 24 hours of caching, at least and at most."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    One photo of a pool, as its source described it.

    Args:
        id: Source and the source's own id, as in ``pixabay:195893``.
        url: Where the source shows the photo at web size.
        page_url: The source's page about the photo; empty where it has none.
        width: Width of the photo behind `url`, in pixels.
        height: Height of the photo behind `url`, in pixels.
        author: Name of the author; empty where unknown.
        author_url: The author's page; empty where unknown.
        tags: The source's tags of the photo.
        source: Name of the source, as in ``pixabay``.
    """

    id: str
    url: str
    page_url: str
    width: int
    height: int
    author: str
    author_url: str
    tags: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class PoolKey:
    """
    What a pool answers: one tag asked of one source in one way.

    Args:
        source: Identity of the source (its name and where it reads from).
        tag: Normalised tag.
        filters: Filters the source applied.
        size: Most candidates asked for.
        clip: Fingerprint of the model whose embeddings the pool holds.
    """

    source: str
    tag: str
    filters: Filters
    size: int
    clip: str

    @property
    def digest(self) -> str:
        """A short stable hash, the pool's name in a store."""
        return digest(self.source, self.tag, self.filters.pairs, self.size, self.clip)

    def photo(self, photo_id: str) -> str:
        """Return a photo's name among embeddings: two sources may use one id for two photos."""
        return f"{self.source}/{photo_id}"


@dataclass(frozen=True, slots=True)
class Pool:
    """
    Candidates with their image embeddings: immutable, known by its id.

    Args:
        id: Unique to this fetch; another fetch of the same key has another id.
        key: What the pool answers.
        candidates: In the source's order.
        embeddings: Unit rows, float16, shape (len(candidates), d), read-only.
        fetched_at: Wall time of the source's answer, seconds since the epoch.
        expires_at: Wall time from which the pool must not be served.
        begun: How far the journal had been read when its fetch began.
    """

    id: str
    key: PoolKey
    candidates: tuple[Candidate, ...]
    embeddings: NDArray[np.float16]
    fetched_at: float
    expires_at: float
    begun: Mark = NOWHERE

    @property
    def photos(self) -> list[str]:
        """Names of its photos among embeddings: two sources may use one id for two photos."""
        return [self.key.photo(candidate.id) for candidate in self.candidates]

    def __len__(self) -> int:
        return len(self.candidates)
