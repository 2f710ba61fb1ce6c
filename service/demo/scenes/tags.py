"""Tags of a scene, as stock sites have them: all of them true of its picture."""

from collections.abc import Iterator, Mapping

from service.demo.scenes.attributes import Kind, Landscape, Style, TimeOfDay, Weather
from service.demo.scenes.scene import Group, Scene

__all__ = ["tags"]

_MOST = 12
_ENOUGH = 7

_PLACES: Mapping[Landscape, tuple[str, ...]] = {
    Landscape.MOUNTAINS: ("mountains", "peaks", "landscape"),
    Landscape.SEA: ("sea", "ocean", "water"),
    Landscape.BEACH: ("beach", "sea", "sand"),
    Landscape.FOREST: ("forest", "trees", "woods"),
    Landscape.DESERT: ("desert", "sand", "dry"),
    Landscape.FLOWERS: ("flowers", "field", "meadow"),
    Landscape.CITY: ("city", "skyline", "buildings"),
    Landscape.HILLS: ("hills", "countryside", "landscape"),
    Landscape.LAKE: ("lake", "water", "mountains"),
    Landscape.UNDERWATER: ("underwater", "ocean", "water"),
}
_FURTHER: Mapping[Landscape, tuple[str, ...]] = {
    Landscape.MOUNTAINS: ("nature", "outdoors", "scenery"),
    Landscape.SEA: ("nature", "seascape", "outdoors"),
    Landscape.BEACH: ("coast", "nature", "ocean", "water"),
    Landscape.FOREST: ("nature", "outdoors", "landscape"),
    Landscape.DESERT: ("nature", "landscape", "outdoors"),
    Landscape.FLOWERS: ("nature", "blossoms", "outdoors"),
    Landscape.CITY: ("urban", "architecture", "town"),
    Landscape.HILLS: ("nature", "outdoors", "rural"),
    Landscape.LAKE: ("nature", "landscape", "outdoors"),
    Landscape.UNDERWATER: ("nature", "marine"),
}
_BELONGS: Mapping[Kind, str] = {
    Kind.BALLOON: "hot air balloon",
    Kind.BIRD: "animal",
    Kind.BOAT: "vessel",
    Kind.CAR: "vehicle",
    Kind.CAT: "animal",
    Kind.DOG: "animal",
    Kind.FISH: "animal",
    Kind.HORSE: "animal",
    Kind.HOUSE: "building",
    Kind.LIGHTHOUSE: "building",
    Kind.SHEEP: "animal",
    Kind.TENT: "camping",
    Kind.TREE: "plant",
    Kind.WINDMILL: "building",
}
_SKIES: Mapping[Weather, tuple[str, ...]] = {
    Weather.CLEAR: (),  # as stock sites have it: told of only where it is not so
    Weather.GLOOMY: ("gloomy", "cloudy"),
    Weather.STORMY: ("stormy", "storm"),
    Weather.FOGGY: ("foggy", "fog"),
    Weather.SNOWING: ("snow", "winter"),
}
_LIGHT: Mapping[TimeOfDay, tuple[str, ...]] = {
    TimeOfDay.DAWN: ("dawn",),
    TimeOfDay.DAY: (),  # likewise
    TimeOfDay.SUNSET: ("sunset",),
    TimeOfDay.NIGHT: ("night",),
}
_LOOKS: Mapping[Style, tuple[str, ...]] = {
    Style.PLAIN: (),
    Style.SILHOUETTE: ("silhouette",),
    Style.MONOCHROME: ("monochrome", "black and white"),
    Style.VINTAGE: ("vintage", "retro"),
    Style.WATERCOLOUR: ("watercolour", "watercolor"),
}


def tags(scene: Scene) -> tuple[str, ...]:
    """
    Return 5 to 12 tags of a scene, those that say most about it first.

    Colours are told with what has them (`red car`), and only where the style
    shows any.
    """
    found = tuple(dict.fromkeys(_tags(scene)))
    further = (tag for tag in _FURTHER[scene.landscape] if tag not in found)
    filled = (*found, *further)[: max(len(found), _ENOUGH)]
    return filled[:_MOST]


def _tags(scene: Scene) -> Iterator[str]:
    for group in scene.groups:
        yield _name(group)
    yield from _PLACES[scene.landscape]
    for group in scene.groups:
        yield _BELONGS[group.kind]
    says = (
        _SKIES[scene.weather] if scene.weather else (),
        _LIGHT[scene.time] if scene.time else (),
        _LOOKS[scene.style],
    )
    for words in says:
        yield from words[:1]
    yield from _colours(scene)
    for words in says:
        yield from words[1:]


def _colours(scene: Scene) -> Iterator[str]:
    if scene.flowers and (tag := f"{scene.flowers} {Landscape.FLOWERS}") in scene.facts:
        yield tag
    for group in scene.groups:
        if f"{group.colour} {group.kind}" in scene.facts:
            yield f"{group.colour} {_name(group)}"


def _name(group: Group) -> str:
    if group.count == 1 or group.kind in (Kind.FISH, Kind.SHEEP):
        return group.kind.value
    return f"{group.kind}s"
