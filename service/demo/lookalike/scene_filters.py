"""The API's filters that go by what a photo shows, decided for scenes."""

from collections.abc import Iterator, Mapping

from cache.pools.filters import Filters
from service.demo.lookalike.stock import chance
from service.demo.scenes.attributes import Colour, Landscape, Style, TimeOfDay, Weather
from service.demo.scenes.scene import Scene

__all__ = ["colours", "passes"]

_CHOSEN = 0.1
_CATEGORIES: Mapping[str, frozenset[str]] = {
    name: frozenset(facts.split())
    for name, facts in {
        "nature": "mountains sea beach forest desert flowers hills lake underwater",
        "animals": "bird cat dog fish horse sheep",
        "transportation": "balloon boat car",
        "travel": "balloon beach boat tent",
        "sports": "balloon",
        "buildings": "city house lighthouse windmill",
        "places": "beach city lake lighthouse",
    }.items()
}
_NAMES = {Colour.PURPLE: "lilac"}
_OWN_COLOURS = (Style.PLAIN, Style.WATERCOLOUR)

# Measured on drawings: colours that fill at least a quarter of the picture.
_GREEN_BY_DAY = (Landscape.FOREST, Landscape.HILLS, Landscape.MOUNTAINS)
_UNDER_WATER = ("blue", "turquoise")
_UNDER_SKY: Mapping[tuple[TimeOfDay, Weather], tuple[str, ...]] = {
    (TimeOfDay.DAWN, Weather.FOGGY): ("white",),
    (TimeOfDay.DAY, Weather.CLEAR): ("blue",),
    (TimeOfDay.DAY, Weather.FOGGY): ("white",),
    (TimeOfDay.DAY, Weather.SNOWING): ("white",),
    (TimeOfDay.SUNSET, Weather.CLEAR): ("orange", "red"),
    (TimeOfDay.NIGHT, Weather.CLEAR): ("blue",),
    (TimeOfDay.NIGHT, Weather.SNOWING): ("blue",),
}


def passes(scene: Scene, filters: Filters) -> bool:
    """Whether a scene passes the checked filters of type, category, colour and choice."""
    if filters.get("image_type") in ("illustration", "vector"):
        return False
    if filters.get("editors_choice") == "true" and chance(f"chosen {scene.id}") >= _CHOSEN:
        return False
    category = filters.get("category")
    if category is not None and not _belongs(scene, category):
        return False
    wanted = filters.get("colors")
    return wanted is None or set(wanted.split(",")) <= set(colours(scene))


def colours(scene: Scene) -> Iterator[str]:
    """Yield the colours that are seen in a scene, by the API's names."""
    if scene.style is Style.MONOCHROME:
        yield "grayscale"
    if scene.style not in _OWN_COLOURS:
        return
    yield from _surroundings(scene)
    if scene.flowers:
        yield _NAMES.get(scene.flowers, scene.flowers)
    for group in scene.groups:
        yield _NAMES.get(group.colour, group.colour)


def _surroundings(scene: Scene) -> tuple[str, ...]:
    if scene.time is None or scene.weather is None:
        return _UNDER_WATER
    by_day = (scene.time, scene.weather) == (TimeOfDay.DAY, Weather.CLEAR)
    if by_day and scene.landscape in _GREEN_BY_DAY:
        return ("blue", "green")
    return _UNDER_SKY.get((scene.time, scene.weather), ())


def _belongs(scene: Scene, category: str) -> bool:
    if category == "backgrounds":
        return not scene.groups
    return not scene.facts.isdisjoint(_CATEGORIES.get(category, frozenset()))
