"""Towers: lighthouses and windmills."""

from random import Random

import numpy as np

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import Outline, box, curve, oval, placed
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones, darker, lighter
from service.demo.scenes.light import RGB

__all__ = ["lighthouse", "windmill"]

_WHITE: RGB = (243, 241, 236)
_WHITE_SHADE: RGB = (202, 204, 212)
_GLASS: RGB = (255, 232, 150)
_IRON: RGB = (64, 66, 76)
_ROCK: RGB = (128, 120, 114)
_WOOD: RGB = (122, 86, 58)
_SLIT = curve("-1.7,6! -1.7,1 0,-0.8 1.7,1 1.7,6!")


def lighthouse(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a lighthouse on a small rock of its own."""
    foot = chance.uniform(12.5, 14.5)
    tower = np.array([(24 - foot, 95), (16.4, 24), (31.6, 24), (24 + foot, 95)])
    sketch.fill(tower, tones.base)
    bands: tuple[tuple[float, float], ...] = ()
    if tones.colour is Colour.WHITE:
        y = chance.choice((40, 52, 62))
        sketch.fill(box(-5, y, 60, y + 6), (142, 146, 156), tower)
    else:
        bands = chance.choice((((35, 46), (59, 71), (83, 95)), ((38, 53), (68, 83))))
        for top, bottom in bands:
            sketch.fill(box(-5, top, 60, bottom), _WHITE, tower)
    _round_shade(sketch, tones, tower, bands)
    for y in (30, 54, 72):
        sketch.fill(placed(_SLIT, 24, y), _IRON)
    sketch.fill(curve("19.6,95! 19.6,87 23,84.4 26.4,87 26.4,95!"), darker(_WOOD, 0.3))
    _lantern(sketch, tones)
    _rock(sketch)


def _round_shade(
    sketch: Sketch, tones: Tones, tower: Outline, bands: tuple[tuple[float, float], ...]
) -> None:
    axis = (24, 0)
    side = (tower - axis) * (0.5, 1) + axis
    shade = np.array([side[3], side[2], tower[2], tower[3]])
    sketch.fill(shade, tones.shade)
    for top, bottom in bands:
        sketch.fill(box(-5, top, 60, bottom), _WHITE_SHADE, shade)


def _lantern(sketch: Sketch, tones: Tones) -> None:
    sketch.fill(box(18.6, 12, 29.4, 22), _GLASS)
    for x in (18.4, 22, 25.4, 29):
        sketch.fill(box(x - 0.4, 12, x + 0.5, 22), _IRON)
    roof = tones.base if tones.colour is Colour.RED else _IRON
    sketch.fill(curve("16.6,12.6! 19,7.4 24,4.6 29,7.4 31.4,12.6!"), roof)
    sketch.fill(box(23.5, 0, 24.5, 6), _IRON)
    sketch.fill(oval(24, 3.6, 1.3, 1.3), _IRON)
    sketch.fill(box(14.2, 22, 33.8, 24.8), _IRON)
    for x in (14.6, 18, 30, 33.4):
        sketch.fill(box(x - 0.35, 18, x + 0.35, 23), _IRON)
    sketch.fill(box(14.2, 17.6, 19, 18.3), _IRON)
    sketch.fill(box(29, 17.6, 33.8, 18.3), _IRON)


def _rock(sketch: Sketch) -> None:
    rock = curve("-4,100! 0,94 5,92.4 9,89.6 15,92 24,93 33,91 38,90 43,93.6 49,95 53,100!")
    sketch.fill(rock, _ROCK)
    sketch.fill(curve("22,102! 26,95 36,94.6 44,95.6 56,102!"), darker(_ROCK, 0.25), rock)
    sketch.fill(curve("0,96 6,93 10,91 14,93 8,95"), lighter(_ROCK, 0.2), rock)


def windmill(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a tower mill with four lattice sails."""
    tower = curve("11,100! 17,80 23,54 25.6,38! 54.4,38! 57,54 63,80 69,100!")
    sketch.fill(tower, tones.base)
    sketch.fill(curve("47,36! 49.6,60 53,102! 72,102! 62,36!"), tones.shade, tower)
    sketch.fill(curve("6,95! 40,97 74,95! 74,102! 6,102!"), (140, 134, 130), tower)
    sketch.fill(curve("10,70! 40,72.6 70,70! 70,73.4! 40,76 10,73.4!"), tones.deep, tower)
    sketch.fill(curve("36,96! 36,85.6 40,82.6 44,85.6 44,96!"), darker(_WOOD, 0.35))
    for x, y in ((38, 57), (29, 80), (46, 64)):
        sketch.fill(box(x - 0.6, y - 0.6, x + 4.6, y + 6.6), (250, 246, 236))
        sketch.fill(box(x, y, x + 4, y + 6), (84, 104, 122))
    roof = (86, 82, 90) if tones.colour is Colour.WHITE else tones.deep
    cap = curve("23,40! 24,32 30.6,25 40,23 49.4,25 56,32 57,40!")
    sketch.fill(cap, roof)
    sketch.fill(curve("44,22! 58,22! 58,44! 48,44! 49,33"), darker(roof, 0.3), cap)
    _sails(sketch, chance.uniform(12, 78))


def _sails(sketch: Sketch, turn: float) -> None:
    x, y = 40.0, 36.0
    for quarter in range(4):
        angle = turn + 90 * quarter
        sketch.fill(placed(box(-0.5, -41, 8.6, -11), x, y, angle), darker(_WHITE, 0.04))
        for low, high in (
            (-41, -40.1),
            (-33.6, -32.7),
            (-26.2, -25.3),
            (-18.8, -17.9),
            (-11.4, -10.5),
        ):
            sketch.fill(placed(box(-0.5, low, 8.6, high), x, y, angle), _WOOD)
        for left in (3.7, 7.7):
            sketch.fill(placed(box(left, -41, left + 0.9, -10.5), x, y, angle), _WOOD)
        sketch.fill(placed(box(-1.2, -42, 0.9, 0), x, y, angle), darker(_WOOD, 0.3))
    sketch.fill(oval(x, y, 3, 3), darker(_WOOD, 0.45))
