"""The words that a ban leaves, found by the fact they are about."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import product
from operator import itemgetter
from random import Random
from typing import NamedTuple, TypeVar

from service.demo.captions.colours import COLOUR_WORDS, FLOWER_NOUNS
from service.demo.captions.counts import COUNT_WORDS, POSITION_WORDS, SEVERAL_WORDS
from service.demo.captions.grammar import plural
from service.demo.captions.kinds import ACTIONS, HERDS, NOUNS
from service.demo.captions.times import HOURS
from service.demo.captions.words import Form, Topic, Wording, allowed, split, wordings
from service.demo.scenes.attributes import Kind
from service.demo.scenes.scene import Scene
from service.demo.scenes.wanted import Wanted

__all__ = ["Lexicon", "Noun", "draw"]

_T = TypeVar("_T")


def draw(words: Sequence[_T], chance: Random) -> _T:
    """Draw one; the first ones, which are the plainest, are drawn more often."""
    return words[int(len(words) * chance.random() ** 2)]


class Noun(NamedTuple):
    """A noun in both numbers."""

    singular: str
    plural: str


class Lexicon:
    """
    Wordings without banned words.

    Args:
        banned: Stems of the words that no wording may hold.
    """

    def __init__(self, banned: frozenset[str]) -> None:
        self._banned = banned
        self._found: defaultdict[tuple[Topic, Form, str], list[Wording]] = defaultdict(list)
        for topic, form, wording in self.all():
            for fact in wording.wanted.clauses[0]:
                self._found[topic, form, fact].append(wording)
        for found in self._found.values():
            found[:] = _plain_first(found)
        self.nouns = {kind: list(self._nouns(kind)) for kind in Kind}
        self.actions = {kind: self.keep(ACTIONS[kind]) for kind in Kind}
        self.herds = {kind: self.keep(HERDS.get(kind, "")) for kind in Kind}
        self.colours = {colour: self.keep(words) for colour, words in COLOUR_WORDS.items()}
        self.flowers = self.keep(FLOWER_NOUNS)
        self.counts = {count: self.keep(words) for count, words in COUNT_WORDS.items()}
        self.several = self.keep(SEVERAL_WORDS)
        self.positions = {place: self.keep(words) for place, words in POSITION_WORDS.items()}
        self.hours = {time: self.keep(words) for time, words in HOURS.items()}

    def all(self) -> Iterator[tuple[Topic, Form, Wording]]:
        """Return every wording of the tables, with its topic and form."""
        for topic, form in product(Topic, Form):
            for wording in wordings(topic, form):
                if allowed([wording.text], self._banned):
                    yield topic, form, wording

    def keep(self, words: str | Iterable[str]) -> list[str]:
        """Return those wordings that hold no banned word, of a list or separated by commas."""
        texts = split(words) if isinstance(words, str) else words
        return [text for text in allowed(texts, self._banned) if text]

    def pick(
        self, topic: Topic, form: Form, scene: Scene, about: Collection[str], chance: Random
    ) -> Wording | None:
        """Draw a wording about one of some facts that is true of a scene."""
        found = [
            wording
            for fact in about
            for wording in self._found.get((topic, form, fact), ())
            if wording.wanted.fits(scene)
        ]
        return draw(found, chance) if found else None

    def _nouns(self, kind: Kind) -> Iterator[Noun]:
        for word in split(NOUNS[kind]):
            singular, _, irregular = word.partition("/")
            noun = Noun(singular, irregular or plural(singular))
            if len(allowed(noun, self._banned)) == len(noun):
                yield noun


def _plain_first(found: Collection[Wording]) -> list[Wording]:
    """Merge the wordings of each meaning, which come plain ones first, evenly into one list."""
    sizes = Counter(wording.wanted for wording in found)
    places = Counter[Wanted]()
    ranked = list[tuple[float, Wording]]()
    for wording in found:
        places[wording.wanted] += 1
        ranked.append(((places[wording.wanted] - 1 / 2) / sizes[wording.wanted], wording))
    return [wording for _, wording in sorted(ranked, key=itemgetter(0))]
