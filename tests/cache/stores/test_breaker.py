"""Not asking again and again what does not answer."""

import pytest

from cache.stores.breaker import Breaker
from tests.clocks import ManualClock


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker(clock.monotonic, pause_s=1.0)


def test_calls_are_admitted_at_first(breaker):
    """Nothing has timed out yet."""
    assert [breaker.admits() for _ in range(3)] == [True] * 3


def test_calls_are_refused_for_a_pause_after_a_time_out(breaker, clock):
    """Until the pause is over, and not a moment longer."""
    breaker.timed_out()
    clock.advance(seconds=0.999)
    before = breaker.admits()
    clock.advance(seconds=0.001)

    assert not before
    assert breaker.admits()


def test_one_call_a_pause_tries(breaker, clock):
    """The others go on being refused, also where the one that tries is given up."""
    breaker.timed_out()
    for _ in range(3):
        clock.advance(seconds=1)
        assert [breaker.admits() for _ in range(3)] == [True, False, False]


def test_all_are_admitted_once_one_has_succeeded(breaker, clock):
    """The server answers again."""
    breaker.timed_out()
    clock.advance(seconds=1)
    breaker.admits()

    breaker.succeeded()

    assert [breaker.admits() for _ in range(3)] == [True] * 3


def test_the_wall_clock_has_no_say(breaker, clock):
    """A clock set back prolongs no pause."""
    breaker.timed_out()
    clock.step_back(seconds=3600)
    clock.advance(seconds=1)

    assert breaker.admits()
