"""Keys does what a list of keys does, whatever order they come in."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from index.keys import Keys

KEYS = st.one_of(st.integers(-5, 60), st.sampled_from([-(2**63), 2**63 - 1]))


def array(numbers) -> np.ndarray:
    """Int64, shape (len(numbers),)."""
    return np.array(list(numbers), dtype=np.int64)


class Comparison(RuleBasedStateMachine):
    """A list and Keys are changed alike and must stay alike."""

    def __init__(self):
        super().__init__()
        self.keys = Keys()
        self.list = []

    @rule(keys=st.sets(KEYS, max_size=20))
    def append(self, keys):
        """Whatever is new goes behind the last."""
        new = sorted(keys - set(self.list))

        self.keys.append(array(new))
        self.list += new

    @rule(count=st.integers(1, 20))
    def append_rising(self, count):
        """Keys above all others, as a journal gives them."""
        first = max([key for key in self.list if key < 2**62], default=0) + 1

        self.keys.append(array(range(first, first + count)))
        self.list += range(first, first + count)

    @rule(data=st.data())
    def remove(self, data):
        """Some places, first or last among them, or all."""
        count = len(self.list)
        places = data.draw(st.sets(st.sampled_from(range(count)))) if count else set()

        self.keys.remove(array(places))
        self.list = [key for place, key in enumerate(self.list) if place not in places]

    @rule(keys=st.lists(KEYS, max_size=30))
    def find(self, keys):
        """Unknown keys have no place, repeated ones have one."""
        places = sorted(self.list.index(key) for key in set(keys) & set(self.list))

        assert self.keys.places(array(keys)).tolist() == places

    @invariant()
    def they_are_alike(self):
        """The same keys stand at the same places."""
        assert len(self.keys) == len(self.list)
        assert self.keys.at(np.arange(len(self.list))).tolist() == self.list


TestComparison = Comparison.TestCase
TestComparison.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, derandomize=True, database=None
)


def test_copies_stay_as_they_are():
    """Keys once asked for do not change with later ones."""
    keys = Keys()
    keys.append(array([3, 5]))
    before = keys.at(array([0, 1]))

    keys.remove(array([0]))
    keys.append(array([7]))

    assert before.tolist() == [3, 5]
