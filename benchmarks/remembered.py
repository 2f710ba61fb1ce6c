"""Entries and pools by the thousand, as the service would write them, for benchmarks of stores."""

import secrets
from collections.abc import Mapping, Sequence
from random import Random

import numpy as np

from cache.clock import Clock
from cache.entries.codec import encode_entry, encode_ranking
from cache.entries.entry import Entry
from cache.entries.ranking import Ranking
from cache.journal.notices import Eviction
from cache.journal.records import NOWHERE, Record, RecordKind
from cache.pools.filters import NO_FILTERS
from cache.pools.pool import Candidate, Pool, PoolKey
from cache.stores.protocol import Blob, BlobKind, Freed, Store

__all__ = ["POOL_SIZE", "SCOPE", "evict_every_second", "make_pool", "remember"]

POOL_SIZE = 200
SCOPE = "5c" * 16

_DIMENSION = 384
_CLIP_DIMENSION = 512
_TAGS = 500
_AT_ONCE = 500
_LIFETIME_S = 24 * 3600.0
_WORDS = (
    "horses amidst flowers mountains under dark skies red boat on calm water children playing "
    "football in autumn rain old town street at night with lanterns snow covered cabin forest"
).split()


async def remember(store: Store, count: int, query_model: str, clock: Clock) -> dict[int, str]:
    """
    Append so many entries with rankings of pools of 200, all different.

    Returns:
        Names of their rankings, by position.
    """
    rng, chance = np.random.default_rng(7), Random(7)
    pools = [secrets.token_hex(8) for _ in range(_TAGS)]
    written: dict[int, str] = {}
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        entries = [_entry(number, query_model, pools, chance, clock) for number in numbers]
        records = [_record(entry, rng) for entry in entries]
        last = await store.append(records, [_ranking(entry, rng) for entry in entries])
        first = last - len(entries) + 1
        written |= {first + n: entry.ranking_key for n, entry in enumerate(entries)}
    return written


async def evict_every_second(store: Store, written: Mapping[int, str], clock: Clock) -> None:
    """Evict every second entry, scattered all over the journal, as eviction does it."""
    going = sorted(written)[::2]
    for start in range(0, len(going), _AT_ONCE):
        some = going[start : start + _AT_ONCE]
        record = Eviction(positions=some).record(clock.now())
        await store.append([record], freed=Freed(some, [written[p] for p in some]))


def make_pool(number: int, clock: Clock) -> Pool:
    """Return a pool of 200 photos with descriptions as long as Pixabay's."""
    rng, chance = np.random.default_rng(number), Random(number)
    rows = rng.normal(size=(POOL_SIZE, _CLIP_DIMENSION))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    now = clock.now()
    return Pool(
        id=secrets.token_hex(8),
        key=PoolKey("pixabay", f"tag {number}", NO_FILTERS, POOL_SIZE, "c1" * 8),
        candidates=tuple(_candidate(chance) for _ in range(POOL_SIZE)),
        embeddings=rows.astype(np.float16),
        fetched_at=now,
        expires_at=now + _LIFETIME_S,
        begun=NOWHERE,
    )


def _entry(
    number: int, query_model: str, pools: Sequence[str], chance: Random, clock: Clock
) -> Entry:
    now = clock.now()
    tag = number % _TAGS
    query = " ".join(chance.sample(_WORDS, 5))
    ends = now + _LIFETIME_S - chance.random() * _LIFETIME_S / 2
    text = f"{query} {number}"
    return Entry(SCOPE, query_model, f"tag {tag}", text, pools[tag], now, ends, number)


def _record(entry: Entry, rng: np.random.Generator) -> Record:
    vector = rng.normal(size=_DIMENSION)
    embedding = (vector / np.linalg.norm(vector)).astype(np.float16)
    return Record(RecordKind.ENTRY, encode_entry(entry, embedding), entry.expires_at)


def _ranking(entry: Entry, rng: np.random.Generator) -> Blob:
    ranking = Ranking.of(rng.normal(20, 3, POOL_SIZE).astype(np.float32))
    key, body = entry.ranking_key, encode_ranking(ranking)
    return Blob(BlobKind.RANKING, key, body, entry.expires_at)


def _candidate(chance: Random) -> Candidate:
    """Return a description; the part of the address that no compression shortens is random."""
    number, user = chance.randrange(10**7), chance.randrange(10**8)
    words = chance.sample(_WORDS, 5)
    return Candidate(
        id=f"pixabay:{number}",
        url=f"https://pixabay.com/get/g{chance.randbytes(64).hex()}_640.jpg",
        page_url=f"https://pixabay.com/photos/{'-'.join(words[:4])}-{number}/",
        width=640,
        height=chance.randrange(300, 700),
        author=f"{words[0]}{user % 1000}",
        author_url=f"https://pixabay.com/users/{words[0]}{user % 1000}-{user}/",
        tags=tuple(words[:3]),
        source="pixabay",
    )
