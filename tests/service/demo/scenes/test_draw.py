"""Whole pictures: landscape, figures, weather, style."""

import numpy as np
import pytest

from service.demo.scenes.attributes import Style
from service.demo.scenes.draw import draw
from service.demo.scenes.placing import places
from service.demo.scenes.scene import STOCK, Scene

SOME = range(1, 41)


def pixels(scene, edge):
    return np.asarray(draw(scene, edge), np.float32)


def first(style, count=1):
    found = (scene for scene in map(Scene.of, STOCK) if scene.style is style)
    return [next(found) for _ in range(count)]


@pytest.mark.parametrize("style", list(Style))
def test_a_scene_is_drawn_the_same_every_time(style):
    """The number decides every pixel, in every style."""
    (scene,) = first(style)

    assert np.array_equal(pixels(scene, 320), pixels(scene, 320))


@pytest.mark.parametrize("edge", [150, 640, 1280])
def test_a_picture_has_the_shape_of_its_scene(edge):
    """The longer side is as asked, in upright pictures too."""
    for scene in map(Scene.of, range(1, 9)):
        drawn = draw(scene, edge)

        assert drawn.mode == "RGB"
        assert max(drawn.size) == edge
        assert (drawn.width > drawn.height) == (scene.size[0] > scene.size[1])


def test_a_larger_drawing_shows_the_same():
    """Reduced to one size, drawings of two sizes hardly differ."""
    for scene in map(Scene.of, SOME):
        small, large = (draw(scene, edge).resize((60, 60)) for edge in (320, 640))
        difference = np.abs(np.asarray(small, np.float32) - np.asarray(large, np.float32))

        assert difference.mean() < 8, scene.id


def test_pictures_differ():
    """No two scenes look alike."""
    drawn = {draw(Scene.of(id_), 64).tobytes() for id_ in SOME}

    assert len(drawn) == len(SOME)


def test_a_monochrome_picture_is_grey_and_a_vintage_one_brown():
    """Styles rule the colours of the whole picture."""
    grey, brown = (pixels(first(style)[0], 160) for style in (Style.MONOCHROME, Style.VINTAGE))

    assert np.ptp(grey, axis=2).max() == 0
    assert (brown[..., 0].mean() - brown[..., 2].mean()) > 15


def test_every_figure_is_within_the_picture():
    """As many places as figures, all in the frame."""
    for scene in map(Scene.of, STOCK):
        found = places(scene)

        assert len(found) == sum(group.count for group in scene.groups)
        assert all(0 < place.x < 1 and 0 < place.y < 1 for place in found)


def test_a_single_figure_is_where_the_scene_says():
    """Left is left of the middle, right is right of it."""
    sides = {"left": (0, 0.4), "centre": (0.4, 0.6), "right": (0.6, 1)}
    for scene in map(Scene.of, STOCK):
        for place in places(scene):
            if place.group.count == 1:
                low, high = sides[place.group.position]
                assert low < place.x < high
