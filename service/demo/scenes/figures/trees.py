"""Trees: a round crown or a slender one, in leaf, in autumn or in blossom."""

import math
from random import Random

import numpy as np

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import Outline, curve, oval, ribbon
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones, darker, lighter
from service.demo.scenes.light import RGB
from service.demo.scenes.odds import happens

__all__ = ["tree"]

_BARK: RGB = (112, 78, 58)
_STEM = 40.0
_LEAVES = 22
_ANGLES = np.linspace(0, 2 * math.pi, 48, endpoint=False)
_Blob = tuple[float, float, float]
"""Middle and radius of a bunch of leaves."""


def tree(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a single tree."""
    if tones.colour is Colour.PINK or happens(chance, 0.75):
        _trunk(sketch, 46)
        blobs = _round(chance)
    else:
        _trunk(sketch, 60)
        blobs = _slender(chance)
    crown = [_leafy(blob, chance) for blob in blobs]
    for leaves in crown:
        sketch.fill(leaves, tones.base)
    low = max(y + radius for _, y, radius in blobs)
    for x, y, radius in blobs[1:]:
        if y > low * 0.42:
            shade = _leafy((x + 4, y + radius * 0.55, radius * 0.85), chance)
            sketch.fill(shade, tones.shade, *crown)
    for x, y, radius in blobs:
        if y < low * 0.6 and x < _STEM + 8:
            sketch.fill(_leafy((x - 2, y - radius * 0.3, radius * 0.5), chance), tones.light)
    _leaves(sketch, tones, blobs, chance)


def _round(chance: Random) -> list[_Blob]:
    blobs = [(_STEM, 33.0, 30.0)]
    start, reach, rise = chance.random(), chance.uniform(21, 26), chance.uniform(17, 20)
    for i in range(7):
        angle = (i + start) * 2 * math.pi / 7
        x, y = _STEM + reach * math.cos(angle), 35 + rise * math.sin(angle)
        blobs.append((x, y, chance.uniform(13, 17)))
    return blobs


def _slender(chance: Random) -> list[_Blob]:
    blobs = [(_STEM, 20.0, 13.0), (_STEM, 38.0, 18.0), (_STEM, 56.0, 17.0), (_STEM, 8.0, 8.0)]
    for y, reach in ((24, 9), (38, 9), (52, 9), (64, 6)):
        sides = (_STEM - reach, _STEM + reach)
        blobs.extend((x + chance.uniform(-1.5, 1.5), y, 10.0) for x in sides)
    return blobs


def _leafy(blob: _Blob, chance: Random) -> Outline:
    x, y, radius = blob
    waves = max(5, round(radius / 2.6))
    turn = chance.uniform(0, 3)
    bulge = radius * (0.94 + 0.08 * np.abs(np.sin(waves * _ANGLES / 2 + turn)))
    return np.stack([x + bulge * np.cos(_ANGLES), y + bulge * np.sin(_ANGLES)], axis=1)


def _trunk(sketch: Sketch, top: float) -> None:
    sketch.fill(ribbon(f"40,{top} 40,80 40,94", 5, 7, 9), _BARK)
    sketch.fill(curve("30,100! 35,97 37,88! 43,88! 45,97 50,100!"), _BARK)
    sketch.fill(ribbon("40,78 32,64 24,56", 5, 3.6, 2), _BARK)
    sketch.fill(ribbon("41,76 49,63 57,56", 5, 3.6, 2), _BARK)
    sketch.fill(curve(f"41,{top}! 43,{top}! 44,88! 46,97 50,100! 42,100!"), darker(_BARK, 0.3))


def _leaves(sketch: Sketch, tones: Tones, blobs: list[_Blob], chance: Random) -> None:
    pale = lighter(tones.light, 0.45 if tones.colour is Colour.PINK else 0.2)
    for _ in range(_LEAVES):
        x, y, radius = chance.choice(blobs)
        angle, far = chance.uniform(0, 2 * math.pi), radius * chance.uniform(0.1, 0.85)
        place = x + far * math.cos(angle), y + far * math.sin(angle)
        colour = pale if happens(chance, 0.6) else tones.shade
        sketch.fill(oval(*place, 1.7, 1.1, chance.uniform(0, 180)), colour)
