"""Hot-air balloons."""

from random import Random

import numpy as np

from service.demo.scenes.figures.shape import Outline, box, curve, ribbon, strand
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones, darker
from service.demo.scenes.light import RGB
from service.demo.scenes.odds import happens

__all__ = ["balloon"]

_CREAM: RGB = (253, 244, 222)
_SHADED: RGB = (222, 206, 190)
_WICKER: RGB = (164, 112, 66)
_MIDDLE = 36.0
_SHADE_FROM = 0.45


def balloon(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a balloon in its colour with narrow cream stripes, and the basket under it."""
    for x in (31.8, 34.2, 37.8, 40.2):
        sketch.line(strand(f"{36 + (x - 36) * 1.35},74 {x},90"), 0.7, darker(_WICKER, 0.3))
    width = chance.uniform(0.94, 1.06)
    profile = strand("0,0 8,0.7 20,5.5 30.5,17 34,32 30,47 21,60 11,71 6.5,76") * (width, 1)
    gores = chance.choice((5, 6, 7))
    edges = np.linspace(-1, 1, gores * 2 + 1)
    share = chance.choice((0.15, 0.2))
    sketch.fill(_gore(profile, -1, 1), tones.base)
    sketch.fill(_gore(profile, _SHADE_FROM, 1), tones.shade)
    sketch.fill(_gore(profile, -0.82, -0.6)[6:-6], tones.light)
    for middle in edges[1:-1:2] if happens(chance, 0.5) else edges[2:-2:2]:
        low, high = middle - share / gores, middle + share / gores
        sketch.fill(_gore(profile, low, high), _CREAM if middle < _SHADE_FROM else _SHADED)
    if happens(chance, 0.5):
        _belt(sketch, tones, profile)
    sketch.fill(curve("29,74.6! 36,76.4 43,74.6! 41,79 31,79"), tones.deep)
    _basket(sketch)


def _gore(profile: Outline, low: float, high: float) -> Outline:
    """Return the strip of the round envelope between two of its meridians, -1 to 1."""
    sines = np.sin(np.array([low, high]) * np.pi / 2)
    left = profile * (sines[0], 1) + (_MIDDLE, 0)
    right = profile * (sines[1], 1) + (_MIDDLE, 0)
    return np.vstack([left, right[::-1]])


def _belt(sketch: Sketch, tones: Tones, profile: Outline) -> None:
    whole = _gore(profile, -1, 1)
    band = curve("-4,30! 36,37 76,30! 76,40! 36,47 -4,40!")
    sketch.fill(band, _CREAM, whole)
    right = _gore(profile, _SHADE_FROM, 1)
    sketch.fill(band, _SHADED, right)
    middle = curve("-4,32.6! 36,39.6 76,32.6! 76,37.4! 36,44.4 -4,37.4!")
    sketch.fill(middle, tones.base, whole)
    sketch.fill(middle, tones.shade, right)


def _basket(sketch: Sketch) -> None:
    basket = curve("30.4,89! 41.6,89! 40.8,98 39,100 33,100 31.2,98")
    sketch.fill(basket, _WICKER)
    sketch.fill(box(37, 88, 46, 101), darker(_WICKER, 0.22), basket)
    sketch.fill(ribbon("30.4,89.6 41.6,89.6", 1.8, 1.8), darker(_WICKER, 0.4))
