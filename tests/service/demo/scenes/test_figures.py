"""Figures: every kind in every colour, as sprites."""

import colorsys
from functools import cache
from random import Random

import numpy as np
import pytest

from service.demo.scenes.attributes import COLOURS, Colour, Kind
from service.demo.scenes.figures import BASE, HEIGHTS, draw_figure

ALL = [(kind, colour) for kind in Kind for colour in COLOURS[kind]]
GREYS = {Colour.BLACK, Colour.WHITE}
SATURATED = [(kind, colour) for kind, colour in ALL if colour not in GREYS]
LOW = {Kind.BIRD: 0.3, Kind.BOAT: 0.55, Kind.FISH: 0.8, Kind.HORSE: 0.7}
SEEDS = range(4)


def natural(colour):
    return colour


def drawn(kind, colour, *, height=90, facing=1, lit=natural, seed=0):
    return draw_figure(
        kind, colour, height=height, facing=facing, lit=lit, chance=Random(f"figure {seed}")
    )


def solid(sprite):
    """The colours of the wholly covered pixels, shape (n, 3)."""
    pixels = np.asarray(sprite)
    return pixels[pixels[..., 3] == 255][:, :3]


@cache
def named(rgb):
    """The colour whose hue, saturation and lightness are nearest."""

    def cone(colour):
        hue, lightness, saturation = colorsys.rgb_to_hls(*(value / 255 for value in colour))
        chroma = saturation * (1 - abs(2 * lightness - 1))
        angle = 2 * np.pi * hue
        return np.array([chroma * np.cos(angle), chroma * np.sin(angle), lightness])

    return min(BASE, key=lambda colour: np.linalg.norm(cone(BASE[colour]) - cone(rgb)))


@pytest.mark.parametrize(("kind", "colour"), ALL)
def test_every_kind_is_drawn_in_every_colour(kind, colour):
    """A sprite has straight alpha and covers a good part of its frame."""
    sprite = drawn(kind, colour)

    assert sprite.mode == "RGBA"
    assert np.asarray(sprite)[..., 3].mean() > 0.2 * 255


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("height", [20, 121, 300])
def test_a_figure_is_as_high_as_asked(kind, height):
    """A figure is as high as asked for, or somewhat lower in a low pose, never higher."""
    heights = [drawn(kind, COLOURS[kind][0], height=height, seed=s).height for s in range(20)]

    assert max(heights) <= height
    assert min(heights) >= LOW.get(kind, 0.98) * height - 1


@pytest.mark.parametrize("kind", list(Kind))
def test_some_pose_of_a_kind_has_the_full_height(kind):
    """The height is that of the kind's tallest pose."""
    heights = [drawn(kind, COLOURS[kind][0], height=100, seed=s).height for s in range(20)]

    assert max(heights) >= 80


@pytest.mark.parametrize(("kind", "colour"), ALL)
def test_the_same_chance_draws_the_same_figure(kind, colour):
    """A figure depends on its arguments and its chance alone."""
    assert drawn(kind, colour).tobytes() == drawn(kind, colour).tobytes()


@pytest.mark.parametrize("kind", list(Kind))
def test_chance_varies_the_figure(kind):
    """Figures of one kind and colour are not all alike."""
    assert len({drawn(kind, COLOURS[kind][0], seed=seed).tobytes() for seed in SEEDS}) > 1


@pytest.mark.parametrize("kind", list(Kind))
def test_facing_mirrors_the_figure(kind):
    """A figure that looks to the left is the one that looks to the right, mirrored."""
    right = np.asarray(drawn(kind, COLOURS[kind][0], facing=1))
    left = np.asarray(drawn(kind, COLOURS[kind][0], facing=-1))

    assert (left == right[:, ::-1]).all()


@pytest.mark.parametrize(("kind", "colour"), SATURATED)
def test_the_asked_colour_dominates(kind, colour):
    """Of all colours but black and white, the asked one covers the most of a figure."""
    for seed in SEEDS:
        names = [
            named(tuple(rgb)) for rgb in solid(drawn(kind, colour, height=40, seed=seed)) // 8 * 8
        ]
        seen = [name for name in names if name not in GREYS]

        assert max(set(seen), key=seen.count) is colour


@pytest.mark.parametrize(("kind", "colour"), [pair for pair in ALL if pair[1] in GREYS])
def test_black_and_white_figures_are_dark_and_light(kind, colour):
    """Much of a black figure is very dark, much of a white one very light."""
    for seed in SEEDS:
        grey = solid(drawn(kind, colour, seed=seed)).mean(axis=1)
        alike = grey < 70 if colour is Colour.BLACK else grey > 190

        assert alike.mean() > 0.4


@pytest.mark.parametrize(("kind", "colour"), ALL)
def test_every_painted_colour_passes_through_the_light(kind, colour):
    """Under a light that makes all one colour, the sprite has one colour."""
    for seed in SEEDS:
        sprite = drawn(kind, colour, lit=lambda _: (10, 20, 30), seed=seed)

        assert (solid(sprite) == (10, 20, 30)).all()


@pytest.mark.parametrize(("kind", "colour"), ALL)
def test_a_sprite_is_tight(kind, colour):
    """No border of a sprite is empty."""
    sprite = drawn(kind, colour)

    assert sprite.getchannel("A").getbbox() == (0, 0, *sprite.size)


def test_every_kind_has_a_height():
    """No kind is without its height beside a horse's, and a horse's is one."""
    assert set(HEIGHTS) == set(Kind)
    assert HEIGHTS[Kind.HORSE] == 1
