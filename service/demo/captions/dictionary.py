"""WordNet: what English words mean, in other words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Sense", "read_dictionary"]

_NOUNS, _ADJECTIVES = "data.noun", "data.adj"
_LICENCE = "  "  # begins the lines before the first sense
_PERSONS = 18  # number of WordNet's file of nouns for people, who are in no scene
_WORD = re.compile(r"[a-z]{2,}(?:-[a-z]+)?[a-z]")
_POSITION = re.compile(r"\((?:p|a|ip)\)$")  # of an adjective: before its noun, after it
_LINE = re.compile(
    r"\d{8} (?P<file>\d\d) [nas] (?P<count>[0-9a-f]{2}) (?P<rest>.+?) \| (?P<gloss>.+)"
)
_ASIDE = re.compile(r"\s*\([^)]*\)")
_EXAMPLES = re.compile(r';?\s*"')
_MARKS = " ,;:"


@dataclass(frozen=True, slots=True)
class Sense:
    """
    One meaning of a word.

    Args:
        word: In lower case; a noun is in the singular.
        adjective: Whether it is one; else it is a noun.
        definition: What it means.
        synonyms: What else has this meaning, in lower case; of one word or several.
    """

    word: str
    adjective: bool
    definition: str
    synonyms: tuple[str, ...]


def read_dictionary(folder: Path) -> list[Sense]:
    """
    Read nouns and adjectives, but no names and none for people.

    The format is described in WordNet's manual, page wndb(5).

    Args:
        folder: Holds WordNet's `data.noun` and `data.adj`.

    Raises:
        OSError: If they are not there.
        ValueError: If they are not WordNet's.
    """
    return [
        sense
        for name in (_NOUNS, _ADJECTIVES)
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
        if not line.startswith(_LICENCE)
        for sense in _senses(line, adjective=name == _ADJECTIVES)
    ]


def _senses(line: str, *, adjective: bool) -> Iterator[Sense]:
    found = _LINE.fullmatch(line)
    if not found:
        raise ValueError(f"not a line of WordNet's: {line[:40]!r}")
    if not adjective and int(found["file"]) == _PERSONS:
        return
    fields = found["rest"].split()[: 2 * int(found["count"], 16) : 2]
    names = [_POSITION.sub("", field).replace("_", " ") for field in fields]
    definition = _definition(found["gloss"])
    for word in filter(_WORD.fullmatch, names):
        others = dict.fromkeys(name.lower() for name in names if name.lower() != word)
        yield Sense(word, adjective, definition, tuple(others))


def _definition(gloss: str) -> str:
    """Return what a gloss says before its examples, and without asides where more is left."""
    said = _EXAMPLES.split(_ASIDE.sub("", gloss))[0].strip(_MARKS)
    return said or _EXAMPLES.split(gloss)[0].strip(_MARKS)
