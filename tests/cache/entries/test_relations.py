"""How two tags relate."""

import pytest

from cache.entries.relations import Relation, relation

INFLECTIONS = [
    ("horse", "horses"),
    ("woman", "women"),
    ("mouse", "mice"),
    ("city", "cities"),
    ("old man", "old men"),
    ("leaf", "leaves"),
    ("wolf", "wolves"),
    ("person", "people"),
]
OTHERS = [
    ("train", "training"),
    ("park", "parking"),
    ("run", "running"),
    ("animal", "animation"),
    ("person", "personal"),
    ("nature", "natural"),
    ("import", "important"),
    ("experiment", "experience"),
    ("dog", "cat"),
    ("bike", "bicycle"),
    ("red car", "car red"),
    ("horse", "horse race"),
    ("car", "care"),
    ("plane", "plan"),
    ("universe", "university"),
    ("horse", "馬"),
]


def test_relation_of_a_tag_to_itself_is_same():
    """Equal tags are the same."""
    assert relation("red car", "red car") is Relation.SAME


@pytest.mark.parametrize(("one", "other"), INFLECTIONS)
def test_relation_of_two_forms_of_a_word_is_inflection(one, other):
    """Regular and irregular forms of one word are inflections, whichever is asked."""
    assert relation(one, other) is relation(other, one) is Relation.INFLECTION


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_relation_of_different_words_is_across(one, other):
    """Other words, another order or one more word is across, however near in meaning."""
    assert relation(one, other) is relation(other, one) is Relation.ACROSS
