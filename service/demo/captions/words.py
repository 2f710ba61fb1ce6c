"""All the wordings of single attributes, each with what it asks of a scene."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from cache.stems import stem
from service.demo.captions.colours import FLOWER_THINGS
from service.demo.captions.kinds import KIND_THINGS
from service.demo.captions.landscapes import LANDSCAPE_THINGS, LANDSCAPE_WHERE
from service.demo.captions.styles import STYLE_OF, STYLE_THINGS, STYLE_WHERE
from service.demo.captions.times import TIME_ADJECTIVES, TIME_THINGS, TIME_WHERE
from service.demo.captions.weathers import WEATHER_ADJECTIVES, WEATHER_THINGS, WEATHER_WHERE
from service.demo.scenes.wanted import Wanted

__all__ = ["Form", "Topic", "Wording", "allowed", "split", "stems", "wordings"]


class Topic(Enum):
    """What a wording is about."""

    PLACE = auto()
    WEATHER = auto()
    TIME = auto()
    KIND = auto()
    STYLE = auto()


class Form(Enum):
    """How a wording stands in a caption."""

    THING = auto()
    """A noun phrase: `a foggy day`."""
    WHERE = auto()
    """A phrase that follows a noun: `in the fog`."""
    ADJECTIVE = auto()
    """A word before a noun: `foggy`."""
    OF = auto()
    """A noun phrase before `of`: `a watercolour`."""


@dataclass(frozen=True, slots=True)
class Wording:
    """
    Some words, and what they ask of a scene.

    Args:
        text: The words, in lower case.
        wanted: What they ask; the first clause is what they are chiefly about.
    """

    text: str
    wanted: Wanted


_TABLES: Mapping[tuple[Topic, Form], tuple[Mapping[str, str], ...]] = {
    (Topic.PLACE, Form.THING): (LANDSCAPE_THINGS, FLOWER_THINGS),
    (Topic.PLACE, Form.WHERE): (LANDSCAPE_WHERE,),
    (Topic.WEATHER, Form.THING): (WEATHER_THINGS,),
    (Topic.WEATHER, Form.WHERE): (WEATHER_WHERE,),
    (Topic.WEATHER, Form.ADJECTIVE): (WEATHER_ADJECTIVES,),
    (Topic.TIME, Form.THING): (TIME_THINGS,),
    (Topic.TIME, Form.WHERE): (TIME_WHERE,),
    (Topic.TIME, Form.ADJECTIVE): (TIME_ADJECTIVES,),
    (Topic.KIND, Form.THING): (KIND_THINGS,),
    (Topic.STYLE, Form.THING): (STYLE_THINGS,),
    (Topic.STYLE, Form.WHERE): (STYLE_WHERE,),
    (Topic.STYLE, Form.OF): (STYLE_OF,),
}


def split(words: str) -> list[str]:
    """Read wordings separated by commas."""
    return [" ".join(wording.split()) for wording in words.split(",")]


def wordings(topic: Topic, form: Form) -> Iterator[Wording]:
    """Return all wordings of a topic in one form."""
    for table in _TABLES.get((topic, form), ()):
        for wanted, words in table.items():
            for text in split(words):
                yield Wording(text, Wanted.parse(wanted))


def stems(text: str) -> frozenset[str]:
    """Return the stems of a text's words, of hyphened ones also those of their parts."""
    words = re.findall(r"[a-z0-9'&-]+", text.lower())
    parts = [part for word in words for part in re.split(r"['-]", word) if part]
    return frozenset(map(stem, words + parts))


def allowed(texts: Iterable[str], banned: frozenset[str]) -> list[str]:
    """Return the texts that hold no banned stem."""
    return [text for text in texts if not stems(text) & banned]
