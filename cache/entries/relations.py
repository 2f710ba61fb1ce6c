"""How two tags relate: which certificate an answer across them falls under."""

from enum import StrEnum
from functools import lru_cache
from itertools import takewhile

from cache.stems import stem

__all__ = ["Relation", "relation"]


class Relation(StrEnum):
    """Of the asked tag to the remembered one."""

    SAME = "same"
    INFLECTION = "inflection"
    ACROSS = "across"


_IRREGULAR = {
    "cacti": "cactus",
    "calves": "calf",
    "children": "child",
    "dice": "die",
    "elves": "elf",
    "feet": "foot",
    "fungi": "fungus",
    "geese": "goose",
    "halves": "half",
    "hooves": "hoof",
    "knives": "knife",
    "leaves": "leaf",
    "lives": "life",
    "loaves": "loaf",
    "men": "man",
    "mice": "mouse",
    "oxen": "ox",
    "people": "person",
    "shelves": "shelf",
    "teeth": "tooth",
    "thieves": "thief",
    "wives": "wife",
    "wolves": "wolf",
    "women": "woman",
}
"""Plurals the stemmer does not bring home; everything else is its business."""


_ENDINGS = {"", "'s", "s", "es", "y", "ies"}
"""What nouns inflect with; other endings make another tag, as in "train" and "training"."""


@lru_cache(maxsize=8192)
def relation(asked: str, remembered: str) -> Relation:
    """
    Relate two normalised tags.

    Equal tags are `SAME`. Tags are `INFLECTION` where, word by word in the same
    order, their stems are equal (Snowball's English stemmer, after the irregular
    table) and they differ in the endings of nouns alone. All others are
    `ACROSS`, however near in meaning.
    """
    if asked == remembered:
        return Relation.SAME
    one, other = _words(asked), _words(remembered)
    if len(one) == len(other) and all(map(_inflected, one, other)):
        return Relation.INFLECTION
    return Relation.ACROSS


def _words(tag: str) -> list[str]:
    return [_IRREGULAR.get(word, word) for word in tag.split()]


def _inflected(one: str, other: str) -> bool:
    if one == other:
        return True
    common = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    )
    return {one[common:], other[common:]} <= _ENDINGS and stem(one) == stem(other)
