"""Scenes and what texts ask of them."""

import subprocess
import sys
from collections import Counter

import pytest

from service.demo.scenes.attributes import COLOURS, KINDS, Kind, Landscape, Style, Weather
from service.demo.scenes.scene import MANY, STOCK, Scene
from service.demo.scenes.wanted import Wanted

SCENES = [Scene.of(id_) for id_ in STOCK]


def test_a_scene_is_made_from_its_number_alone():
    """Another process makes the same scene of the same number."""
    code = "from service.demo.scenes.scene import Scene; print(Scene.of(77))"

    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert other.stdout.strip() == str(Scene.of(77))


def test_there_are_thousands_of_different_scenes():
    """Hardly any two scenes show the very same."""
    shown = Counter(scene.facts for scene in SCENES)

    assert len(SCENES) >= 3000
    assert len(shown) > 0.6 * len(SCENES)


def test_every_attribute_is_shown_often_enough_to_be_searched():
    """Each landscape, weather, kind and style is in at least a hundred scenes."""
    shown = Counter(fact for scene in SCENES for fact in scene.facts)

    for fact in (*Landscape, *Weather, *Kind, *Style):
        assert shown[fact] >= 100, fact


def test_only_what_belongs_into_a_landscape_is_in_it():
    """No kind is where it cannot be, none has a colour it cannot have."""
    for scene in SCENES:
        for group in scene.groups:
            assert group.kind in KINDS[scene.landscape]
            assert group.colour in COLOURS[group.kind]


def test_two_groups_stand_apart():
    """Where there are two kinds, each has a part of the picture to itself."""
    for scene in SCENES:
        positions = [group.position for group in scene.groups]
        assert len(set(positions)) == len(positions)


def test_colours_are_told_only_where_they_are_seen():
    """A silhouette, a black-and-white or a sepia picture has no red balloon."""
    for scene in SCENES:
        colourless = scene.style in (Style.SILHOUETTE, Style.MONOCHROME, Style.VINTAGE)
        told = {f"{group.colour} {group.kind}" for group in scene.groups} & scene.facts
        assert bool(told) == bool(scene.groups and not colourless)


def test_several_are_three_or_more():
    """Counts are told exactly, and as several from three on."""
    for scene in SCENES:
        for group in scene.groups:
            assert f"{group.count} {group.kind}" in scene.facts
            assert (f"several {group.kind}" in scene.facts) == (group.count >= MANY)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("horse", lambda facts: "horse" in facts),
        ("horse & flowers", lambda facts: {"horse", "flowers"} <= facts),
        ("gloomy|stormy", lambda facts: bool({"gloomy", "stormy"} & facts)),
        ("beach & !boat", lambda facts: "beach" in facts and "boat" not in facts),
    ],
)
def test_a_scene_fits_what_is_wanted_when_all_clauses_hold(text, fits):
    """Clauses are joined by and, facts within one by or; what is barred must be absent."""
    wanted = Wanted.parse(text)

    assert {s.id for s in SCENES if wanted.fits(s)} == {s.id for s in SCENES if fits(s.facts)}


@pytest.mark.parametrize("text", ["", "horse &", "horse||cat", "!"])
def test_an_empty_clause_is_an_error(text):
    """Half a condition is a mistake of who wrote it."""
    with pytest.raises(ValueError, match="empty clause"):
        Wanted.parse(text)
