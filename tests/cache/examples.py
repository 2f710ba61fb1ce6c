"""Entries, pools and rankings for tests."""

import numpy as np

from cache.entries.entry import Draft, Entry
from cache.entries.ranking import Ranking
from cache.journal.records import NOWHERE, Mark
from cache.pools.filters import NO_FILTERS
from cache.pools.pool import Candidate, Pool, PoolKey

MODEL = "f" * 16
SCOPE = "scope-one"
NOW = 1_800_000_000.0
DAY_S = 86_400.0


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
    scope: str = SCOPE,
    model: str = MODEL,
    pool_id: str = "pool-1",
    created_at: float = NOW,
    expires_at: float = NOW + DAY_S,
    since: int = 0,
) -> Entry:
    """Return what is remembered of a query."""
    return Entry(
        scope=scope,
        query_model=model,
        tag=tag,
        query=query,
        pool_id=pool_id,
        created_at=created_at,
        expires_at=expires_at,
        since=since,
    )


def draft(
    query: str = "a tiger",
    *,
    at: float = 1.0,
    tag: str = "tiger",
    of: Pool | None = None,
    scores: tuple[float, ...] = (0.1, 0.7, 0.3),
    begun: Mark = NOWHERE,
    **fields: object,
) -> Draft:
    """Return a fresh ranking of a pool, whose query lies at a similarity to `direction(1.0)`."""
    ranked = of or pool(tag=tag)
    told = {"pool_id": ranked.id, "expires_at": ranked.expires_at} | fields
    embedding = direction(at).astype(np.float16)
    return Draft(entry(query, tag=tag, **told), embedding, ranking(*scores), ranked, begun)


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
    pool_id: str | None = None,
    fetched_at: float = NOW,
    lifetime_s: float = DAY_S,
    begun: Mark = NOWHERE,
) -> Pool:
    """Return a pool of random unit rows."""
    rows = np.random.default_rng(count).normal(size=(count, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Pool(
        id=pool_id or ("pool-1" if tag == "tiger" else f"pool-{tag}"),
        key=PoolKey("pixabay", tag, NO_FILTERS, 100, "c" * 16),
        candidates=tuple(candidate(n) for n in range(count)),
        embeddings=rows.astype(np.float16),
        fetched_at=fetched_at,
        expires_at=fetched_at + lifetime_s,
        begun=begun,
    )


def ranking(*scores: float) -> Ranking:
    """Rank positions by these scores."""
    return Ranking.of(np.array(scores, dtype=np.float32))
