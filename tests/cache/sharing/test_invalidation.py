"""Deletions: what a replica must not serve again."""

import pytest

from cache.journal.notices import Deletion
from cache.journal.records import NOWHERE, Mark, Positioned, Record, RecordKind
from cache.sharing.invalidation import Deletions
from tests.cache.examples import DAY_S, NOW
from tests.cache.spoiling import spoilt
from tests.clocks import ManualClock

OTHER = Positioned(9, Record(RecordKind.ENTRY, b"", NOW + 2 * DAY_S))


@pytest.fixture
def deletions(clock: ManualClock) -> Deletions:
    deletions = Deletions(clock)
    deletions.reset("one")
    return deletions


def at(position: int, *fields: str | None) -> Positioned:
    """Return a deletion as the journal brings it."""
    return Positioned(position, Deletion(*fields).record(NOW))


def test_where_nothing_was_deleted_nothing_is_killed(deletions):
    """Position 0 stands for no deletion."""
    assert deletions.latest("tiger", "a tiger") == 0
    assert not deletions.kills(0, "tiger", "a tiger")


@pytest.mark.parametrize(
    ("fields", "killed"),
    [
        ((), {"tiger a", "tiger b", "horse a", "horse b", "pool tiger", "pool horse"}),
        (("tiger",), {"tiger a", "tiger b", "pool tiger"}),
        ((None, "a"), {"tiger a", "horse a"}),
        (("tiger", "a"), {"tiger a"}),
    ],
)
def test_what_a_deletion_kills(deletions, fields, killed):
    """A tag's deletion takes its entries and pools, a query's its entries alone."""
    deletions.apply([at(5, *fields)])

    asked = {f"{tag} {query}": (tag, query) for tag in ("tiger", "horse") for query in "ab"}
    asked |= {f"pool {tag}": (tag, None) for tag in ("tiger", "horse")}
    assert {name for name, what in asked.items() if deletions.kills(4, *what)} == killed


def test_what_begins_at_the_deletion_lives(deletions):
    """Who has read of a deletion works on what came after it."""
    deletions.apply([at(5, "tiger")])

    assert deletions.kills(4, "tiger")
    assert not deletions.kills(5, "tiger")


def test_the_last_of_several_counts(deletions):
    """Whatever covers it, the newest deletion decides."""
    deletions.apply([at(2, "tiger"), at(5), at(7, None, "a")])

    assert deletions.latest("tiger") == 5
    assert deletions.latest("tiger", "a") == 7
    assert deletions.latest("horse") == 5


def test_a_deletion_told_twice_counts_from_the_later(deletions):
    """Deleting again kills what has come since."""
    deletions.apply([at(2, "tiger"), at(5, "tiger")])

    assert deletions.kills(4, "tiger")
    assert len(deletions) == 1


@pytest.mark.parametrize("spoiling", spoilt(b"any").keys())
def test_an_unreadable_deletion_kills_everything_older(deletions, spoiling):
    """Nobody knows what was to be deleted; losing a cache is better than serving that."""
    body = spoilt(at(5, "tiger").record.body)[spoiling]

    deletions.apply([Positioned(5, Record(RecordKind.DELETION, body, NOW + DAY_S))])

    assert deletions.kills(4, "horse", "any")
    assert deletions.kills(4, "horse")
    assert not deletions.kills(5, "horse", "any")


def test_other_records_are_passed_over(deletions):
    """An entry deletes nothing."""
    deletions.apply([OTHER])

    assert len(deletions) == 0


def test_a_deletion_is_remembered_as_long_as_anything_older_may_live(deletions, clock):
    """A day, the lifetime of a pool, and an hour for whatever is in flight."""
    deletions.apply([at(5, "tiger")])
    clock.advance(hours=24.99)
    deletions.sweep()
    after_a_day = deletions.kills(4, "tiger")

    clock.advance(hours=1.01)
    deletions.sweep()

    assert after_a_day
    assert not deletions.kills(4, "tiger")


def test_a_deletion_repeated_is_remembered_from_the_later(deletions, clock):
    """Forgetting the first one must not forget the second."""
    deletions.apply([at(5, "tiger")])
    clock.advance(hours=20)
    again = Positioned(6, Deletion("tiger").record(clock.now()))
    deletions.apply([again])

    clock.advance(hours=10)
    deletions.apply([OTHER])

    assert deletions.kills(5, "tiger")


def test_a_journal_begun_anew_has_no_deletions(deletions):
    """Positions of the old journal say nothing of what the new one brings."""
    deletions.apply([at(5, "tiger")])

    deletions.reset("two")

    assert len(deletions) == 0
    assert not deletions.kills(0, "tiger")


def test_what_an_old_journal_deleted_stays_deleted(deletions):
    """What was begun in the old journal before its deletion does not come back in the new."""
    deletions.apply([at(5, "tiger")])
    deletions.reset("two")

    assert deletions.kills_from(Mark("one", 4), "tiger")
    assert not deletions.kills_from(Mark("one", 5), "tiger")
    assert not deletions.kills_from(Mark("one", 4), "horse")


def test_what_began_in_an_old_journal_is_older_than_any_deletion_of_the_new(deletions):
    """Whichever came first, nobody can tell: deleting wins."""
    deletions.reset("two")
    deletions.apply([at(1, "tiger")])

    assert deletions.kills_from(Mark("one", 99), "tiger")
    assert not deletions.kills_from(Mark("one", 99), "horse")


def test_what_began_in_this_journal_goes_by_its_position(deletions):
    """The old journal's deletions do not concern it, whatever their numbers."""
    deletions.apply([at(99, "tiger")])
    deletions.reset("two")
    deletions.apply([at(5, "horse")])

    assert not deletions.kills_from(Mark("two", 1), "tiger")
    assert deletions.kills_from(Mark("two", 4), "horse")
    assert not deletions.kills_from(Mark("two", 5), "horse")


def test_what_began_before_any_journal_is_older_than_every_deletion(deletions):
    """A search that was faster than the first read of the journal has seen none of it."""
    deletions.apply([at(1, "tiger")])

    assert deletions.kills_from(NOWHERE, "tiger")
    assert not deletions.kills_from(NOWHERE, "horse")


def test_what_a_restored_journal_has_lost_kills_nothing(deletions):
    """A copy put back counts on from an older position, under which other things will stand."""
    deletions.apply([at(80, "tiger")])

    deletions.reset("one")

    assert not deletions.kills_from(Mark("one", 51), "tiger")
