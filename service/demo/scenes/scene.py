"""Scenes: what a number's picture shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from random import Random
from typing import TypeVar

from service.demo.scenes.attributes import (
    COLOURS,
    FLOWER_COLOURS,
    KINDS,
    WEATHERS,
    Colour,
    Kind,
    Landscape,
    Position,
    Style,
    TimeOfDay,
    Weather,
)

__all__ = ["DRAWING", "MANY", "STOCK", "Group", "Scene"]

STOCK = range(1, 6001)
"""Numbers of the scenes that the demo serves. No model was trained on any of them."""

DRAWING = 1
"""Rises when numbers get other pictures: what was remembered of the old ones is not theirs."""

MANY = 3
"""So many of a kind are several."""

_MOST = 6
_HORIZONTAL, _VERTICAL = (1280, 854), (854, 1280)
_IMPLIED = {
    Landscape.BEACH: (Landscape.SEA,),
    Landscape.FOREST: (Kind.TREE,),
    Landscape.LAKE: (Landscape.MOUNTAINS,),
}
_COLOURLESS = (Style.SILHOUETTE, Style.MONOCHROME, Style.VINTAGE)

_TIMES = {TimeOfDay.DAY: 45, TimeOfDay.SUNSET: 22, TimeOfDay.NIGHT: 18, TimeOfDay.DAWN: 15}
_SKIES = {
    TimeOfDay.DAY: {
        Weather.CLEAR: 40,
        Weather.GLOOMY: 17,
        Weather.STORMY: 13,
        Weather.FOGGY: 13,
        Weather.SNOWING: 17,
    },
    TimeOfDay.SUNSET: {Weather.CLEAR: 1},
    TimeOfDay.DAWN: {Weather.CLEAR: 65, Weather.FOGGY: 35},
    TimeOfDay.NIGHT: {
        Weather.CLEAR: 60,
        Weather.SNOWING: 15,
        Weather.STORMY: 15,
        Weather.FOGGY: 10,
    },
}
_STYLES = {
    Style.PLAIN: 68,
    Style.SILHOUETTE: 7,
    Style.MONOCHROME: 8,
    Style.VINTAGE: 7,
    Style.WATERCOLOUR: 10,
}
_GROUPS = {0: 10, 1: 68, 2: 22}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Group:
    """
    Figures of one kind in one picture.

    Args:
        kind: What they are.
        count: How many, 1 to 6.
        colour: Of all of them.
        position: Where in the picture; told of a single figure only.
    """

    kind: Kind
    count: int
    colour: Colour
    position: Position


@dataclass(frozen=True)
class Scene:
    """
    What one picture shows, from its number alone.

    Args:
        id: The number.
        landscape: Where it is.
        weather: The sky's; None below water.
        time: The light; None below water.
        style: How it is drawn.
        groups: Figures, at most two kinds.
        flowers: Colour of the field; None elsewhere.
        size: Width and height in pixels of the largest drawing.
    """

    id: int
    landscape: Landscape
    weather: Weather | None
    time: TimeOfDay | None
    style: Style
    groups: tuple[Group, ...]
    flowers: Colour | None
    size: tuple[int, int]

    @classmethod
    def of(cls, id_: int) -> "Scene":
        """Return the scene of a number; the same in every process and on every machine."""
        return _scene(id_)

    @cached_property
    def facts(self) -> frozenset[str]:
        """All that is true of the picture, such as `horse`, `2 horse`, `brown horse`."""
        return frozenset(self._facts())

    def _facts(self) -> Iterator[str]:
        yield self.landscape
        yield from _IMPLIED.get(self.landscape, ())
        yield self.style
        if self.weather:
            yield self.weather
        if self.time:
            yield self.time
        coloured = self.style not in _COLOURLESS
        if self.flowers and coloured:
            yield f"{self.flowers} {Landscape.FLOWERS}"
        for group in self.groups:
            yield group.kind
            yield f"{group.count} {group.kind}"
            if group.count >= MANY:
                yield f"several {group.kind}"
            if coloured:
                yield f"{group.colour} {group.kind}"
            if group.count == 1:
                yield f"{group.kind} {group.position}"


@cache
def _scene(id_: int) -> Scene:
    chance = Random(f"scene {id_}")
    landscape = chance.choice(tuple(Landscape))
    time, weather = _light(chance, landscape)
    style = _pick(chance, _STYLES)
    if landscape is Landscape.UNDERWATER and style is Style.SILHOUETTE:
        style = Style.PLAIN
    flowers = chance.choice(FLOWER_COLOURS) if landscape is Landscape.FLOWERS else None
    groups = tuple(_groups(chance, landscape, time))
    size = _VERTICAL if chance.random() < 1 / 6 else _HORIZONTAL
    return Scene(id_, landscape, weather, time, style, groups, flowers, size)


def _light(chance: Random, landscape: Landscape) -> tuple[TimeOfDay | None, Weather | None]:
    possible = WEATHERS[landscape]
    if not possible:
        return None, None
    time = _pick(chance, _TIMES)
    skies = {weather: n for weather, n in _SKIES[time].items() if weather in possible}
    return time, _pick(chance, skies)


def _groups(chance: Random, landscape: Landscape, time: TimeOfDay | None) -> Iterator[Group]:
    kinds = list(KINDS[landscape])
    places = list(Position)
    for _ in range(min(_pick(chance, _GROUPS), len(kinds))):
        kind = kinds.pop(chance.randrange(len(kinds)))
        # What is black is not seen at night
        unseen = Colour.BLACK if time is TimeOfDay.NIGHT else None
        colour = chance.choice([colour for colour in COLOURS[kind] if colour is not unseen])
        # Two groups stand apart, so that neither hides the other
        place = places.pop(chance.randrange(len(places)))
        yield Group(kind, _count(chance, kind), colour, place)


def _count(chance: Random, kind: Kind) -> int:
    if kind is Kind.LIGHTHOUSE:
        return 1
    return min(_MOST, 1 + int(chance.expovariate(0.75)))


def _pick(chance: Random, weights: dict[_T, int]) -> _T:
    return chance.choices(list(weights), list(weights.values()))[0]
