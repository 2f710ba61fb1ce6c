"""Entries, pools and rankings for tests."""

import numpy as np

from cache.entries.entry import Entry
from cache.entries.ranking import Ranking
from cache.pools.filters import NO_FILTERS
from cache.pools.pool import Candidate, Pool, PoolKey

MODEL = "f" * 16
SCOPE = "scope-one"


def direction(at: float, dimension: int = 4) -> np.ndarray:
    """Return a unit vector whose cosine with `direction(1.0)` is `at`."""
    vector = np.zeros(dimension, dtype=np.float32)
    vector[0] = at
    vector[1] = np.sqrt(1 - at**2)
    return vector


def entry(
    query: str = "a tiger",
    *,
    tag: str = "tiger",
    at: float = 1.0,
    scope: str = SCOPE,
    model: str = MODEL,
    pool_id: str = "pool-1",
    created_at: float = 1_800_000_000.0,
    expires_at: float = 1_800_086_400.0,
) -> Entry:
    """Return an entry whose embedding lies at a similarity to `direction(1.0)`."""
    return Entry(
        scope=scope,
        query_model=model,
        tag=tag,
        query=query,
        embedding=direction(at).astype(np.float16),
        pool_id=pool_id,
        created_at=created_at,
        expires_at=expires_at,
    )


def candidate(number: int) -> Candidate:
    """Return a photo's description."""
    return Candidate(
        id=f"pixabay:{number}",
        url=f"https://pixabay.com/get/{number}_640.jpg",
        page_url=f"https://pixabay.com/photos/{number}/",
        width=640,
        height=427,
        author="Zoë",
        author_url="https://pixabay.com/users/zoe-1/",
        tags=("tiger", "big cat"),
        source="pixabay",
    )


def pool(
    count: int = 3,
    *,
    tag: str = "tiger",
    fetched_at: float = 1_800_000_000.0,
    lifetime_s: float = 86_400.0,
) -> Pool:
    """Return a pool of random unit rows."""
    rows = np.random.default_rng(count).normal(size=(count, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Pool(
        id="pool-1" if tag == "tiger" else f"pool-{tag}",
        key=PoolKey("pixabay", tag, NO_FILTERS, 100, "c" * 16),
        candidates=tuple(candidate(n) for n in range(count)),
        embeddings=rows.astype(np.float16),
        fetched_at=fetched_at,
        expires_at=fetched_at + lifetime_s,
    )


def ranking(*scores: float) -> Ranking:
    """Rank positions by these scores."""
    return Ranking.of(np.array(scores, dtype=np.float32))
