"""Tags of scenes: enough, not too many, and true."""

import pytest

from service.demo.scenes.attributes import Colour, Kind, Landscape, Position, Style, TimeOfDay
from service.demo.scenes.attributes import Weather as Sky
from service.demo.scenes.scene import STOCK, Group, Scene
from service.demo.scenes.tags import tags

ALL = [Scene.of(number) for number in STOCK]
FACTS = {
    "snow": "snowing",
    "winter": "snowing",
    "storm": "stormy",
    "fog": "foggy",
    "cloudy": "gloomy",
    "hot air balloon": "balloon",
    "vessel": "boat",
    "vehicle": "car",
    "camping": "tent",
    "plant": "tree",
    "trees": "tree",
    "black and white": "monochrome",
    "retro": "vintage",
    "watercolor": "watercolour",
    "skyline": "city",
    "field": "flowers",
    "peaks": "mountains",
    "sea": "sea",
}
"""Words of tags, and the fact that each must come with."""


def scene(
    *groups,
    landscape=Landscape.HILLS,
    weather=Sky.CLEAR,
    time=TimeOfDay.DAY,
    style=Style.PLAIN,
    flowers=None,
):
    return Scene(1, landscape, weather, time, style, groups, flowers, (1280, 854))


def figures(kind, count=1, colour=Colour.WHITE):
    return Group(kind, count, colour, Position.LEFT)


def test_every_scene_has_5_to_12_tags():
    """Neither too few nor too many, none twice."""
    assert all(5 <= len(tags(one)) <= 12 for one in ALL)
    assert all(len(set(tags(one))) == len(tags(one)) for one in ALL)


def test_kinds_and_landscape_are_always_among_them():
    """A scene is found under all that it mainly shows, the figures first."""
    for one in ALL:
        found = tags(one)
        assert one.landscape in found
        for place, group in enumerate(one.groups):
            assert found[place].removesuffix("s") == group.kind.removesuffix("s")


def test_what_light_sky_and_style_change_is_told():
    """Night, fog or watercolour are never cut away."""
    silent = {"day", "clear", "plain"}
    words = {"snowing": "snow"}
    for one in ALL:
        told = {one.weather, one.time, one.style} - silent - {None}
        assert {words.get(fact, fact.value) for fact in told} <= set(tags(one))


def test_a_bird_in_a_city_at_night():
    """An example."""
    bird = figures(Kind.BIRD, colour=Colour.RED)

    assert tags(scene(bird, landscape=Landscape.CITY, time=TimeOfDay.NIGHT)) == (
        "bird", "city", "skyline", "buildings", "animal", "night", "red bird",
    )  # fmt: skip


def test_empty_hills_have_enough_tags_too():
    """Where little is to be said, the landscape is told of further."""
    assert tags(scene()) == (
        "hills", "countryside", "landscape", "nature", "outdoors", "rural",
    )  # fmt: skip


@pytest.mark.parametrize("style", [Style.SILHOUETTE, Style.MONOCHROME, Style.VINTAGE])
def test_a_style_without_colours_tells_none(style):
    """What is not seen is not told."""
    field = scene(
        figures(Kind.CAT, colour=Colour.ORANGE),
        landscape=Landscape.FLOWERS,
        flowers=Colour.YELLOW,
        style=style,
    )

    assert not [tag for tag in tags(field) if "orange" in tag or "yellow" in tag]


def test_several_are_told_as_several():
    """Two cars are cars; fish and sheep stay what they are."""
    assert tags(scene(figures(Kind.CAR, 2)))[0] == "cars"
    assert tags(scene(figures(Kind.SHEEP, 2)))[0] == "sheep"


@pytest.mark.parametrize(("word", "fact"), FACTS.items())
def test_tags_are_true(word, fact):
    """What a word of a tag says is a fact of the scene."""
    having = [one for one in ALL if word in tags(one)]

    assert having
    assert all(fact in one.facts for one in having)


def test_colours_are_those_of_what_has_them():
    """Every tag that begins with a colour is a fact, but for its plural."""
    for one in ALL:
        for tag in tags(one):
            colour, _, what = tag.partition(" ")
            if what and colour in set(Colour) and tag != "black and white":
                assert {tag, tag.removesuffix("s")} & one.facts
