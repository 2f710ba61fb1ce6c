"""The semantic cache: what is found, by text and by meaning, and until when."""

import gc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cache.entries.codec import encode_entry
from cache.entries.entry import Draft, Entry
from cache.entries.semantic import SemanticCache
from cache.errors import StoreUnavailable
from cache.journal.notices import Deletion, Eviction
from cache.journal.records import NOWHERE, Mark, Positioned, Record, RecordKind
from cache.journal.view import View
from cache.sharing.invalidation import Deletions
from cache.stores.protocol import Blob, BlobKind
from cache.stores.sqlite import SqliteStore
from index import FlatIndex
from tests.cache.away import Interruptible
from tests.cache.examples import DAY_S, MODEL, NOW, SCOPE, direction, draft, entry, pool
from tests.cache.spoiling import spoilt
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

ASKED = direction(1.0)


@pytest.fixture
def index() -> FlatIndex:
    return FlatIndex(4)


@pytest.fixture
def door(store: SqliteStore) -> Interruptible:
    return Interruptible(store)


@pytest.fixture
def deletions(clock: ManualClock) -> Deletions:
    return Deletions(clock)


@pytest.fixture
def cache(
    door: Interruptible, index: FlatIndex, deletions: Deletions, clock: ManualClock
) -> SemanticCache:
    return SemanticCache(door, index, MODEL, deletions, clock)


@pytest.fixture
def learn(cache: SemanticCache, deletions: Deletions) -> Callable[..., None]:
    """Apply drafts or raw records as the journal would bring them, in one batch."""
    positions = iter(range(1, 10_000))
    view = View([deletions, cache])

    def apply(*learnt: Draft | Record) -> None:
        view.apply([Positioned(next(positions), as_record(one)) for one in learnt])

    return apply


def as_record(one: Draft | Record) -> Record:
    if isinstance(one, Record):
        return one
    body = encode_entry(one.entry, one.embedding)
    return Record(RecordKind.ENTRY, body, one.entry.expires_at)


def deletion(tag: str | None = None, query: str | None = None) -> Record:
    return Deletion(tag, query).record(NOW)


def eviction(*positions: int) -> Record:
    return Eviction(positions).record(NOW)


def of(**fields: object) -> Record:
    """Return a record of a sound entry, with some of the record's fields different."""
    return replace(as_record(draft("of another kind")), **fields)


def queries(cache: SemanticCache, scope: str = SCOPE, k: int = 16) -> list[str]:
    """What is found near the asked direction, nearest first."""
    return [near.entry.query for near in cache.nearest(scope, ASKED, k)]


def held(index: FlatIndex) -> int:
    """Vectors in the index, over all scopes."""
    return sum(index.statistics().entries.values())


async def test_exact_finds_the_very_query(cache, learn):
    """A remembered query is found by scope, tag and text."""
    learn(draft("a tiger"))

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
    learn(draft("a tiger"))

    assert cache.exact(*asked) is None


async def test_an_empty_cache_finds_nothing(cache):
    """Nothing learnt, nothing found."""
    assert cache.exact(SCOPE, "tiger", "a tiger") is None
    assert cache.nearest(SCOPE, ASKED) == []


async def test_nearest_comes_in_order_of_similarity(cache, learn):
    """The nearest query comes first, of whatever tag."""
    learn(draft("far", at=0.2), draft("near", at=0.9, tag="cat"), draft("middle", at=0.5))

    assert queries(cache) == ["near", "middle", "far"]


async def test_nearest_tells_the_cosine(cache, learn):
    """Similarity is the cosine of the embeddings, within half precision."""
    learn(draft(at=0.8))

    (near,) = cache.nearest(SCOPE, ASKED)

    assert near.similarity == pytest.approx(0.8, abs=1e-3)


async def test_nearest_returns_at_most_k(cache, learn):
    """No more than k entries come back, the nearest of them."""
    learn(*(draft(f"query {n}", at=n / 10) for n in range(10)))

    assert queries(cache, k=2) == ["query 9", "query 8"]


async def test_nearest_never_leaves_its_scope(cache, learn):
    """An identical query of another scope is not found."""
    learn(draft("elsewhere", scope="scope-two"), draft("here", at=0.1))

    assert queries(cache) == ["here"]
    assert queries(cache, "scope-two") == ["elsewhere"]
    assert queries(cache, "scope-three") == []


async def test_the_same_query_lives_in_two_scopes(cache, learn):
    """Learning a query in one scope replaces nothing in another."""
    learn(draft(pool_id="one"), draft(pool_id="two", scope="scope-two"))

    assert cache.exact(SCOPE, "tiger", "a tiger").pool_id == "one"
    assert cache.exact("scope-two", "tiger", "a tiger").pool_id == "two"


async def test_an_entry_lives_until_its_end(cache, learn, clock):
    """One second before its end an entry is found both ways."""
    learn(draft(expires_at=clock.now() + DAY_S))

    clock.advance(seconds=DAY_S - 1)

    assert cache.exact(SCOPE, "tiger", "a tiger")
    assert queries(cache) == ["a tiger"]


async def test_an_entry_is_a_miss_from_its_end_on(cache, learn, clock):
    """At the very moment of its end an entry is a miss both ways, swept or not."""
    learn(draft(expires_at=clock.now() + DAY_S))

    clock.advance(seconds=DAY_S)

    assert cache.exact(SCOPE, "tiger", "a tiger") is None
    assert queries(cache) == []


async def test_an_entry_not_swept_lives_again_when_the_clock_steps_back(cache, learn, clock):
    """Wall time alone decides: before its end by the clock, an entry is served."""
    learn(draft(expires_at=clock.now() + 60))
    clock.advance(seconds=61)

    clock.step_back(seconds=10)

    assert queries(cache) == ["a tiger"]


async def test_an_entry_is_a_miss_from_its_end_on_after_a_step_back_too(cache, learn, clock):
    """A clock set back does not let an entry outlive the moment it was to end at."""
    learn(draft(expires_at=clock.now() + 60))
    clock.advance(seconds=30)
    clock.step_back(seconds=1000)
    before = queries(cache)

    clock.advance(seconds=1030)

    assert before == ["a tiger"]
    assert queries(cache) == []
    assert cache.exact(SCOPE, "tiger", "a tiger") is None


async def test_a_swept_entry_stays_away_when_the_clock_steps_back(cache, learn, clock):
    """What was let go is not served again, whatever the clock does."""
    learn(draft(expires_at=clock.now() + 60))
    clock.advance(seconds=61)
    cache.sweep()

    clock.step_back(seconds=10)

    assert cache.exact(SCOPE, "tiger", "a tiger") is None
    assert queries(cache) == []


async def test_sweep_lets_go_of_what_has_expired_and_nothing_else(cache, learn, clock, index):
    """Expired entries leave the cache and the index; live ones stay in both."""
    learn(
        draft("first", expires_at=clock.now() + 10),
        draft("second", expires_at=clock.now() + 20, at=0.9),
        draft("third", expires_at=clock.now() + 30, scope="scope-two"),
    )
    clock.advance(seconds=20)

    assert cache.sweep() == 2
    assert len(cache) == held(index) == 1
    assert queries(cache, "scope-two") == ["third"]


async def test_sweep_with_nothing_due_lets_nothing_go(cache, learn):
    """A sweep before any end changes nothing."""
    learn(draft())

    assert cache.sweep() == 0
    assert len(cache) == 1


async def test_sweep_frees_memory(cache, learn, clock):
    """Of a thousand expired entries nothing is kept alive."""
    learn(*(draft(f"query {n}", tag="swept", expires_at=clock.now() + 1) for n in range(1000)))
    clock.advance(seconds=1)

    cache.sweep()
    gc.collect()

    assert cache.vector_bytes == 0
    # By its very type: `isinstance` would ask every object of every library for its class
    entries = [one for one in gc.get_objects() if type(one) is Entry]
    assert not [one for one in entries if one.tag == "swept"]


async def test_a_query_learnt_again_in_one_batch_is_the_newer(cache, learn, index):
    """Of two records of one query in one batch the later counts, and the index holds one."""
    learn(draft(pool_id="old", at=0.3), draft(pool_id="new", at=0.9))

    (near,) = cache.nearest(SCOPE, ASKED)
    assert near.entry.pool_id == cache.exact(SCOPE, "tiger", "a tiger").pool_id == "new"
    assert len(cache) == held(index) == 1


async def test_a_query_learnt_again_later_is_the_newer(cache, learn, index):
    """A later batch replaces what an earlier one brought, and the index holds one."""
    learn(draft(pool_id="old", at=0.3))

    learn(draft(pool_id="new", at=0.9))

    (near,) = cache.nearest(SCOPE, ASKED)
    assert near.entry.pool_id == cache.exact(SCOPE, "tiger", "a tiger").pool_id == "new"
    assert len(cache) == held(index) == 1


async def test_the_end_of_a_replaced_entry_spares_its_successor(cache, learn, clock):
    """Sweeping at the old entry's end leaves the new one."""
    learn(draft(pool_id="old", expires_at=clock.now() + 10))
    learn(draft(pool_id="new", expires_at=clock.now() + 20))
    clock.advance(seconds=10)

    assert cache.sweep() == 0
    assert cache.exact(SCOPE, "tiger", "a tiger").pool_id == "new"


async def test_a_batch_applied_twice_changes_nothing(cache, clock, index):
    """A follower cut off between two steps may bring a batch again."""
    batch = [Positioned(7, as_record(draft(expires_at=clock.now() + 10)))]
    cache.apply(batch)

    cache.apply(batch)

    assert len(cache) == held(index) == 1
    clock.advance(seconds=10)
    assert cache.sweep() == 1


async def test_an_entry_of_another_query_model_is_passed_over(cache, learn):
    """Embeddings of two models are never compared, and that is no mistake."""
    learn(draft("theirs", model="another"), draft("ours"))

    assert queries(cache) == ["ours"]
    assert cache.invalid_records == 0


@pytest.mark.parametrize(
    "record",
    [
        *(pytest.param(of(body=b), id=n) for n, b in spoilt(of().body).items()),
        pytest.param(
            as_record(replace(draft(), embedding=np.ones(5, np.float16))),
            id="an embedding of another length",
        ),
    ],
)
async def test_a_record_that_cannot_be_read_is_counted_and_passed_over(cache, learn, record):
    """One bad record costs itself, not what stands before and behind it."""
    learn(draft("before"), record, draft("behind", at=0.9))

    assert queries(cache) == ["before", "behind"]
    assert cache.invalid_records == 1


async def test_a_record_of_an_unknown_kind_is_passed_over(cache, learn):
    """Kinds that a newer version writes are no mistake."""
    learn(of(kind="something new"), draft("behind"))

    assert queries(cache) == ["behind"]
    assert cache.invalid_records == 0


async def test_a_record_that_has_expired_is_passed_over(cache, learn, clock):
    """What has ended before it arrives is never taken in."""
    learn(draft(expires_at=clock.now()))

    assert len(cache) == 0


async def test_remember_takes_nothing_in_by_itself(cache):
    """An entry is found once the journal brings it back, not before."""
    await cache.remember(draft())

    assert len(cache) == 0


async def test_what_is_remembered_can_be_applied(cache, store):
    """The journal brings back what was remembered, under the position it was given."""
    position = await cache.remember(draft())
    page = await store.read(0, 10)

    cache.apply(page.records)

    assert page.end == position
    assert queries(cache) == ["a tiger"]


async def test_an_entry_tells_when_its_request_began(cache, store):
    """Other replicas must know which deletions it has not seen."""
    generation = (await store.read(0, 1)).generation
    await cache.remember(draft(begun=Mark(generation, 7)))

    cache.apply((await store.read(0, 10)).records)

    assert cache.exact(SCOPE, "tiger", "a tiger").since == 7


async def test_an_entry_of_an_old_journal_counts_from_the_start_of_the_new(cache, store):
    """A position of another journal says nothing in this one, where anything may be newer."""
    await cache.remember(draft(begun=Mark("another journal", 7)))

    cache.apply((await store.read(0, 10)).records)

    assert cache.exact(SCOPE, "tiger", "a tiger").since == 0


async def test_what_was_deleted_since_is_not_remembered(cache, store, learn):
    """A ranking in flight when its query is deleted never reaches the store."""
    learn(deletion(query="a tiger"))

    assert await cache.remember(draft(begun=NOWHERE)) is None
    assert (await store.read(0, 10)).end == 0


async def test_what_an_old_journal_deleted_is_not_remembered_in_the_new(cache, deletions, store):
    """A journal that is replaced takes its deletions with it, not what they were for."""
    deletions.reset("old")
    deletions.apply([Positioned(9, deletion(tag="tiger"))])
    deletions.reset((await store.read(0, 1)).generation)

    assert await cache.remember(draft(begun=Mark("old", 8))) is None
    assert await cache.remember(draft(begun=Mark("old", 9))) == 1


async def test_an_entry_replaced_leaves_the_journal(cache, store):
    """The store keeps one record of a query, and one ranking, however often it is ranked."""
    cache.reset((await store.read(0, 1)).generation)
    await cache.remember(draft(of=pool(pool_id="old"), begun=NOWHERE))
    cache.apply((await store.read(0, 10)).records)

    second = draft(of=pool(pool_id="new"))
    await cache.remember(replace(second, begun=Mark((await store.read(0, 1)).generation, 1)))

    assert [one.position for one in (await store.read(0, 10)).records] == [2]
    assert await cache.ranking(entry(pool_id="old")) is None
    assert await cache.ranking(entry(pool_id="new"))


async def test_an_entry_ranked_again_on_its_pool_keeps_its_ranking(cache, store):
    """The new entry goes by the very ranking that the old one had."""
    generation = (await store.read(0, 1)).generation
    cache.reset(generation)
    for since in (0, 1):
        await cache.remember(draft(begun=Mark(generation, since)))
        cache.apply((await store.read(0, 10)).records)

    assert [one.position for one in (await store.read(0, 10)).records] == [2]
    assert await cache.ranking(entry())


async def test_positions_of_another_journal_are_not_freed(cache, store, learn):
    """Where the journal has been replaced, a position there is some other entry's."""
    cache.reset("old")
    learn(draft())
    await store.append([as_record(draft("another"))])

    await cache.remember(draft(begun=Mark("old", 1)))

    assert [one.position for one in (await store.read(0, 10)).records] == [1, 2]


@pytest.mark.parametrize(
    ("deleted", "left"),
    [
        pytest.param(deletion(tag="tiger"), ["two horses"], id="a tag"),
        pytest.param(deletion(query="two"), ["one", "two horses"], id="a query"),
        pytest.param(deletion("tiger", "one"), ["two", "two horses"], id="a query of a tag"),
        pytest.param(deletion("horse", "one"), ["one", "two", "two horses"], id="nothing there"),
        pytest.param(deletion(), [], id="everything"),
    ],
)
async def test_a_deletion_takes_what_it_covers(cache, learn, index, deleted, left):
    """A tag's entries, a query's, those of both or all of them go; no others."""
    learn(draft("one"), draft("two", at=0.9), draft("two horses", tag="horse", at=0.8))

    learn(deleted)

    assert queries(cache) == left
    assert held(index) == len(left)


async def test_a_deletion_reaches_every_scope(cache, learn):
    """What is deleted is deleted whatever the filters it was asked with."""
    learn(draft("here"), draft("elsewhere", scope="scope-two"))

    learn(deletion(tag="tiger"))

    assert len(cache) == 0


async def test_what_was_begun_before_a_deletion_is_dead_on_arrival(cache, learn):
    """An entry behind a deletion that its request has not seen is never taken in."""
    learn(deletion(tag="tiger"), draft("unaware", since=0), draft("aware", since=1))

    assert queries(cache) == ["aware"]


async def test_an_entry_that_is_dead_replaces_nothing(cache, learn):
    """What never lived cannot push out what does."""
    learn(deletion(tag="tiger"), draft(since=1, pool_id="live"), draft(since=0, pool_id="dead"))

    assert cache.exact(SCOPE, "tiger", "a tiger").pool_id == "live"


async def test_an_unreadable_deletion_takes_everything_older(cache, learn):
    """Nobody knows what it was for; what is begun after it is safe."""
    learn(draft("older"))

    learn(Record(RecordKind.DELETION, b"no deletion", NOW + DAY_S), draft("newer", since=2))

    assert queries(cache) == ["newer"]


async def test_an_eviction_takes_its_positions(cache, learn, index):
    """What was evicted goes here too, and what it does not name stays."""
    learn(draft("one"), draft("two", at=0.9), draft("three", at=0.8))

    learn(eviction(1, 3, 99))

    assert queries(cache) == ["two"]
    assert held(index) == 1


async def test_an_eviction_may_name_a_position_twice(cache, learn):
    """What is gone once is gone; a follower must not stumble over it."""
    learn(draft("one"), draft("two", at=0.9))

    learn(eviction(1, 1))

    assert queries(cache) == ["two"]


async def test_an_unreadable_eviction_takes_nothing(cache, learn):
    """Room is all that is at stake; it is counted."""
    learn(draft())

    learn(Record(RecordKind.EVICTION, b"no eviction", NOW + DAY_S))

    assert queries(cache) == ["a tiger"]
    assert cache.invalid_records == 1


async def test_what_is_used_outlasts_what_is_not(cache, learn, clock):
    """The entries worth least are those that were not served, the oldest first."""
    learn(*(draft(f"query {n}", created_at=clock.now() + n) for n in range(4)))
    clock.advance(hours=1)
    cache.used(cache.exact(SCOPE, "tiger", "query 0"))

    assert list(cache.least_worth(2)) == [2, 3]
    assert list(cache.least_worth(2, but={2})) == [3, 4]


async def test_entries_are_known_by_pool_and_by_deletion(cache, learn):
    """Whoever evicts a pool or deletes finds what goes along, and its rankings."""
    learn(draft("one", pool_id="a"), draft("two", pool_id="b"), draft("three", tag="cat"))

    assert list(cache.of_pools(["a", "c"])) == [1]
    assert list(cache.covered_by(Deletion(tag="tiger"))) == [1, 2]


async def test_ranking_is_read_back_as_remembered(cache):
    """A remembered ranking comes back with the very same scores."""
    written = draft()
    await cache.remember(written)

    read = await cache.ranking(written.entry)

    assert read.top(3) == written.ranking.top(3)


async def test_ranking_read_once_needs_no_store(cache, learn, door):
    """A hit served again asks the store for nothing."""
    written = draft()
    await cache.remember(written)
    learn(written)
    remembered = cache.exact(SCOPE, "tiger", "a tiger")
    first = await cache.ranking(remembered)

    door.away = True

    assert await cache.ranking(remembered) is first


async def test_ranking_never_read_needs_the_store(cache, door):
    """Where the store is away, what is not in memory cannot be had."""
    await cache.remember(draft())
    door.away = True

    with pytest.raises(StoreUnavailable):
        await cache.ranking(entry())


async def test_ranking_of_an_entry_that_went_is_not_kept(cache, door, learn):
    """With its entry a ranking leaves memory too."""
    await cache.remember(draft())
    learn(draft())
    await cache.ranking(entry())

    learn(deletion(tag="tiger"))

    door.away = True
    with pytest.raises(StoreUnavailable):
        await cache.ranking(entry())


async def test_ranking_ends_with_its_entry(cache, clock):
    """A ranking past its entry's end is gone."""
    await cache.remember(draft(expires_at=clock.now() + 10))

    clock.advance(seconds=10)

    assert await cache.ranking(entry()) is None


async def test_ranking_of_another_pool_is_not_found(cache):
    """The same query ranked on another fetch has a ranking of its own."""
    await cache.remember(draft(pool_id="old"))

    assert await cache.ranking(entry(pool_id="new")) is None
    assert cache.invalid_records == 0


@pytest.mark.parametrize("spoiling", spoilt(b"any").keys())
async def test_ranking_that_cannot_be_read_is_a_miss(cache, store, clock, spoiling):
    """A corrupt ranking is counted and treated as absent, and another takes its place."""
    await cache.remember(draft())
    key = entry().ranking_key
    body = spoilt((await store.get(BlobKind.RANKING, [key]))[key])[spoiling]
    await store.put([Blob(BlobKind.RANKING, key, body, clock.now() + 10)])

    assert await cache.ranking(entry()) is None
    assert cache.invalid_records == 1

    await cache.remember(draft())
    assert await cache.ranking(entry())


async def test_reset_forgets_everything(cache, learn, index):
    """After a reset nothing is found and nothing is held."""
    learn(draft(), draft("elsewhere", scope="scope-two"))

    cache.reset("another")

    assert len(cache) == held(index) == 0
    assert cache.exact(SCOPE, "tiger", "a tiger") is None


async def test_after_a_reset_positions_may_come_again(cache, clock, index):
    """Another journal counts from 1 again, and its entries end when they say."""
    cache.apply([Positioned(1, as_record(draft("old", expires_at=clock.now() + 10)))])
    cache.reset("another")

    cache.apply([Positioned(1, as_record(draft("new", expires_at=clock.now() + 20)))])
    clock.advance(seconds=10)

    assert cache.sweep() == 0
    assert queries(cache) == ["new"]
    assert held(index) == 1


async def test_entries_that_replace_each_other_leave_nothing_behind(cache, learn):
    """What is remembered again and again takes no more room than once."""
    for _ in range(3000):
        learn(draft())

    cache.sweep()

    assert len(cache) == 1
    assert len(cache._ends) <= 1


async def test_what_comes_back_after_an_eviction_counts_as_used(store, clock):
    """It was asked for again; of others that are as new nobody knows that yet."""
    cache = SemanticCache(store, FlatIndex(4), MODEL, Deletions(clock), clock, most=20)
    records = [
        as_record(draft("comes back")),
        eviction(1),
        as_record(draft("comes back", created_at=NOW + 1)),
        as_record(draft("is new", created_at=NOW + 1)),
    ]
    for position, record in enumerate(records, 1):
        cache.apply([Positioned(position, record)])

    assert list(cache.least_worth(1)) == [4]
