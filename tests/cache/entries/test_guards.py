"""What two near queries may not differ in."""

import pytest

from cache.entries.guards import differ

NUMBERS = [
    ("two horses", "three horses"),
    ("2 horses", "3 horses"),
    ("thirty horses", "forty horses"),
    ("two dogs and three cats", "three dogs and two cats"),
    ("1,000 lights", "1,001 lights"),
    ("hundreds of people", "thousands of people"),
    ("a horse", "two horses"),
    ("❶ horse", "❷ horse"),
    ("፪ horses", "horses"),
]
COLOURS = [
    ("red car", "blue car"),
    ("red car, blue house", "blue car, red house"),
    ("red car", "car"),
    ("gray cat", "white cat"),
]
NEGATIONS = [
    ("horses", "no horses"),
    ("street without people", "street with people"),
    ("horse without rider", "horse without saddle"),
    ("the sky is clear", "the sky isn't clear"),
    ("the sky is clear", "the sky isn’t clear"),
    ("a cat, not a dog", "a dog, not a cat"),
    ("never sleeping", "sleeping"),
]
OPPOSITES = [
    ("a cat on the left", "a cat on the right"),
    ("a man in front of a bus", "a man behind a bus"),
    ("a cat under the table", "a cat on the table"),
    ("a house before renovation", "a house after renovation"),
]
ALIKE = [
    ("cats left and right", "cats right and left"),
    ("a cat on the table", "a cat on a wooden table"),
    ("mountains with dark skies", "mountains with gloomy ambiance"),
    ("horses amidst flowers", "horse in a field of flowers"),
    ("two horses", "2 horses"),
    ("1,000 lights", "a thousand lights"),
    ("1,000 lights", "1000 lights"),
    ("gray cat", "a grey cat"),
    ("scarlet dress", "red dress"),
    ("street without people", "street with no people"),
    ("horse without rider", "horse without riders"),
    ("the sky isn't clear", "the sky isn’t clear"),
    ("no cats and no dogs", "no dogs and no cats"),
    ("without rider", "without the rider"),
    ("a knot in a rope", "rope with a knot"),
    ("credit card", "payment card"),
    ("馬と花", "花と馬"),
    ("", ""),
]


@pytest.mark.parametrize(("one", "other"), [*NUMBERS, *COLOURS, *NEGATIONS, *OPPOSITES])
def test_differ_tells_queries_that_one_word_sets_apart(one, other):
    """Another number, colour or negation asks for other photos, whichever query came first."""
    assert differ(one, other)
    assert differ(other, one)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_differ_lets_other_differences_pass(one, other):
    """Numbers, colours and negations that mean the same are no difference, nor are other words."""
    assert not differ(one, other)
    assert not differ(other, one)
