"""A token bucket as a value."""

import math
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.errors import RecordInvalid
from cache.seal import seal_fields
from cache.sharing.bucket import Bucket
from tests.cache.examples import NOW
from tests.cache.spoiling import ANYTHING, every_flip

FULL = Bucket(tokens=100.0, at=NOW, limit=100.0, window_s=60.0)
HEADERS = {"remaining": 10.0, "reset_s": 30.0, "limit": 100.0}
TIMES = st.floats(NOW - 200, NOW + 200)


def granted(bucket: Bucket, now: float, most: int = 1000, **how: float) -> tuple[Bucket, int]:
    """Take until no more is granted; return the bucket, and how many were."""
    for count in range(most):
        bucket, grant = bucket.take(now, **how)
        if grant.wait_s:
            return bucket, count
    return bucket, most


def test_a_full_bucket_grants_its_limit_at_once():
    """A hundred calls may go out together, and not one more."""
    assert granted(FULL, NOW)[1] == 100


def test_tickets_count_on():
    """Each call has a number of its own, over refusals too."""
    bucket, _ = granted(replace(FULL, tokens=2.0), NOW)

    _, grant = bucket.take(NOW + 60)

    assert grant.ticket == 3


def test_who_must_wait_is_told_until_when():
    """After that long, and no sooner, there is a token."""
    bucket, _ = granted(FULL, NOW)
    _, grant = bucket.take(NOW)

    assert grant.wait_s == pytest.approx(0.6)
    assert bucket.take(NOW + grant.wait_s - 0.01)[1].wait_s > 0
    assert bucket.take(NOW + grant.wait_s + 0.01)[1].wait_s == 0


def test_tokens_flow_in_evenly_up_to_the_limit():
    """Half a window brings half of the calls, a day no more than all of them."""
    empty, _ = granted(FULL, NOW)

    assert granted(empty, NOW + 30)[1] == 50
    assert granted(empty, NOW + 86_400)[1] == 100


def test_a_reserve_is_left_to_others():
    """Calls that can wait leave some to those that cannot."""
    bucket, count = granted(FULL, NOW, reserve=20)

    assert count == 80
    assert granted(bucket, NOW)[1] == 20


def test_what_the_api_says_is_left_is_left():
    """Others may use the same key."""
    bucket, grant = FULL.take(NOW)

    corrected = bucket.corrected(NOW, grant.ticket, **HEADERS)

    assert granted(corrected, NOW)[1] == 10


def test_calls_granted_since_are_taken_off():
    """The API had not seen them when it said what is left."""
    bucket, first = FULL.take(NOW)
    bucket, _ = granted(bucket, NOW, most=4)

    corrected = bucket.corrected(NOW, first.ticket, **HEADERS)

    assert granted(corrected, NOW)[1] == 6


def test_nothing_flows_in_before_the_window_ends():
    """The API gives no call back before; until then one waits."""
    bucket, grant = FULL.take(NOW)
    spent, _ = granted(bucket.corrected(NOW, grant.ticket, **HEADERS), NOW)

    assert granted(spent, NOW + 29.9)[1] == 0
    assert spent.take(NOW + 10)[1].wait_s == pytest.approx(20)


def test_at_the_end_of_the_window_the_bucket_is_full():
    """All calls come back at once."""
    bucket, grant = FULL.take(NOW)
    corrected = bucket.corrected(NOW, grant.ticket, **HEADERS)

    assert granted(corrected, NOW + 30)[1] == 100


def test_the_limit_is_the_apis():
    """A key may have a larger or smaller one."""
    bucket, grant = FULL.take(NOW)
    larger = bucket.corrected(NOW, grant.ticket, remaining=499, reset_s=30, limit=500)
    smaller = bucket.corrected(NOW, grant.ticket, remaining=49, reset_s=30, limit=50)

    assert [granted(one, NOW)[1] for one in (larger, smaller)] == [499, 49]
    assert [granted(one, NOW + 30)[1] for one in (larger, smaller)] == [500, 50]


def test_an_api_that_does_not_say_its_limit_keeps_the_one_known():
    """What is not said is not changed."""
    corrected = FULL.corrected(NOW, 0, remaining=10, reset_s=30, limit=None)

    assert granted(corrected, NOW + 30)[1] == 100


def test_a_limit_of_nothing_still_lets_one_call_ask():
    """Or nobody would ever learn that it has changed."""
    corrected = FULL.corrected(NOW, 0, remaining=0, reset_s=30, limit=0)

    assert granted(corrected, NOW + 30)[1] == 1


def test_a_reset_days_away_is_an_hour():
    """A senseless header must not stop the service for long."""
    corrected = FULL.corrected(NOW, 0, remaining=0, reset_s=1e9, limit=100)

    assert granted(corrected, NOW + 3599)[1] == 0
    assert granted(corrected, NOW + 3600)[1] == 100


def test_an_emptied_bucket_grants_nothing_for_so_long():
    """The API has refused a call, so none is made until it says."""
    emptied = FULL.emptied(NOW, 17)

    assert granted(emptied, NOW + 16.9)[1] == 0
    assert granted(emptied, NOW + 17)[1] == 100


def test_emptying_does_not_shorten_a_wait():
    """Of two refusals the longer holds."""
    emptied = FULL.emptied(NOW, 50).emptied(NOW, 5)

    assert granted(emptied, NOW + 6)[1] == 0


@given(st.lists(TIMES, max_size=20), st.sampled_from([FULL, FULL.emptied(NOW, 30)]))
def test_there_are_never_more_tokens_than_the_limit(times, bucket):
    """Nor fewer than none, wherever the clock goes."""
    for now in times:
        bucket, _ = bucket.take(now)

        assert 0 <= bucket.tokens <= bucket.limit


def test_a_step_back_adds_nothing_at_once():
    """Time that has passed by a clock set back since is no time."""
    empty, _ = granted(FULL, NOW)

    assert granted(empty, NOW - 3600)[1] == 0


def test_after_a_step_back_tokens_flow_again_soon():
    """A clock set back by a day must not stop the service for a day."""
    empty, _ = granted(FULL, NOW)
    empty = empty.filled(NOW - 86_400)

    assert granted(empty, NOW - 86_400 + 120)[1] == 100


def test_a_window_ends_soon_after_a_step_back_by_a_day():
    """An end that lies further off than any window is by a clock that has been set back."""
    emptied = FULL.emptied(NOW, 60).filled(NOW - 86_400)

    assert granted(emptied, NOW - 86_400)[1] == 0
    assert granted(emptied, NOW - 86_400 + 120)[1] == 100


@given(TIMES, st.floats(0, 1e4))
def test_bucket_reads_back_as_written(at, tokens):
    """Replicas see the very same bucket."""
    bucket = Bucket(tokens, at, 100.0, 60.0, 7, at + 3)

    assert Bucket.of(bucket.body()) == bucket


def test_a_wrong_bit_is_refused():
    """Whichever byte is wrong, no bucket is misread."""
    for wrong in every_flip(FULL.body()):
        with pytest.raises(RecordInvalid):
            Bucket.of(wrong)


@pytest.mark.parametrize(
    "fields",
    [
        [float("nan"), NOW, 100.0, 60.0, 0, 0.0],
        [1.0, float("inf"), 100.0, 60.0, 0, 0.0],
        [1.0, NOW, 0.0, 60.0, 0, 0.0],
        [1.0, NOW, 100.0, -1.0, 0, 0.0],
        [1.0, NOW, 100.0, 60.0, 0.5, 0.0],
        ["1", NOW, 100.0, 60.0, 0, 0.0],
        [1.0, NOW, 100.0, 60.0, 0],
    ],
    ids=str,
)
def test_a_bucket_that_is_none_is_refused(fields):
    """What cannot be counted with is no bucket."""
    with pytest.raises(RecordInvalid):
        Bucket.of(seal_fields(1, fields))


@given(st.lists(ANYTHING, min_size=6, max_size=6))
def test_reading_raises_nothing_else(fields):
    """Whatever somebody sealed is a bucket or `RecordInvalid`."""
    with suppress(RecordInvalid):
        Bucket.of(seal_fields(1, fields))


def test_a_window_ends_once_also_for_clocks_that_differ():
    """Of two replicas the one behind must not see the end again that the other has used."""
    spent, count = granted(FULL.emptied(NOW, 10), NOW + 10.01)

    behind = spent.filled(NOW + 9.99)

    assert count == 100
    assert granted(behind, NOW + 10.02)[1] == 0


def test_a_window_ends_once_also_when_the_clock_steps_back():
    """What was given back at an end that is ahead again is not given back twice."""
    spent, _ = granted(FULL.emptied(NOW, 10), NOW + 15)

    behind = spent.filled(NOW + 5)

    assert granted(behind, NOW + 16)[1] == 0


def test_no_second_flows_in_twice():
    """Replicas that ask in turn, one of them half a second behind, get what one would."""
    bucket, _ = granted(FULL, NOW)

    for _ in range(100):
        bucket = bucket.filled(NOW).filled(NOW + 0.5)

    assert bucket.tokens == pytest.approx(0.5 * 100 / 60)


def test_calls_under_way_may_not_have_been_counted_yet():
    """An answer that overtakes others knows nothing of them, whenever they were granted."""
    bucket, count = granted(FULL, NOW)

    corrected = bucket.corrected(NOW, ticket=count, remaining=99, reset_s=60, limit=100)

    assert granted(corrected, NOW)[1] == 0


class Api:
    """Counts the calls of each window of a minute, and says what is left."""

    def __init__(self, begins_at: float) -> None:
        self.ends_at = begins_at + 60
        self.calls = 0

    def window(self, now: float) -> None:
        """Begin another window where one has ended."""
        while self.ends_at <= now:
            self.ends_at, self.calls = self.ends_at + 60, 0

    def answer(self, now: float) -> dict[str, float]:
        """Count a call; return what the headers say."""
        self.window(now)
        self.calls += 1
        left = max(0, LIMIT - self.calls)
        return {"remaining": left, "reset_s": math.ceil(self.ends_at - now), "limit": LIMIT}


LIMIT = 5
STEPS = st.lists(
    st.sampled_from(["take", "take", "take", "answer", "answer", "tick", "tock"]), max_size=60
)


@given(st.data(), STEPS, st.floats(0, 59), st.floats(0, 0.5))
def test_the_api_never_sees_more_calls_in_a_window_than_it_allows(data, steps, phase, skew):
    """In whatever order answers come, and though some who ask have a clock that is behind."""
    api, now, under_way = Api(NOW - phase), NOW, []
    bucket = Bucket(float(LIMIT), NOW, float(LIMIT), 60.0)
    for step in ["take", "answer", *steps]:
        if step == "take":
            bucket, grant = bucket.take(now - data.draw(st.sampled_from([0.0, skew])))
            under_way += [] if grant.wait_s else [grant.ticket]
        elif step == "answer" and under_way:
            ticket = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
            bucket = bucket.corrected(now, ticket, **api.answer(now))
        elif step in ("tick", "tock") and not under_way:
            now += 1.0 if step == "tick" else 20.0
            api.window(now)

        assert api.calls + len(under_way) <= LIMIT
