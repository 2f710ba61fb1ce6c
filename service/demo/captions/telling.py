"""Telling of a scene: some of what is true of it, as a sentence or as a list of words."""

from collections.abc import Sequence
from random import Random

from service.demo.captions.figures import figure
from service.demo.captions.grammar import bare, indefinite, qualified
from service.demo.captions.joints import ALSO, BACKDROPS, HOLDS, LACKS, LIGHTS, MARKS, OPENINGS
from service.demo.captions.lexicon import Lexicon, draw
from service.demo.captions.words import Form, Topic, Wording
from service.demo.scenes.attributes import KINDS, Kind, Landscape
from service.demo.scenes.scene import Group, Scene
from service.demo.scenes.wanted import Wanted

__all__ = ["Asked", "Joints", "Telling"]

Asked = Sequence[Topic | Group]

_NEGATABLE = 2  # of a kind's nouns, the first, which name all of its figures
_EVERYWHERE = Kind.TREE  # stands in many backgrounds where it is no figure
_OWN_PLACE = 0.8
_OF_THEIR_COLOUR = 0.4
_QUALIFIED, _NAMED, _OPENED, _INVERTED, _TURNED = 0.4, 0.7, 0.3, 0.2, 0.12
_STYLE_FIRST = 0.6
_SHORT = 0.6


class Joints:
    """The joining words that a ban leaves."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.openings = [f"{words} " for words in lexicon.keep(OPENINGS)] or [""]
        self.also = [f" {word} " for word in lexicon.keep(ALSO)] or [", "]
        self.backdrops = [f" {word} " for word in lexicon.keep(BACKDROPS)] or [", "]
        self.holds = [f" {word} " for word in lexicon.keep(HOLDS)] or [", "]
        self.lights = [f"{word} " for word in lexicon.keep(LIGHTS)] or [""]
        self.lacks = lexicon.keep(LACKS)
        self.marks = lexicon.keep(MARKS)


class Telling:
    """
    One caption in the making: what was said so far asks for `wanted`.

    Args:
        lexicon: The words.
        joints: The words between them.
        scene: What it tells of.
        chance: Draws the words.
    """

    def __init__(self, lexicon: Lexicon, joints: Joints, scene: Scene, chance: Random) -> None:
        self._lexicon = lexicon
        self._joints = joints
        self._scene = scene
        self._chance = chance
        self._clauses: list[frozenset[str]] = []
        self._without: frozenset[str] = frozenset()

    @property
    def wanted(self) -> Wanted:
        """What the words drawn so far ask of a scene."""
        return Wanted(tuple(dict.fromkeys(self._clauses)), self._without)

    def listed(self, asked: Asked) -> str:
        """Name what is asked for in any order, as in a search."""
        things = [self._figure(x) if isinstance(x, Group) else self._thing(x) for x in asked]
        self._chance.shuffle(things)
        text = self._chance.choice(self._joints.marks).join(filter(None, things))
        return bare(text) if self._chance.random() < _SHORT else text

    def told(self, asked: Asked) -> str:
        """Tell what is asked for in one phrase, of which a style is the first or the last word."""
        head, tails = self._scenery(asked)
        if not head and not tails:
            return self._any_form(Topic.STYLE, Form.THING, Form.OF)
        turned = not head or (bool(tails) and self._chance.random() < _TURNED)
        end = ""
        if Topic.STYLE in asked:
            styled = "" if turned or self._chance.random() > _STYLE_FIRST else self._styled(head)
            head, end = (styled, "") if styled else (head, self._any_form(Topic.STYLE, Form.WHERE))
        elif not turned and self._chance.random() < _OPENED:
            head = f"{self._chance.choice(self._joints.openings)}{head}"
        parts = [*tails, head] if turned else [" ".join([head, *tails])]
        return ", ".join(filter(None, [*parts, end]))

    def lacking(self, asked: Asked) -> str:
        """Tell what is asked for, and one kind that might be there but is not."""
        lacks, absent = self._joints.lacks, self._absent()
        text = self.told([one for one in asked if one is not Topic.STYLE] or [Topic.PLACE])
        if not text or not absent or not lacks:
            return text
        noun, fact = self._chance.choice(absent)
        self._without = frozenset({fact})
        return f"{text} {self._chance.choice(lacks)} {noun}"

    def _absent(self) -> list[tuple[str, str]]:
        return [
            (noun.plural, kind)
            for kind in KINDS[self._scene.landscape]
            if kind not in self._scene.facts and kind is not _EVERYWHERE
            for noun in self._lexicon.nouns[kind][:_NEGATABLE]
        ]

    def _scenery(self, asked: Asked) -> tuple[str, list[str]]:
        groups = [self._figure(group) for group in asked if isinstance(group, Group)]
        airs = [topic for topic in (Topic.WEATHER, Topic.TIME) if topic in asked]
        self._chance.shuffle(airs)
        head = self._chance.choice(self._joints.also).join(filter(None, groups))
        tails: list[str] = []
        if Topic.PLACE in asked and not head:
            head = self._qualified_place(airs)
        elif Topic.PLACE in asked:
            head, tails = self._placed(head)
        if not head:
            head = self._air(airs)
        return head, list(filter(None, [*tails, *map(self._where, airs)]))

    def _placed(self, head: str) -> tuple[str, list[str]]:
        if self._chance.random() > _INVERTED and (where := self._say(Topic.PLACE, Form.WHERE)):
            return head, [where]
        place = self._thing(Topic.PLACE)
        if not place:
            return head, []
        if self._chance.random() < 1 / 2:
            return f"{place}{self._chance.choice(self._joints.holds)}{head}", []
        return f"{head}{self._chance.choice(self._joints.backdrops)}{place}", []

    def _qualified_place(self, airs: list[Topic]) -> str:
        place = self._thing(Topic.PLACE)
        if place and airs and self._chance.random() < _QUALIFIED:
            adjective = self._say(airs[0], Form.ADJECTIVE)
            if adjective:
                airs.pop(0)
                return qualified(adjective, place)
        return place

    def _air(self, airs: list[Topic]) -> str:
        if len(airs) > 1 and self._chance.random() < _QUALIFIED and (hour := self._hour()):
            airs.clear()
            return hour
        return self._thing(airs.pop()) if airs and self._chance.random() < _NAMED else ""

    def _hour(self) -> str:
        time = self._scene.time
        nouns = self._lexicon.hours[time] if time else []
        adjective = self._say(Topic.WEATHER, Form.ADJECTIVE) if nouns else ""
        if not adjective or time is None:
            return ""
        self._clauses.append(frozenset({time}))
        return indefinite(f"{adjective} {draw(nouns, self._chance)}")

    def _where(self, topic: Topic) -> str:
        if self._chance.random() < _INVERTED and (thing := self._thing(topic)):
            return f"{self._chance.choice(self._joints.lights)}{thing}"
        return self._any_form(topic, Form.WHERE)

    def _styled(self, head: str) -> str:
        style = self._say(Topic.STYLE, Form.OF)
        return f"{style} of {head}" if style else ""

    def _any_form(self, topic: Topic, *forms: Form) -> str:
        first = self._chance.choice(forms)
        return self._say(topic, first) or self._thing(topic)

    def _thing(self, topic: Topic) -> str:
        coloured = topic is Topic.PLACE and self._chance.random() < _OF_THEIR_COLOUR
        if coloured and (flowers := self._flowers()):
            return flowers
        return self._say(topic, Form.THING)

    def _flowers(self) -> str:
        colour, nouns = self._scene.flowers, self._lexicon.flowers
        fact = f"{colour} {Landscape.FLOWERS}"
        if colour is None or fact not in self._scene.facts:
            return ""
        words = self._lexicon.colours[colour]
        if not words or not nouns or self._chance.random() < 1 / 3:
            return self._record(self._pick(Topic.PLACE, Form.THING, [fact]))
        self._clauses.append(frozenset({fact}))
        return f"{draw(words, self._chance)} {draw(nouns, self._chance)}"

    def _figure(self, group: Group) -> str:
        return self._record(figure(self._lexicon, self._scene, group, self._chance))

    def _say(self, topic: Topic, form: Form) -> str:
        return self._record(self._pick(topic, form, [self._fact(topic)]))

    def _pick(self, topic: Topic, form: Form, about: list[str]) -> Wording | None:
        return self._lexicon.pick(topic, form, self._scene, about, self._chance)

    def _record(self, wording: Wording | None) -> str:
        if wording is None:
            return ""
        self._clauses.extend(wording.wanted.clauses)
        return wording.text

    def _fact(self, topic: Topic) -> str:
        scene = self._scene
        if topic is Topic.PLACE:
            others = [x for x in Landscape if x in scene.facts and x is not scene.landscape]
            own = not others or self._chance.random() < _OWN_PLACE
            return scene.landscape if own else self._chance.choice(others)
        facts = {Topic.WEATHER: scene.weather, Topic.TIME: scene.time, Topic.STYLE: scene.style}
        return facts[topic] or ""
