"""Sheep: a cloud of wool on thin legs, with a dark or a light face."""

import math
from random import Random

import numpy as np

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import Outline, curve, oval, placed, ribbon, strand
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones, darker, lighter
from service.demo.scenes.light import RGB, mix
from service.demo.scenes.odds import happens

__all__ = ["sheep"]

_DARK_FACE: RGB = (64, 58, 62)
_LIGHT_FACE: RGB = (232, 206, 178)
_HEAD = "0,-9 7,-10 13,-5 18,4 20,12 17,17 11,17 5,12 0,5 -3,-2"


def sheep(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a sheep, its head up or down to the grass."""
    face = _DARK_FACE if tones.colour is Colour.BLACK or happens(chance, 0.65) else _LIGHT_FACE
    wool = tones if tones.colour is Colour.WHITE else Tones.of(Colour.BLACK)
    _legs(sketch, face, chance)
    locks = chance.randint(13, 16)
    body = _wool(54, 44, 45, 30, locks, chance.random())
    sketch.fill(oval(7, 44, 6, 8, 20), wool.shade)
    sketch.fill(body, wool.base)
    sketch.fill(curve("0,60 20,56 50,64 84,60 104,40 110,90 0,90"), wool.shade, body)
    sketch.fill(curve("14,30 30,14 60,9 88,18 80,26 56,20 34,25 20,36"), wool.light, body)
    _curls(sketch, wool, chance)
    _head(sketch, face, wool, (91, 31) if happens(chance, 0.6) else (93, 52))


def _wool(x: float, y: float, across: float, down: float, locks: int, start: float) -> Outline:
    angles = np.linspace(0, 2 * math.pi, locks * 8, endpoint=False)
    bulge = 0.9 + 0.13 * np.sqrt(np.abs(np.sin(locks * angles / 2 + start * math.pi)))
    # A flatter back and belly than an oval's: wool hangs full to all sides.
    cos, sin = np.cos(angles), np.sin(angles)
    square = (np.abs(cos) ** 2.5 + np.abs(sin) ** 2.5) ** (-1 / 2.5)
    return np.stack([x + across * bulge * square * cos, y + down * bulge * square * sin], axis=1)


def _legs(sketch: Sketch, face: RGB, chance: Random) -> None:
    sway = chance.uniform(-2, 2)
    for x, colour in ((34, darker(face, 0.25)), (80, darker(face, 0.25)), (25, face), (71, face)):
        sketch.fill(placed(ribbon("0,-36 0,-18 0,-3", 9, 6.4, 6), x + sway, 100), colour)
        sketch.fill(
            placed(curve("-3.2,-5! 3.2,-5! 4.2,0! -3.4,0!"), x + sway, 100),
            mix(face, (30, 26, 28), 0.7),
        )


def _curls(sketch: Sketch, wool: Tones, chance: Random) -> None:
    curl = strand("-4,0 -3,-4 2,-4 4,0 2,3 -1,2")
    for row, y in enumerate((30, 44, 58)):
        for x in range(30 + row % 2 * 11, 84, 22):
            shift = (x + chance.uniform(-3, 3), y + chance.uniform(-2, 2))
            colour = wool.shade
            if wool.colour is Colour.BLACK:
                colour = lighter(wool.base, 0.22)
            sketch.line(curl + shift, 1.2, colour)


def _head(sketch: Sketch, face: RGB, wool: Tones, place: tuple[float, float]) -> None:
    sketch.fill(curve("0,0 -6,-3 -13,0 -14,4 -8,6 -1,4") + place, darker(face, 0.3))
    head = curve(_HEAD) + place
    sketch.fill(head, face)
    sketch.fill(curve("2,8 12,10 22,8 22,22 2,20") + place, darker(face, 0.22), head)
    sketch.fill(_wool(2, -9, 9, 6.5, 7, 0.2) + place, wool.base)
    bright = face is _DARK_FACE
    sketch.fill(oval(9.5, -1, 1.7, 1.7) + place, (238, 234, 226) if bright else (40, 34, 36))
    if bright:
        sketch.fill(oval(9.9, -0.9, 0.9, 0.9) + place, (24, 20, 24))
