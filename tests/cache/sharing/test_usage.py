"""What was used, and what goes first."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.sharing.usage import Ghosts, Usage

HALF_LIFE_S = 100.0
TIMES = st.floats(0, 2000)


def worth(created: float, uses: list[float], now: float) -> float:
    """Return what the docstring says, summed up as it says it, at a time."""
    total = 0.0
    last = None
    for at in sorted(uses):
        faded = total * 2 ** (-(at - last) / HALF_LIFE_S) if last is not None else 0.0
        total, last = min(faded + 1, 2.0), at
    faded = total * 2 ** (-(now - last) / HALF_LIFE_S) if last is not None else 0.0
    return faded + 2 ** (-(now - created) / HALF_LIFE_S)


@given(st.lists(st.tuples(TIMES, st.lists(TIMES, max_size=6)), min_size=1, max_size=8))
def test_the_least_sum_goes_first(lives: list[tuple[float, list[float]]]):
    """Whatever the uses, the order is that of the sums of what each counts by now."""
    usage = Usage[int](HALF_LIFE_S)
    for key, (_, uses) in enumerate(lives):
        for at in sorted(uses):
            usage.note(key, at)
    created = {key: at for key, (at, _) in enumerate(lives)}

    order = usage.victims(created, len(lives))

    sums = [worth(*lives[key], 2000.0) for key in order]
    assert sorted(order) == list(created)
    assert all(
        one <= other or math.isclose(one, other, rel_tol=1e-6) for one, other in pairwise(sums)
    )


def test_of_equals_the_one_created_first_goes_first():
    """Where nothing was used, age alone decides."""
    usage = Usage[str](HALF_LIFE_S)

    assert usage.victims({"new": 3.0, "old": 1.0, "between": 2.0}, 2) == ["old", "between"]


def test_a_use_saves_what_is_as_old():
    """What was asked for again outlasts what was not."""
    usage = Usage[str](HALF_LIFE_S)
    usage.note("used", 10.0)

    assert usage.victims({"used": 0.0, "unused": 0.0}, 1) == ["unused"]


def test_what_was_popular_goes_soon_when_it_no_longer_is():
    """A thousand uses long ago count no more than a few."""
    usage = Usage[str](HALF_LIFE_S)
    for _ in range(1000):
        usage.note("yesterday", 0.0)
    usage.note("today", 300.0)

    assert usage.victims({"yesterday": 0.0, "today": 0.0}, 1) == ["yesterday"]


def test_a_clock_that_steps_back_makes_nothing_a_likelier_victim():
    """A use told at an earlier time than the last one takes nothing away."""
    usage = Usage[str](HALF_LIFE_S)
    usage.note("used", 500.0)
    before = usage.victims({"used": 0.0, "other": 550.0}, 1)

    usage.note("used", 100.0)

    assert usage.victims({"used": 0.0, "other": 550.0}, 1) == before


def test_what_is_forgotten_takes_no_room():
    """Memory is for what is there."""
    usage = Usage[int](HALF_LIFE_S)
    for key in range(100):
        usage.note(key, 1.0)

    usage.forget(range(99))
    usage.forget([5, 1000])

    assert len(usage) == 1
    usage.clear()
    assert len(usage) == 0


@pytest.mark.parametrize("count", [-1, 0])
def test_asked_for_none_there_is_none(count: int):
    """No victims where none are wanted."""
    assert Usage[str](HALF_LIFE_S).victims({"one": 1.0}, count) == []


def test_no_more_go_than_there_are():
    """Whoever asks for more gets all."""
    assert Usage[str](HALF_LIFE_S).victims({"one": 1.0}, 5) == ["one"]
    assert Usage[str](HALF_LIFE_S).victims({}, 5) == []


def test_a_ghost_is_recalled_once():
    """What comes back is no ghost any more."""
    ghosts = Ghosts(10)
    ghosts.add([("scope", "horse", "a horse")])

    assert ghosts.recall(("scope", "horse", "a horse"))
    assert not ghosts.recall(("scope", "horse", "a horse"))
    assert not ghosts.recall(("scope", "horse", "another"))


def test_the_oldest_ghosts_go():
    """As many are remembered as was said, the latest."""
    ghosts = Ghosts(3)
    ghosts.add(range(5))
    ghosts.add([2])

    ghosts.add([9])

    assert len(ghosts) == 3
    assert [ghosts.recall(n) for n in range(5)] == [False, False, True, False, True]


def test_without_room_for_ghosts_there_are_none():
    """None are remembered where none are wanted."""
    ghosts = Ghosts(0)

    ghosts.add(["one"])

    assert len(ghosts) == 0
    assert not ghosts.recall("one")
