"""Appending what was begun some time ago."""

import pytest

from cache.errors import JournalReplaced, StoreUnavailable
from cache.journal.begun import append_begun
from cache.journal.records import NOWHERE, Mark

pytestmark = pytest.mark.anyio


class Journals:
    """Appends to the journal there is; another one takes its place as often as told."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.asked: list[tuple[int, str | None]] = []

    async def append(self, since: int, generation: str | None) -> int:
        """Append, where the journal is the one meant."""
        self.asked.append((since, generation))
        there = self.names.pop(0) if len(self.names) > 1 else self.names[0]
        if generation not in (None, there):
            raise JournalReplaced(there)
        return 42


async def test_what_was_begun_in_this_journal_is_appended_with_its_position():
    """Readers know from it which deletions were not seen."""
    journals = Journals("one")

    assert await append_begun(Mark("one", 7), journals.append) == 42
    assert journals.asked == [(7, "one")]


async def test_what_was_begun_in_another_journal_is_appended_from_the_start():
    """In the journal there is now, anything may have come after the beginning."""
    journals = Journals("two")

    assert await append_begun(Mark("one", 7), journals.append) == 42
    assert journals.asked == [(7, "one"), (0, "two")]


async def test_what_was_begun_before_any_journal_goes_into_whatever_there_is():
    """A search may be faster than the first look at the journal."""
    journals = Journals("one")

    assert await append_begun(NOWHERE, journals.append) == 42
    assert journals.asked == [(0, None)]


async def test_a_journal_replaced_twice_is_an_error():
    """Something is badly wrong, and nobody tries for ever."""
    journals = Journals("two", "three", "four")

    with pytest.raises(JournalReplaced):
        await append_begun(Mark("one", 7), journals.append)

    assert len(journals.asked) == 2


async def test_a_store_that_is_away_is_not_asked_twice():
    """Only another journal is a reason to append again."""
    asked = []

    async def append(*how: object) -> int:
        asked.append(how)
        raise StoreUnavailable("It is away.")

    with pytest.raises(StoreUnavailable):
        await append_begun(Mark("one", 7), append)

    assert len(asked) == 1
