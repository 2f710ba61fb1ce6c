"""Captions: some of what a scene shows in words, with what the words ask of a scene."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from random import Random

from service.demo.captions.figures import figures
from service.demo.captions.grammar import bare
from service.demo.captions.lexicon import Lexicon
from service.demo.captions.telling import Asked, Joints, Telling
from service.demo.captions.words import Form, Topic
from service.demo.scenes.attributes import FLOWER_COLOURS, Landscape, Style, TimeOfDay, Weather
from service.demo.scenes.scene import Group, Scene
from service.demo.scenes.wanted import Wanted

__all__ = ["Caption", "Vocabulary"]

_ATTRIBUTES = {1: 30, 2: 38, 3: 22, 4: 10}
_LISTED, _BARE, _SENTENCE, _LACKING = 0.25, 0.4, 0.12, 0.04
_USUAL = frozenset({Weather.CLEAR, TimeOfDay.DAY, Style.PLAIN})
_TRIES = 100
_SEEN, _SHORT = frozenset({Topic.PLACE, Topic.KIND}), 3


@dataclass(frozen=True, slots=True)
class Caption:
    """
    A text, and what it asks of a picture.

    Args:
        text: One phrase or some words.
        wanted: True of the scene that the text tells of, and of what else it fits.
    """

    text: str
    wanted: Wanted


class Vocabulary:
    """
    Tells of scenes in many words, but never in the banned ones.

    Args:
        banned: Stems, as `cache.stems.stem` makes them, of words that no text may hold.
    """

    def __init__(self, banned: frozenset[str] = frozenset()) -> None:
        self._lexicon = Lexicon(banned)
        self._joints = Joints(self._lexicon)

    def caption(self, scene: Scene, chance: Random) -> Caption:
        """
        Tell one to four things that are true of a scene.

        Raises:
            ValueError: If the ban leaves no words for the scene.
        """
        for _ in range(_TRIES):
            telling = Telling(self._lexicon, self._joints, scene, chance)
            text = _form(telling, chance)(_asked(scene, chance))
            if text and telling.wanted.clauses:
                return Caption(_finished(text, chance), telling.wanted)
        raise ValueError(f"no words are left for scene {scene.id}")

    def things(self) -> Iterator[str]:
        """Return the short noun phrases for places and figures."""
        for topic, form, wording in self._lexicon.all():
            if form is Form.THING and topic in _SEEN and len(wording.text.split()) <= _SHORT:
                yield wording.text

    def bare_phrases(self) -> frozenset[str]:
        """Return every single wording without its articles."""
        return frozenset(bare(text) for text, _ in self.phrases())

    def phrases(self) -> Iterator[tuple[str, Wanted]]:
        """Return every single wording, as a text of its own."""
        for _, _, wording in self._lexicon.all():
            yield wording.text, wording.wanted
        for wording in figures(self._lexicon):
            yield wording.text, wording.wanted
        for colour in FLOWER_COLOURS:
            wanted = Wanted((frozenset({f"{colour} {Landscape.FLOWERS}"}),))
            for word, noun in product(self._lexicon.colours[colour], self._lexicon.flowers):
                yield f"{word} {noun}", wanted


def _form(telling: Telling, chance: Random) -> Callable[[Asked], str]:
    drawn = chance.random()
    if drawn < _LACKING:
        return telling.lacking
    return telling.listed if drawn < _LACKING + _LISTED else telling.told


def _asked(scene: Scene, chance: Random) -> Asked:
    left: dict[Topic | Group, float] = dict.fromkeys(scene.groups, 3.0)
    left[Topic.PLACE] = 3.0
    for topic, value in (
        (Topic.WEATHER, scene.weather),
        (Topic.TIME, scene.time),
        (Topic.STYLE, scene.style),
    ):
        if value:
            left[topic] = 0.7 if value in _USUAL else 2.0
    most = chance.choices(list(_ATTRIBUTES), list(_ATTRIBUTES.values()))[0]
    asked: list[Topic | Group] = []
    while left and len(asked) < most:
        asked += chance.choices(list(left), list(left.values()))
        del left[asked[-1]]
    return asked


def _finished(text: str, chance: Random) -> str:
    if chance.random() < _BARE:
        return bare(text)
    if chance.random() < _SENTENCE:
        return text[0].upper() + text[1:] + chance.choice((".", ""))
    return text
