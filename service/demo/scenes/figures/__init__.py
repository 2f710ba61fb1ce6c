"""Figures: what stands, swims or flies in a scene, as sprites."""

from collections.abc import Callable, Mapping
from random import Random

from PIL import Image

from service.demo.scenes.attributes import Colour, Kind
from service.demo.scenes.figures.balloons import balloon
from service.demo.scenes.figures.birds import bird
from service.demo.scenes.figures.boats import boat
from service.demo.scenes.figures.cars import car
from service.demo.scenes.figures.cats import cat
from service.demo.scenes.figures.dogs import dog
from service.demo.scenes.figures.fish import fish
from service.demo.scenes.figures.horses import horse
from service.demo.scenes.figures.houses import house
from service.demo.scenes.figures.sheep import sheep
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tents import tent
from service.demo.scenes.figures.tones import BASE, Tones
from service.demo.scenes.figures.towers import lighthouse, windmill
from service.demo.scenes.figures.trees import tree
from service.demo.scenes.light import RGB

__all__ = ["BASE", "HEIGHTS", "RGB", "draw_figure"]

HEIGHTS: Mapping[Kind, float] = {
    Kind.BALLOON: 2.6,
    Kind.BIRD: 0.5,
    Kind.BOAT: 1.8,
    Kind.CAR: 0.8,
    Kind.CAT: 0.5,
    Kind.DOG: 0.62,
    Kind.FISH: 0.7,
    Kind.HORSE: 1.0,
    Kind.HOUSE: 2.0,
    Kind.LIGHTHOUSE: 3.6,
    Kind.SHEEP: 0.62,
    Kind.TENT: 0.95,
    Kind.TREE: 2.2,
    Kind.WINDMILL: 3.0,
}
"""Heights beside a horse's, as they please the eye in one picture."""

_DRAW: Mapping[Kind, Callable[[Sketch, Tones, Random], None]] = {
    Kind.BALLOON: balloon,
    Kind.BIRD: bird,
    Kind.BOAT: boat,
    Kind.CAR: car,
    Kind.CAT: cat,
    Kind.DOG: dog,
    Kind.FISH: fish,
    Kind.HORSE: horse,
    Kind.HOUSE: house,
    Kind.LIGHTHOUSE: lighthouse,
    Kind.SHEEP: sheep,
    Kind.TENT: tent,
    Kind.TREE: tree,
    Kind.WINDMILL: windmill,
}


def draw_figure(
    kind: Kind,
    colour: Colour,
    *,
    height: int,
    facing: int,
    lit: Callable[[RGB], RGB],
    chance: Random,
) -> Image.Image:
    """
    Draw a figure as a sprite, RGBA with straight alpha, cropped to the figure.

    Args:
        kind: What it is.
        colour: Its main colour.
        height: Of the kind at its tallest, in pixels; a low pose (a grazing horse,
            a gliding bird, a rowing boat) is lower, and the width follows.
        facing: 1 looks to the right, -1 to the left.
        lit: Maps a natural colour to its look in the scene's light; every colour
            that is painted has passed through it.
        chance: Decides pose, proportions and details.
    """
    sketch = Sketch(lit, chance.uniform(0.95, 1.07))
    _DRAW[kind](sketch, Tones.of(colour), chance)
    return sketch.sprite(height, facing)
