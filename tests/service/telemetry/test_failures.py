"""A store that does not answer: each time counted, seldom logged."""

import pytest
from structlog.testing import capture_logs

from cache.errors import JournalReplaced, StoreFull, StoreUnavailable
from service.telemetry.counters import Counters
from service.telemetry.failures import StoreFailures
from tests.clocks import ManualClock

AWAY = StoreUnavailable("It is away.")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def failures(counters: Counters, clock: ManualClock) -> StoreFailures:
    return StoreFailures(counters, clock)


def levels(failures: StoreFailures, times: int) -> list[str]:
    """Note failures; return the levels they were logged at."""
    with capture_logs() as logs:
        for _ in range(times):
            failures.note("append", AWAY)
    return [log["log_level"] for log in logs]


def test_every_failure_is_counted_by_its_call(failures, counters):
    """However often the same thing fails, and whatever kind of failure it is."""
    for reason in (AWAY, StoreFull("It is full."), JournalReplaced("another")):
        failures.note("append", reason)
    failures.note("pool", AWAY)

    assert counters.labels("nearhit_store_failures") == {"append": 3, "pool": 1}


def test_an_outage_is_told_of_once(failures):
    """A thousand searches during an outage are one line for people to read."""
    assert levels(failures, 3) == ["warning", "debug", "debug"]


def test_an_outage_that_lasts_is_not_told_of_again(failures, clock):
    """As long as failures follow each other within a minute it is the same outage."""
    levels(failures, 1)

    for _ in range(3):
        clock.advance(seconds=40)
        assert levels(failures, 1) == ["debug"]


def test_the_next_outage_is_told_of(failures, clock):
    """After a minute without a failure, a failure is news."""
    levels(failures, 1)
    clock.advance(seconds=61)

    assert levels(failures, 1) == ["warning"]


def test_a_log_line_tells_the_call_and_the_reason(failures):
    """Enough to know what to look at."""
    with capture_logs() as logs:
        failures.note("append", AWAY)

    assert (logs[0]["event"], logs[0]["call"]) == ("store_unavailable", "append")
    assert logs[0]["reason"] == "It is away."


def test_another_reason_is_news(failures):
    """That the store is full is told though it was away a moment ago."""
    levels(failures, 1)

    with capture_logs() as logs:
        failures.note("append", StoreFull("It is full."))

    assert [log["log_level"] for log in logs] == ["warning"]


def test_reasons_without_end_take_no_room_without_end(failures):
    """Whatever a server makes up, only so many reasons are kept."""
    for number in range(1000):
        failures.note("append", StoreUnavailable(f"Error {number}."))

    assert len(failures._quiet_until) <= 32
