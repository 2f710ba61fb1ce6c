"""How two tags relate: which certificate an answer across them falls under."""

from enum import StrEnum
from functools import lru_cache

import snowballstemmer

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


def relation(asked: str, remembered: str) -> Relation:
    """
    Relate two normalised tags.

    Equal tags are `SAME`; tags whose words have equal stems (Snowball's English
    stemmer, or the irregular table) in the same order are `INFLECTION`; all
    others are `ACROSS`, however near in meaning.
    """
    if asked == remembered:
        return Relation.SAME
    return Relation.INFLECTION if _stems(asked) == _stems(remembered) else Relation.ACROSS


@lru_cache(maxsize=4096)
def _stems(tag: str) -> tuple[str, ...]:
    # A stemmer keeps the word it works on in itself, so each call has its own.
    stemmer = snowballstemmer.stemmer("english")
    return tuple(stemmer.stemWord(_IRREGULAR.get(word, word)) for word in tag.split())
