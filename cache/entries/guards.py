"""
Guards: reasons why two queries that lie near each other still ask for different photos.

A sentence encoder puts "red car" beside "blue car" and "horses" beside "no
horses". What decides there is a single word, so it is compared as a word.
"""

import re
from functools import lru_cache

from cache.stems import stem

__all__ = ["differ"]

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")

_NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen "
        "fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {
    "single": "1",
    "dozen": "12",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "hundred": "100",
    "thousand": "1000",
    "million": "1000000",
}

_COLOURS = {
    "amber": "amber",
    "azure": "blue",
    "beige": "beige",
    "black": "black",
    "blue": "blue",
    "brown": "brown",
    "crimson": "red",
    "cyan": "cyan",
    "golden": "gold",
    "gold": "gold",
    "gray": "grey",
    "green": "green",
    "grey": "grey",
    "indigo": "indigo",
    "lilac": "lilac",
    "magenta": "magenta",
    "maroon": "maroon",
    "monochrome": "monochrome",
    "navy": "navy",
    "orange": "orange",
    "pink": "pink",
    "purple": "purple",
    "red": "red",
    "scarlet": "red",
    "silver": "silver",
    "teal": "teal",
    "turquoise": "turquoise",
    "violet": "violet",
    "white": "white",
    "yellow": "yellow",
}

_OPPOSITES = [
    frozenset(pair.split("/"))
    for pair in (
        "above/below after/before back/front behind/front boy/girl closed/open day/night "
        "downstairs/upstairs empty/full female/male indoors/outdoors inside/outside left/right "
        "man/woman men/women new/old old/young on/under over/under summer/winter sunrise/sunset"
    ).split()
]
"""Words of which one cannot stand for the other, however near an encoder puts them."""

_SIDED = frozenset[str]().union(*_OPPOSITES)

_NEGATIONS = {
    "cannot",
    "minus",
    "neither",
    "never",
    "no",
    "nobody",
    "non",
    "none",
    "nor",
    "not",
    "nothing",
    "without",
}

_FILLERS = {"a", "all", "an", "any", "at", "in", "is", "it", "of", "on", "some", "the", "with"}


_Marks = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

_UNMARKED: tuple[_Marks, frozenset[str]] = ((), (), ()), frozenset()

_MARKING = frozenset(
    {*_NUMBERS, *(f"{number}s" for number in _NUMBERS), *_COLOURS, *_NEGATIONS, *_SIDED}
)


@lru_cache(maxsize=8192)
def _read(text: str) -> tuple[_Marks, frozenset[str]]:
    """Return a text's numbers and colours in order and what it negates; and words of opposites."""
    words = [w.lower().replace("’", "'") for w in _WORD.findall(text)]
    if _MARKING.isdisjoint(words) and not any(_marks_by_form(word) for word in words):
        return _UNMARKED  # as most are
    numbers = tuple(_number(w) for w in words if w[0].isdigit() or w.removesuffix("s") in _NUMBERS)
    colours = tuple(_COLOURS[w] for w in words if w in _COLOURS)
    negated = tuple(sorted(_negated(words, i) for i, w in enumerate(words) if _negates(w)))
    return (numbers, colours, negated), _SIDED.intersection(words)


def _marks_by_form(word: str) -> bool:
    return word[0].isdigit() or word.endswith("n't")


def _number(word: str) -> str:
    return _NUMBERS.get(word.removesuffix("s"), word.replace(",", ""))


def _negates(word: str) -> bool:
    return word in _NEGATIONS or word.endswith("n't")


def _negated(words: list[str], at: int) -> str:
    """Return the stem of the first word after a negation that carries meaning."""
    for word in words[at + 1 :]:
        if word not in _FILLERS:
            return stem(word)
    return ""


def differ(one: str, other: str) -> bool:
    """
    Tell whether two normalised queries differ in a number, a colour, a negation or an opposite.

    Order counts for numbers and colours, so that "red car, blue house" is not
    "blue car, red house"; a negation counts together with the word it negates.
    Opposites differ where one query says "left" alone and the other "right".
    """
    (marks, sided), (other_marks, other_sided) = _read(one), _read(other)
    return marks != other_marks or _opposed(sided, other_sided)


def _opposed(words: frozenset[str], others: frozenset[str]) -> bool:
    if not words or not others or words == others:
        return False  # as nearly always
    sides = ((pair & words, pair & others) for pair in _OPPOSITES)
    return any(mine and theirs and not mine & theirs for mine, theirs in sides)
