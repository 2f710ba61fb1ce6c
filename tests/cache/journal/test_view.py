"""A view's parts see the same records in the same order."""

from collections.abc import Sequence

from cache.journal.records import Mark, Positioned, Record
from cache.journal.view import View


class Part:
    """Writes down what it is given."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log

    def apply(self, records: Sequence[Positioned]) -> None:
        """Take in records."""
        what = ",".join(f"{one.position}{one.record.kind}" for one in records)
        self.log.append(f"{self.name} {what}")

    def reset(self, generation: str) -> None:
        """Note a reset."""
        self.log.append(f"{self.name} reset {generation}")


def positioned(*kinds: str) -> list[Positioned]:
    return [Positioned(at, Record(kind, b"", 1.0)) for at, kind in enumerate(kinds, 1)]


def test_records_come_in_runs_of_one_kind():
    """A part can take in many at once, and sees every change of kind in its place."""
    log: list[str] = []

    View([Part("a", log)]).apply(positioned("entry", "entry", "deletion", "entry"))

    assert log == ["a 1entry,2entry", "a 3deletion", "a 4entry"]


def test_parts_are_asked_in_order_run_by_run():
    """Who relies on another part finds it as far as the run at hand, and no further."""
    log: list[str] = []

    View([Part("a", log), Part("b", log)]).apply(positioned("deletion", "entry"))

    assert log == ["a 1deletion", "b 1deletion", "a 2entry", "b 2entry"]


def test_an_empty_page_is_nothing_to_any_part():
    """Where everything has expired parts are left alone."""
    log: list[str] = []

    View([Part("a", log)]).apply([])

    assert log == []


def test_a_reset_reaches_every_part_in_order():
    """All parts begin anew, and know in which journal."""
    log: list[str] = []

    View([Part("a", log), Part("b", log)]).reset("two")

    assert log == ["a reset two", "b reset two"]


def test_a_mark_means_nothing_in_another_journal():
    """Positions of one journal are no positions of another: all of that one is new."""
    mark = Mark("one", 7)

    assert (mark.within("one"), mark.within("two"), mark.within(None)) == (7, 0, 0)
