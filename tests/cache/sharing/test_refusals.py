"""Refusals: what a source would not give, for a while and for all replicas."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.errors import RecordInvalid, StoreUnavailable
from cache.journal.notices import Deletion
from cache.journal.records import Positioned, Record, RecordKind
from cache.journal.view import View
from cache.seal import seal_fields
from cache.sharing.invalidation import Deletions
from cache.sharing.refusals import Refusal, Refusals
from cache.stores.sqlite import SqliteStore
from tests.cache.away import Interruptible
from tests.cache.examples import DAY_S, NOW, pool
from tests.cache.spoiling import ANYTHING, every_flip
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

KEY = pool().key


def refusal(sentence: str = "No.", *, tag: str = "tiger", lifetime_s: float = 60.0) -> Refusal:
    return Refusal(pool(tag=tag).key.digest, tag, "SourceRefused", sentence, NOW + lifetime_s)


class Reader:
    """The refusals of one replica, which reads the journal when told to."""

    def __init__(self, store: Interruptible, clock: ManualClock) -> None:
        deletions = Deletions(clock)
        self.store = store
        self.refusals = Refusals(store, deletions, clock)
        self.view = View([deletions, self.refusals])

    async def follow(self) -> Refusals:
        """Read the journal from its start."""
        self.view.apply((await self.store.read(0, 100)).records)
        return self.refusals

    async def sentence(self) -> str | None:
        """Return what is told of the tiger."""
        found = (await self.follow()).get(KEY)
        return None if found is None else found.sentence


@pytest.fixture
def door(store: SqliteStore) -> Interruptible:
    return Interruptible(store)


@pytest.fixture
def ours(door: Interruptible, clock: ManualClock) -> Reader:
    return Reader(door, clock)


@pytest.fixture
def others(store: SqliteStore, clock: ManualClock) -> Reader:
    return Reader(Interruptible(store), clock)


async def test_a_refusal_is_known_at_once_and_everywhere(ours, others):
    """This replica need not wait for the journal; the others read of it."""
    await ours.refusals.add(refusal())

    assert ours.refusals.get(KEY) == refusal()
    assert await others.sentence() == "No."


async def test_what_was_not_refused_may_be_asked(ours):
    """Another tag's refusal is none of this one's."""
    await ours.refusals.add(refusal(tag="horse"))

    assert ours.refusals.get(KEY) is None


@pytest.mark.parametrize("lifetime_s", [2.0, 60.0])
async def test_a_refusal_holds_exactly_as_long_as_it_says(ours, others, clock, lifetime_s):
    """A second before its end it is in force, at its end it is not, on every replica."""
    await ours.refusals.add(refusal(lifetime_s=lifetime_s))
    await others.follow()

    clock.advance(seconds=lifetime_s - 1)
    before = [reader.refusals.get(KEY) for reader in (ours, others)]
    clock.advance(seconds=1)

    assert all(before)
    assert [reader.refusals.get(KEY) for reader in (ours, others)] == [None, None]


async def test_the_last_refusal_counts(ours, others):
    """What the source said last is what people are told."""
    await ours.refusals.add(refusal("First."))
    await others.refusals.add(refusal("Second."))

    assert await ours.sentence() == await others.sentence() == "Second."


async def test_a_store_that_is_away_costs_only_the_others(ours, others, door):
    """This replica remembers what it was told, whether or not it can tell."""
    door.away = True

    with pytest.raises(StoreUnavailable):
        await ours.refusals.add(refusal())

    assert ours.refusals.get(KEY)
    assert await others.sentence() is None


async def test_a_deleted_tag_may_be_asked_for_again(ours, others, store):
    """Whoever mends something and deletes need not wait for the refusal's end."""
    await ours.refusals.add(refusal())

    await store.append([Deletion(tag="tiger").record(NOW)])

    assert await ours.sentence() is None
    assert await others.sentence() is None


async def test_a_refusal_the_store_never_had_is_deleted_too(ours, store, door):
    """It has no position, and so is older than any deletion."""
    door.away = True
    with pytest.raises(StoreUnavailable):
        await ours.refusals.add(refusal())
    door.away = False

    await store.append([Deletion().record(NOW)])

    assert await ours.sentence() is None


@pytest.mark.parametrize("deletion", [Deletion("horse"), Deletion("tiger", "a")], ids=str)
async def test_other_deletions_leave_a_refusal(ours, store, deletion):
    """What is deleted elsewhere does not send anybody to the source."""
    await ours.refusals.add(refusal())

    await store.append([deletion.record(NOW)])

    assert await ours.sentence() == "No."


async def test_a_refusal_after_a_deletion_is_in_force(ours, store):
    """A tag asked for again may be refused again."""
    await store.append([Deletion(tag="tiger").record(NOW)])
    await ours.follow()

    await ours.refusals.add(refusal())

    assert await ours.sentence() == "No."


async def test_a_refusal_deleted_while_it_is_told_is_not_in_force(ours, store, door):
    """Whether a deletion is read before or after the refusal's append returns, it holds."""
    append = door.append

    async def append_and_delete(*args: object, **rest: object) -> int:
        position = await append(*args, **rest)
        await store.append([Deletion(tag="tiger").record(NOW)])
        await ours.follow()
        return position

    door.append = append_and_delete

    await ours.refusals.add(refusal())

    assert ours.refusals.get(KEY) is None


async def test_sweep_lets_go_of_what_has_ended(ours, clock):
    """Refusals in force stay."""
    await ours.refusals.add(refusal(lifetime_s=2))
    await ours.refusals.add(refusal(tag="horse"))
    clock.advance(seconds=2)

    ours.refusals.sweep()

    assert len(ours.refusals) == 1


async def test_another_journal_has_no_refusals(ours):
    """A store that was emptied sends everybody to the source again."""
    await ours.refusals.add(refusal())

    ours.refusals.reset("another")

    assert ours.refusals.get(KEY) is None


async def test_a_refusal_that_cannot_be_read_is_passed_over(ours, store):
    """One bad record costs itself, not the next one."""
    await store.append([Record(RecordKind.REFUSAL, b"nothing of ours", NOW + DAY_S)])
    await store.append([refusal().record()])

    assert await ours.sentence() == "No."


@given(st.text(), st.text(), st.text(), st.text())
def test_refusal_reads_back_as_written(key, tag, kind, sentence):
    """Any texts survive, and the end."""
    written = Refusal(key, tag, kind, sentence, NOW)

    assert Refusal.of(written.record()) == written


def test_a_wrong_bit_is_refused():
    """Whichever byte is wrong, no refusal is misread."""
    for wrong in every_flip(refusal().record().body):
        with pytest.raises(RecordInvalid):
            Refusal.of(Record(RecordKind.REFUSAL, wrong, NOW))


@given(st.lists(ANYTHING, min_size=4, max_size=4))
def test_reading_raises_nothing_else(fields):
    """Whatever somebody sealed is a refusal or `RecordInvalid`."""
    with suppress(RecordInvalid):
        Refusal.of(Record(RecordKind.REFUSAL, seal_fields(1, fields), NOW))


def test_texts_alone_make_a_refusal():
    """What is no refusal of this version is none."""
    with pytest.raises(RecordInvalid):
        Refusal.of(Record(RecordKind.REFUSAL, seal_fields(1, ["key", "tag", 3, "No."]), NOW))


def test_positions_decide_and_not_the_order_of_arrival(clock):
    """A deletion kills what stands before it in the journal."""
    deletions = Deletions(clock)
    refusals = Refusals(None, deletions, clock)

    View([deletions, refusals]).apply(
        [
            Positioned(1, refusal().record()),
            Positioned(2, Deletion("tiger").record(NOW)),
            Positioned(3, refusal("Again.").record()),
        ]
    )

    assert refusals.get(KEY).sentence == "Again."
