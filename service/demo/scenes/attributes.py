"""What a scene may show: the words of the demo's world, and what goes with what."""

from collections.abc import Mapping
from enum import StrEnum

__all__ = [
    "COLOURS",
    "FLOWER_COLOURS",
    "KINDS",
    "WEATHERS",
    "Colour",
    "Kind",
    "Landscape",
    "Position",
    "Style",
    "TimeOfDay",
    "Weather",
]


class Landscape(StrEnum):
    """Where it is."""

    MOUNTAINS = "mountains"
    SEA = "sea"
    BEACH = "beach"
    FOREST = "forest"
    DESERT = "desert"
    FLOWERS = "flowers"
    CITY = "city"
    HILLS = "hills"
    LAKE = "lake"
    UNDERWATER = "underwater"


class Weather(StrEnum):
    """Weather and mood. Snow lies and falls where it is snowing, and nowhere else."""

    CLEAR = "clear"
    GLOOMY = "gloomy"
    STORMY = "stormy"
    FOGGY = "foggy"
    SNOWING = "snowing"


class TimeOfDay(StrEnum):
    """Time of day: its light."""

    DAWN = "dawn"
    DAY = "day"
    SUNSET = "sunset"
    NIGHT = "night"


class Kind(StrEnum):
    """What stands, swims or flies in the landscape."""

    BALLOON = "balloon"
    BIRD = "bird"
    BOAT = "boat"
    CAR = "car"
    CAT = "cat"
    DOG = "dog"
    FISH = "fish"
    HORSE = "horse"
    HOUSE = "house"
    LIGHTHOUSE = "lighthouse"
    SHEEP = "sheep"
    TENT = "tent"
    TREE = "tree"
    WINDMILL = "windmill"


class Colour(StrEnum):
    """Main colour of a kind, or of a field's flowers."""

    BLACK = "black"
    BLUE = "blue"
    BROWN = "brown"
    GREEN = "green"
    ORANGE = "orange"
    PINK = "pink"
    PURPLE = "purple"
    RED = "red"
    WHITE = "white"
    YELLOW = "yellow"


class Position(StrEnum):
    """Where in the picture a single figure is."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class Style(StrEnum):
    """How it is drawn. Only plain and watercolour pictures have colours of their own."""

    PLAIN = "plain"
    SILHOUETTE = "silhouette"
    MONOCHROME = "monochrome"
    VINTAGE = "vintage"
    WATERCOLOUR = "watercolour"


FLOWER_COLOURS = (
    Colour.RED,
    Colour.YELLOW,
    Colour.PURPLE,
    Colour.PINK,
    Colour.WHITE,
    Colour.ORANGE,
    Colour.BLUE,
)

COLOURS: Mapping[Kind, tuple[Colour, ...]] = {
    kind: tuple(Colour(name) for name in names.split())
    for kind, names in {
        Kind.BALLOON: "red blue yellow purple pink orange green",
        Kind.BIRD: "white black red blue yellow",
        Kind.BOAT: "red blue white yellow green",
        Kind.CAR: "red blue yellow white green black",
        Kind.CAT: "orange black white",
        Kind.DOG: "brown black white",
        Kind.FISH: "orange blue yellow red purple",
        Kind.HORSE: "brown black white",
        Kind.HOUSE: "red white yellow blue pink",
        Kind.LIGHTHOUSE: "white red",
        Kind.SHEEP: "white black",
        Kind.TENT: "orange blue yellow red green",
        Kind.TREE: "green orange pink red",
        Kind.WINDMILL: "white red brown",
    }.items()
}

KINDS: Mapping[Landscape, tuple[Kind, ...]] = {
    landscape: tuple(Kind(name) for name in names.split())
    for landscape, names in {
        Landscape.MOUNTAINS: "balloon bird car dog horse house sheep tent tree",
        Landscape.SEA: "balloon bird boat lighthouse",
        Landscape.BEACH: "bird boat dog horse lighthouse tent tree",
        Landscape.FOREST: "bird car cat dog horse house tent",
        Landscape.DESERT: "balloon bird car horse tent",
        Landscape.FLOWERS: "balloon bird cat dog horse house sheep tree windmill",
        Landscape.CITY: "balloon bird car cat dog",
        Landscape.HILLS: "balloon bird car cat dog horse house sheep tent tree windmill",
        Landscape.LAKE: "balloon bird boat horse house tent tree",
        Landscape.UNDERWATER: "fish",
    }.items()
}

_ALL = tuple(Weather)
_NO_SNOW = tuple(weather for weather in Weather if weather is not Weather.SNOWING)

WEATHERS: Mapping[Landscape, tuple[Weather, ...]] = {
    Landscape.MOUNTAINS: _ALL,
    Landscape.SEA: _NO_SNOW,
    Landscape.BEACH: _NO_SNOW,
    Landscape.FOREST: _ALL,
    Landscape.DESERT: (Weather.CLEAR, Weather.GLOOMY),
    Landscape.FLOWERS: _NO_SNOW,
    Landscape.CITY: _ALL,
    Landscape.HILLS: _ALL,
    Landscape.LAKE: _ALL,
    Landscape.UNDERWATER: (),
}
