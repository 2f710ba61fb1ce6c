"""A field of flowers."""

from functools import cache
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from service.demo.scenes.attributes import Colour
from service.demo.scenes.backdrop.blossoms import blossoms
from service.demo.scenes.backdrop.canvas import Canvas, colours
from service.demo.scenes.backdrop.land import Soil
from service.demo.scenes.backdrop.noise import TILE, Floats, cut, enlarged, tile
from service.demo.scenes.backdrop.plants import Plant
from service.demo.scenes.backdrop.ridges import rolling, spread
from service.demo.scenes.backdrop.sky import paint_sky
from service.demo.scenes.backdrop.woods import grow_grass, plant_row
from service.demo.scenes.light import RGB, Light, mix
from service.demo.scenes.odds import happens
from service.demo.scenes.scene import Scene

__all__ = ["paint_flowers"]

_FIELD = 0.52
_PETALS: dict[Colour, RGB] = {
    Colour.RED: (224, 36, 40),
    Colour.YELLOW: (252, 208, 30),
    Colour.PURPLE: (138, 62, 190),
    Colour.PINK: (246, 128, 178),
    Colour.WHITE: (250, 250, 246),
    Colour.ORANGE: (252, 132, 26),
    Colour.BLUE: (56, 96, 224),
}
_DARK_HEARTED = (Colour.RED, Colour.YELLOW, Colour.ORANGE)
_DARK, _GOLD = (84, 42, 24), (250, 204, 66)
_LEAF: RGB = (74, 128, 52)


def paint_flowers(canvas: Canvas, scene: Scene, light: Light, chance: Random) -> None:
    """Paint a field of the scene's flowers below far hills."""
    soil = Soil(scene, light)
    sun = paint_sky(canvas, scene, light, chance, 0.54)
    for distance, base, high in ((0.8, 0.53, 0.08), (0.6, 0.535, 0.04)):
        edge = rolling(canvas, chance, base, high, chance.uniform(0.8, 1.4))
        tone = soil.lit((96, 140, 84), distance)
        canvas.fill(edge, (tone, mix(tone, light.haze, 0.3)), _FIELD + 0.03)
    edge = rolling(canvas, chance, _FIELD + 0.012, 0.02, 1.3)
    kind: Plant = "conifer" if happens(chance, 0.4) else "leafy"
    leaves = soil.leaves((72, 116, 66), 0.4)
    tall = chance.uniform(0.045, 0.08)
    plant_row(canvas, chance, kind, edge + 0.006, tall, leaves, density=0.55, sun=sun.x)
    own = _PETALS[scene.flowers or Colour.RED]
    heart = _DARK if scene.flowers in _DARK_HEARTED else _GOLD
    tones = (_bright(soil, own), _bright(soil, heart))
    _paint_field(canvas, soil, chance, edge, scene.flowers or Colour.RED)
    if not light.ink:
        grow_grass(canvas, chance, 0.62, 120, soil.leaves(_LEAF), 0.085)
    canvas.late.append(lambda image: blossoms(canvas, image, chance, tones, _FIELD))


def _bright(soil: Soil, colour: RGB) -> RGB:
    lit = soil.stage(colour)
    return lit if soil.light.ink else mix(lit, colour, 0.28)


def _paint_field(canvas: Canvas, soil: Soil, chance: Random, edge: Floats, colour: Colour) -> None:
    petal = _PETALS[colour]
    stops = (
        soil.stage(mix(petal, _LEAF, 0.3), 0.3),
        soil.stage(mix(petal, _LEAF, 0.5), 0.12),
        soil.stage(mix(petal, _LEAF, 0.82)),
        soil.stage(mix(_LEAF, (30, 66, 34), 0.4)),
        soil.stage(mix(_LEAF, (22, 50, 30), 0.7)),
    )
    canvas.fill(edge, stops)
    rows = canvas.rows(edge)
    cover = canvas.cover(edge, rows)
    coarse = (round((1 - _FIELD) * 110), round(canvas.wide * 260))
    blades = enlarged(cut(chance, *coarse, tile(0.55, 0.35)), canvas.width, rows.stop - rows.start)
    index, near = spread(canvas, chance, rows, _FIELD - 0.03, (170, 420))
    canvas.planes[:, rows] *= 1 + blades * (0.16 * near) * cover
    dots = _dots()
    heads = dots.mean() + (dots.ravel().take(index) - dots.mean()) * np.clip(near * 5, 0, 1)
    heads *= cover * np.clip(0.5 + near, 0, 0.9) * np.clip(1.9 - near * 2.6, 0, 1)
    tones = colours((soil.stage(petal, 0.3), soil.stage(petal, 0.02)))
    paint = tones[:, :1, None] + (tones[:, 1:, None] - tones[:, :1, None]) * np.clip(near * 3, 0, 1)
    canvas.lay(rows, paint, heads.astype(np.float32))


@cache
def _dots() -> Floats:
    chance = Random("dots")
    image = Image.new("L", (TILE * 2, TILE * 2))
    draw = ImageDraw.Draw(image)
    for _ in range(2600):
        x, y, wide = chance.random() * TILE * 2, chance.random() * TILE * 2, chance.uniform(7, 13)
        for left in (x, x - TILE * 2):
            for top in (y, y - TILE * 2):
                box = (left - wide, top - wide, left + wide, top + wide)
                draw.ellipse(box, fill=chance.randint(170, 255))
    soft = image.filter(ImageFilter.BoxBlur(2)).reduce(2)
    return np.asarray(soft, np.float32) / np.float32(255)
