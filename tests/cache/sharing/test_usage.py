"""What to evict: by uses, by what came back, and whatever the clock does."""

import math
from collections import OrderedDict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cache.sharing.usage import Usage

HOUR = 3600.0
NOON = 1_800_000_000.0
MANY = 1000


def usage(most: int = MANY) -> Usage[str]:
    return Usage(most)


def come_back(usage: Usage[str], name: str, *, used: bool) -> None:
    """Let an entry be evicted, used before or not, and be created again."""
    if used:
        usage.note(name, NOON)
    usage.evict({name: name})
    usage.create(name, name, NOON)
    usage.forget([name])


def test_what_was_never_used_goes_in_order_of_creation():
    """Without uses, the oldest goes first, whatever the order of the candidates."""
    created = {"second": NOON + 1, "third": NOON + 2, "first": NOON}

    assert usage().victims(created, 2) == ["first", "second"]


def test_a_use_is_worth_a_head_start():
    """What was used goes as if it had been created a head start after its last use."""
    some = usage()
    some.note("used", NOON)
    later = NOON + some.head_start_s

    assert some.victims({"used": 0.0, "new": later - 1}, 1) == ["new"]
    assert some.victims({"used": 0.0, "new": later + 1}, 1) == ["used"]


def test_of_two_that_were_used_the_last_use_decides():
    """Neither creation nor the number of uses makes a difference then."""
    some = usage()
    for hour in range(5):
        some.note("often", NOON + hour)
    some.note("late", NOON + 5)

    assert some.victims({"often": NOON, "late": NOON - HOUR}, 1) == ["often"]


def test_a_use_on_a_clock_behind_the_creation_does_no_harm():
    """Another replica's clock may be ahead: an entry is never older than its creation."""
    some = usage()
    some.note("used", NOON)
    created = NOON + 2 * some.head_start_s

    assert some.victims({"used": created + 1, "new": created}, 1) == ["new"]


def test_equals_go_in_order_of_creation():
    """A use that lifts two to the same place leaves the older one first."""
    some = usage()
    some.note("one", NOON)
    some.note("other", NOON)

    assert some.victims({"one": NOON - 1, "other": NOON - 2}, 1) == ["other"]


@pytest.mark.parametrize(("count", "chosen"), [(-1, 0), (0, 0), (2, 2), (3, 3), (4, 3)])
def test_no_more_are_chosen_than_there_are(count, chosen):
    """A count beyond the candidates chooses all, one below one chooses none."""
    created = {"one": 1.0, "two": 2.0, "three": 3.0}

    assert len(usage().victims(created, count)) == chosen
    assert usage().victims({}, count) == []


def test_choosing_forgets_nothing():
    """The same question has the same answer until somebody acts on it."""
    some = usage()
    some.note("used", NOON)
    created = {"used": NOON - 1, "unused": NOON}

    assert some.victims(created, 2) == some.victims(created, 2) == ["unused", "used"]


def test_keys_without_uses_cost_nothing():
    """Creations are known to the caller; only uses are held, once a key."""
    some = usage()
    some.create("new", "new", NOON)
    some.note("used", NOON)
    some.note("used", NOON + 1)

    assert len(some) == 1


def test_nothing_is_held_for_what_was_forgotten_or_evicted():
    """Both let go of the uses; keys that were never used are passed over."""
    some = usage()
    some.note("expired", NOON)
    some.note("evicted", NOON)

    some.forget(["expired", "never used"])
    some.evict({"evicted": "evicted", "never used, too": "never used, too"})

    assert len(some) == 0


def test_what_comes_back_counts_as_used():
    """A creation of what was evicted is no first request: it has the head start at once."""
    some = usage()
    some.evict({"old": "horses"})

    some.create("new", "horses", NOON)

    assert some.victims({"new": NOON, "unused": NOON + 1}, 1) == ["unused"]


def test_what_expired_and_comes_back_does_not():
    """A natural end was no mistake, and everything that was asked once has one."""
    some = usage()
    some.forget(["old"])

    some.create("new", "horses", NOON)

    assert len(some) == 0


def test_what_comes_back_does_so_once():
    """After that it is an entry like others, until it is evicted again."""
    some = usage()
    some.evict({"old": "horses"})
    some.create("new", "horses", NOON)
    some.forget(["new"])

    some.create("newer", "horses", NOON)

    assert len(some) == 0


def test_half_as_many_as_there_may_be_are_remembered():
    """The latest; of what was evicted before, nothing is known when it comes back."""
    some = usage(most=6)
    for name in "abcdab":
        some.evict({name: name})

    returned = []
    for name in "abcd":
        held = len(some)
        some.create(name, name, NOON)
        returned += [name] * (len(some) - held)

    assert returned == ["a", "b", "d"]


def test_the_head_start_grows_when_what_was_used_comes_back():
    """It should have stayed longer."""
    some = usage()
    before = some.head_start_s

    come_back(some, "horses", used=True)

    assert some.head_start_s > before


def test_the_head_start_shrinks_when_what_was_not_used_comes_back():
    """It had to go too soon, for the sake of others."""
    some = usage()
    before = some.head_start_s

    come_back(some, "horses", used=False)

    assert some.head_start_s < before


@pytest.mark.parametrize("used", [True, False])
def test_a_return_weighs_more_the_fewer_of_its_kind_are_remembered(used):
    """One of ten that were used says as much as ten of a hundred that were not."""
    some = usage()
    before = some.head_start_s
    for number in range(9):
        if used:
            some.note(f"like it {number}", NOON)
        some.evict({f"like it {number}": number})
    for number in range(100):
        if not used:
            some.note(f"unlike it {number}", NOON)
        some.evict({f"unlike it {number}": -1 - number})

    come_back(some, "horses", used=used)

    assert abs(math.log(some.head_start_s / before)) == pytest.approx(1 / 10)


def test_the_head_start_stays_between_a_minute_and_a_day():
    """However long mistakes are all of one kind, it can turn round."""
    some = usage()

    for _ in range(20):
        come_back(some, "horses", used=False)
    assert some.head_start_s == 60

    for _ in range(20):
        come_back(some, "horses", used=True)
    assert some.head_start_s == 24 * HOUR


def test_a_bound_too_small_to_remember_anything_works():
    """Then nothing is learnt, and uses count all the same."""
    some = usage(most=1)
    some.note("used", NOON)
    some.evict({"evicted": "evicted"})
    some.create("evicted", "evicted", NOON)

    assert some.victims({"used": NOON, "evicted": NOON + 1}, 1) == ["evicted"]


TIMES = st.floats(NOON - 100 * HOUR, NOON + 100 * HOUR)


@given(
    created=st.dictionaries(st.integers(0, 20), TIMES, min_size=1),
    uses=st.lists(st.tuples(st.integers(0, 20), TIMES)),
    key=st.integers(0, 20),
    now=TIMES,
)
def test_a_use_never_makes_a_likelier_victim(created, uses, key, now):
    """On whatever clock: forward, backward, or standing still."""
    some = Usage[int](MANY)
    for used, at in uses:
        some.note(used, at)
    before = some.victims(created, len(created))

    some.note(key, now)
    after = some.victims(created, len(created))

    if key in created:
        assert after.index(key) >= before.index(key)
    assert [k for k in after if k != key] == [k for k in before if k != key]


class AgainstAllUses(RuleBasedStateMachine):
    """
    Whatever happens, the order is that of a record of all uses.

    The model keeps every use of every live key, and every eviction, and
    looks through all of them for each answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.most = 8
        self.usage = Usage[int](self.most)
        self.created: dict[int, float] = {}
        self.uses: list[tuple[int, float]] = []
        self.evicted: OrderedDict[str, bool] = OrderedDict()
        self.head_start_s = self.usage.head_start_s
        self.next_key = 0

    def identity(self, key: int) -> str:
        return f"query {key % 5}"

    @rule(step=st.integers(1, 5), now=TIMES)
    def create(self, step: int, now: float) -> None:
        key = self.next_key = self.next_key + step
        self.usage.create(key, self.identity(key), now)
        self.created[key] = now
        was_used = self.evicted.get(self.identity(key))
        if was_used is not None:
            alike = list(self.evicted.values()).count(was_used)
            self.head_start_s *= math.exp((1 if was_used else -1) / alike)
            self.head_start_s = min(max(self.head_start_s, 60), 24 * HOUR)
            del self.evicted[self.identity(key)]
            self.uses.append((key, now))

    @rule(choice=st.integers(0), now=TIMES)
    def use(self, choice: int, now: float) -> None:
        if self.created:
            key = list(self.created)[choice % len(self.created)]
            self.usage.note(key, now)
            self.uses.append((key, now))

    @rule(choice=st.integers(0))
    def expire(self, choice: int) -> None:
        if self.created:
            key = list(self.created)[choice % len(self.created)]
            self.usage.forget([key])
            self.let_go(key)

    @rule(count=st.integers(0, 3))
    def evict(self, count: int) -> None:
        victims = self.usage.victims(self.created, count)
        self.usage.evict({key: self.identity(key) for key in victims})
        for key in victims:
            self.evicted.pop(self.identity(key), None)
            self.evicted[self.identity(key)] = any(used == key for used, _ in self.uses)
            self.let_go(key)
            while len(self.evicted) > self.most // 2:
                self.evicted.popitem(last=False)

    def let_go(self, key: int) -> None:
        del self.created[key]
        self.uses = [(used, at) for used, at in self.uses if used != key]

    @invariant()
    def order_is_that_of_all_uses(self) -> None:
        def worth(key: int) -> tuple[float, float]:
            created = self.created[key]
            uses = [at + self.head_start_s for used, at in self.uses if used == key]
            return max([created, *uses]), created

        assert self.usage.head_start_s == pytest.approx(self.head_start_s)
        self.head_start_s = self.usage.head_start_s  # or rounding would add up
        assert self.usage.victims(self.created, MANY) == sorted(self.created, key=worth)

    @invariant()
    def only_uses_of_live_keys_are_held(self) -> None:
        assert len(self.usage) == len({key for key, _ in self.uses})


TestAgainstAllUses = AgainstAllUses.TestCase
TestAgainstAllUses.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault of the policy
)
