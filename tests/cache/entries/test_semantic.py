"""The semantic cache: what is found, by text and by meaning, and until when."""

import gc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cache.entries.codec import encode_entry
from cache.entries.entry import Entry
from cache.entries.semantic import SemanticCache
from cache.errors import StoreUnavailable
from cache.journal.records import Positioned, Record, RecordKind
from cache.stores.protocol import Blob, BlobKind
from cache.stores.sqlite import SqliteStore
from index import FlatIndex
from tests.cache.away import Interruptible
from tests.cache.examples import MODEL, SCOPE, direction, entry, ranking
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

ASKED = direction(1.0)
DAY_S = 86_400.0


@pytest.fixture
def index() -> FlatIndex:
    return FlatIndex(4)


@pytest.fixture
def cache(store: SqliteStore, index: FlatIndex, clock: ManualClock) -> SemanticCache:
    return SemanticCache(store, index, MODEL, clock)


@pytest.fixture
def learn(cache: SemanticCache) -> Callable[..., None]:
    """Apply entries or raw records as the journal would bring them, in one batch."""
    positions = iter(range(1, 10_000))

    def apply(*learnt: Entry | Record) -> None:
        cache.apply([Positioned(next(positions), as_record(one)) for one in learnt])

    return apply


def as_record(one: Entry | Record) -> Record:
    if isinstance(one, Record):
        return one
    return Record(RecordKind.ENTRY, encode_entry(one), one.expires_at)


def of(**fields: object) -> Record:
    """Return a record of a sound entry, with some of the record's fields different."""
    return replace(as_record(entry("of another kind")), **fields)


def queries(cache: SemanticCache, scope: str = SCOPE, k: int = 16) -> list[str]:
    """What is found near the asked direction, nearest first."""
    return [near.entry.query for near in cache.nearest(scope, ASKED, k)]


def held(index: FlatIndex) -> int:
    """Vectors in the index, over all scopes."""
    return sum(index.statistics().entries.values())


async def test_exact_finds_the_very_query(cache, learn):
    """A remembered query is found by scope, tag and text."""
    learn(entry("a tiger"))

    assert cache.exact(SCOPE, "tiger", "a tiger").pool_id == "pool-1"


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(("scope-two", "tiger", "a tiger"), id="scope"),
        pytest.param((SCOPE, "cat", "a tiger"), id="tag"),
        pytest.param((SCOPE, "tiger", "tiger"), id="query"),
    ],
)
async def test_exact_misses_anything_else(cache, learn, asked):
    """Another scope, tag or text is a miss, however near."""
    learn(entry("a tiger"))

    assert cache.exact(*asked) is None


async def test_an_empty_cache_finds_nothing(cache):
    """Nothing learnt, nothing found."""
    assert cache.exact(SCOPE, "tiger", "a tiger") is None
    assert cache.nearest(SCOPE, ASKED) == []


async def test_nearest_comes_in_order_of_similarity(cache, learn):
    """The nearest query comes first, of whatever tag."""
    learn(entry("far", at=0.2), entry("near", at=0.9, tag="cat"), entry("middle", at=0.5))

    assert queries(cache) == ["near", "middle", "far"]


async def test_nearest_tells_the_cosine(cache, learn):
    """Similarity is the cosine of the embeddings, within half precision."""
    learn(entry(at=0.8))

    (near,) = cache.nearest(SCOPE, ASKED)

    assert near.similarity == pytest.approx(0.8, abs=1e-3)


async def test_nearest_returns_at_most_k(cache, learn):
    """No more than k entries come back, the nearest of them."""
    learn(*(entry(f"query {n}", at=n / 10) for n in range(10)))

    assert queries(cache, k=2) == ["query 9", "query 8"]


async def test_nearest_never_leaves_its_scope(cache, learn):
    """An identical query of another scope is not found."""
    learn(entry("elsewhere", scope="scope-two"), entry("here", at=0.1))

    assert queries(cache) == ["here"]
    assert queries(cache, "scope-two") == ["elsewhere"]
    assert queries(cache, "scope-three") == []


async def test_the_same_query_lives_in_two_scopes(cache, learn):
    """Learning a query in one scope replaces nothing in another."""
    learn(entry(pool_id="one"), entry(pool_id="two", scope="scope-two"))

    assert cache.exact(SCOPE, "tiger", "a tiger").pool_id == "one"
    assert cache.exact("scope-two", "tiger", "a tiger").pool_id == "two"


async def test_an_entry_lives_until_its_end(cache, learn, clock):
    """One second before its end an entry is found both ways."""
    learn(entry(expires_at=clock.now() + DAY_S))

    clock.advance(seconds=DAY_S - 1)

    assert cache.exact(SCOPE, "tiger", "a tiger")
    assert queries(cache) == ["a tiger"]


async def test_an_entry_is_a_miss_from_its_end_on(cache, learn, clock):
    """At the very moment of its end an entry is a miss both ways, swept or not."""
    learn(entry(expires_at=clock.now() + DAY_S))

    clock.advance(seconds=DAY_S)

    assert cache.exact(SCOPE, "tiger", "a tiger") is None
    assert queries(cache) == []


async def test_an_entry_not_swept_lives_again_when_the_clock_steps_back(cache, learn, clock):
    """Wall time alone decides: before its end by the clock, an entry is served."""
    learn(entry(expires_at=clock.now() + 60))
    clock.advance(seconds=61)

    clock.step_back(seconds=10)

    assert queries(cache) == ["a tiger"]


async def test_a_swept_entry_stays_away_when_the_clock_steps_back(cache, learn, clock):
    """What was let go is not served again, whatever the clock does."""
    learn(entry(expires_at=clock.now() + 60))
    clock.advance(seconds=61)
    cache.sweep()

    clock.step_back(seconds=10)

    assert cache.exact(SCOPE, "tiger", "a tiger") is None
    assert queries(cache) == []


async def test_sweep_lets_go_of_what_has_expired_and_nothing_else(cache, learn, clock, index):
    """Expired entries leave the cache and the index; live ones stay in both."""
    learn(
        entry("first", expires_at=clock.now() + 10),
        entry("second", expires_at=clock.now() + 20, at=0.9),
        entry("third", expires_at=clock.now() + 30, scope="scope-two"),
    )
    clock.advance(seconds=20)

    assert cache.sweep() == 2
    assert len(cache) == held(index) == 1
    assert queries(cache, "scope-two") == ["third"]


async def test_sweep_with_nothing_due_lets_nothing_go(cache, learn):
    """A sweep before any end changes nothing."""
    learn(entry())

    assert cache.sweep() == 0
    assert len(cache) == 1


async def test_sweep_frees_memory(cache, learn, clock):
    """Of a thousand expired entries nothing is kept alive."""
    learn(*(entry(f"query {n}", tag="swept", expires_at=clock.now() + 1) for n in range(1000)))
    clock.advance(seconds=1)

    cache.sweep()
    gc.collect()

    assert cache.vector_bytes == 0
    # By its very type: `isinstance` would ask every object of every library for its class
    entries = [one for one in gc.get_objects() if type(one) is Entry]
    assert not [one for one in entries if one.tag == "swept"]


async def test_a_query_learnt_again_in_one_batch_is_the_newer(cache, learn, index):
    """Of two records of one query in one batch the later counts, and the index holds one."""
    learn(entry(pool_id="old", at=0.3), entry(pool_id="new", at=0.9))

    (near,) = cache.nearest(SCOPE, ASKED)
    assert near.entry.pool_id == cache.exact(SCOPE, "tiger", "a tiger").pool_id == "new"
    assert len(cache) == held(index) == 1


async def test_a_query_learnt_again_later_is_the_newer(cache, learn, index):
    """A later batch replaces what an earlier one brought, and the index holds one."""
    learn(entry(pool_id="old", at=0.3))

    learn(entry(pool_id="new", at=0.9))

    (near,) = cache.nearest(SCOPE, ASKED)
    assert near.entry.pool_id == cache.exact(SCOPE, "tiger", "a tiger").pool_id == "new"
    assert len(cache) == held(index) == 1


async def test_the_end_of_a_replaced_entry_spares_its_successor(cache, learn, clock):
    """Sweeping at the old entry's end leaves the new one."""
    learn(entry(pool_id="old", expires_at=clock.now() + 10))
    learn(entry(pool_id="new", expires_at=clock.now() + 20))
    clock.advance(seconds=10)

    assert cache.sweep() == 0
    assert cache.exact(SCOPE, "tiger", "a tiger").pool_id == "new"


async def test_a_batch_applied_twice_changes_nothing(cache, clock, index):
    """A follower cut off between two steps may bring a batch again."""
    batch = [Positioned(7, as_record(entry(expires_at=clock.now() + 10)))]
    cache.apply(batch)

    cache.apply(batch)

    assert len(cache) == held(index) == 1
    clock.advance(seconds=10)
    assert cache.sweep() == 1


async def test_an_entry_of_another_query_model_is_passed_over(cache, learn):
    """Embeddings of two models are never compared, and that is no mistake."""
    learn(entry("theirs", model="another"), entry("ours"))

    assert queries(cache) == ["ours"]
    assert cache.invalid_records == 0


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(of(body=b"no entry"), id="corrupt"),
        pytest.param(of(body=as_record(entry()).body[:-1]), id="truncated"),
        pytest.param(of(body=b""), id="empty"),
        pytest.param(
            as_record(replace(entry(), embedding=np.ones(5, np.float16))),
            id="an embedding of another length",
        ),
    ],
)
async def test_a_record_that_cannot_be_read_is_counted_and_passed_over(cache, learn, record):
    """One bad record costs itself, not what stands before and behind it."""
    learn(entry("before"), record, entry("behind", at=0.9))

    assert queries(cache) == ["before", "behind"]
    assert cache.invalid_records == 1


async def test_a_record_of_an_unknown_kind_is_passed_over(cache, learn):
    """Kinds that a newer version writes are no mistake."""
    learn(of(kind="eviction"), entry("behind"))

    assert queries(cache) == ["behind"]
    assert cache.invalid_records == 0


async def test_a_record_that_has_expired_is_passed_over(cache, learn, clock):
    """What has ended before it arrives is never taken in."""
    learn(entry(expires_at=clock.now()))

    assert len(cache) == 0


async def test_remember_takes_nothing_in_by_itself(cache):
    """An entry is found once the journal brings it back, not before."""
    await cache.remember(entry(), ranking(1, 2))

    assert len(cache) == 0


async def test_what_is_remembered_can_be_applied(cache, store):
    """The journal brings back what was remembered, under the position it was given."""
    position = await cache.remember(entry(), ranking(1, 2))
    page = await store.read(0, 10)

    cache.apply(page.records)

    assert page.end == position
    assert queries(cache) == ["a tiger"]


async def test_ranking_is_read_back_as_remembered(cache):
    """A remembered ranking comes back with the very same scores."""
    written = ranking(0.1, 0.7, 0.3)
    await cache.remember(entry(), written)

    read = await cache.ranking(entry())

    assert read.top(3) == written.top(3)


async def test_ranking_read_once_needs_no_store(store, clock):
    """A hit served again asks the store for nothing."""
    door = Interruptible(store)
    cache = SemanticCache(door, FlatIndex(4), MODEL, clock)
    await cache.remember(entry(), ranking(0.1, 0.7))
    first = await cache.ranking(entry())

    door.away = True

    assert await cache.ranking(entry()) is first


async def test_ranking_never_read_needs_the_store(store, clock):
    """Where the store is away, what is not in memory cannot be had."""
    door = Interruptible(store)
    cache = SemanticCache(door, FlatIndex(4), MODEL, clock)
    await cache.remember(entry(), ranking(0.1, 0.7))
    door.away = True

    with pytest.raises(StoreUnavailable):
        await cache.ranking(entry())


async def test_ranking_ends_with_its_entry(cache, clock):
    """A ranking past its entry's end is gone."""
    await cache.remember(entry(expires_at=clock.now() + 10), ranking(1, 2))

    clock.advance(seconds=10)

    assert await cache.ranking(entry()) is None


async def test_ranking_of_another_pool_is_not_found(cache):
    """The same query ranked on another fetch has a ranking of its own."""
    await cache.remember(entry(pool_id="old"), ranking(1, 2))

    assert await cache.ranking(entry(pool_id="new")) is None
    assert cache.invalid_records == 0


async def test_ranking_that_cannot_be_read_is_a_miss(cache, store, clock):
    """A corrupt ranking is counted and treated as absent."""
    blob = Blob(BlobKind.RANKING, entry().ranking_key, b"no ranking", clock.now() + 10)
    await store.put([blob])

    assert await cache.ranking(entry()) is None
    assert cache.invalid_records == 1


async def test_reset_forgets_everything(cache, learn, index):
    """After a reset nothing is found and nothing is held."""
    learn(entry(), entry("elsewhere", scope="scope-two"))

    cache.reset()

    assert len(cache) == held(index) == 0
    assert cache.exact(SCOPE, "tiger", "a tiger") is None


async def test_after_a_reset_positions_may_come_again(cache, clock, index):
    """Another journal counts from 1 again, and its entries end when they say."""
    cache.apply([Positioned(1, as_record(entry("old", expires_at=clock.now() + 10)))])
    cache.reset()

    cache.apply([Positioned(1, as_record(entry("new", expires_at=clock.now() + 20)))])
    clock.advance(seconds=10)

    assert cache.sweep() == 0
    assert queries(cache) == ["new"]
    assert held(index) == 1
