"""Fish: tropical, in profile, with stripes or a plain flank."""

from random import Random

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import Outline, curve, oval, placed, strand
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones
from service.demo.scenes.light import RGB
from service.demo.scenes.odds import happens

__all__ = ["fish"]

_CREAM: RGB = (252, 244, 226)
_ROUND = (
    "150,56 140,40 122,26 98,20 74,25 54,38 40,50! 40,58! 54,70 74,83 98,88 122,82 140,71 148,62"
)
_LONG = (
    "158,56 146,44 124,33 98,29 72,33 52,42 36,51! 36,58! 52,67 72,76 98,80 124,76 146,67 156,61"
)


def fish(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a fish, round or slender."""
    if happens(chance, 0.6):
        body = curve(_ROUND)
        _fins(sketch, tones, 0)
    else:
        body = curve(_LONG)
        _fins(sketch, tones, 9)
    sketch.fill(body, tones.base)
    sketch.fill(curve("30,60 60,64 100,68 140,62 160,58 150,100 40,100"), tones.shade, body)
    sketch.fill(curve("60,34 90,20 125,26 140,38 120,35 90,30"), tones.light, body)
    _pattern(sketch, tones, chance, body)
    sketch.fill(curve("104,58! 92,52 80,54 76,62 84,68 96,67"), tones.light)
    for rise in (-3, 1.5, 6):
        sketch.line(strand(f"100,{59 + rise / 3} 90,{59 + rise} 82,{60 + rise}"), 0.9, tones.shade)
    _face(sketch, tones)


def _fins(sketch: Sketch, tones: Tones, lower: float) -> None:
    tail = curve("46,54! 36,44 22,30 6,24! 12,38 14,54 12,70 6,86! 22,80 36,66")
    sketch.fill(tail, tones.light)
    for end in ("10,34", "13,46", "13,62", "10,76"):
        sketch.line(strand(f"40,54 {end}"), 1.4, tones.shade)
    top = placed(curve("122,30! 110,12 92,2 66,0 46,8! 56,16 60,28 64,36! 96,24"), 0, lower)
    low = placed(curve("108,84! 100,95 84,100 70,98! 72,90 72,80! 90,84"), 0, -lower)
    sketch.fill(top, tones.light)
    sketch.fill(low, tones.light)
    for x, y in ((56, 8), (70, 4), (84, 4), (97, 8)):
        sketch.line(placed(strand(f"{x + 12},30 {x},{y}"), 0, lower), 1.2, tones.shade)


def _pattern(sketch: Sketch, tones: Tones, chance: Random, body: Outline) -> None:
    edge = tones.deep
    kind = chance.choice(("bands", "bands", "thin", "plain"))
    if kind == "bands":
        bands = (
            "106,10 112,40 112,70 104,100 94,100 101,70 101,40 96,10",
            "64,10 72,40 72,70 64,100 55,100 62,70 62,40 55,10",
        )
        for band in bands[: chance.randint(1, 2)]:
            middle = curve(band)
            sketch.fill(
                (middle - middle.mean(axis=0)) * (1.35, 1) + middle.mean(axis=0), edge, body
            )
            sketch.fill(middle, _CREAM, body)
    elif kind == "thin":
        for x in (62, 76, 90, 104):
            sketch.line(
                placed(strand("0,10 6,40 6,70 0,100"), x, 0),
                2.6,
                edge if tones.colour is not Colour.YELLOW else (52, 58, 92),
                body,
            )


def _face(sketch: Sketch, tones: Tones) -> None:
    sketch.line(strand("124,38 119,50 120,62 125,73"), 1.3, tones.deep)
    sketch.fill(oval(132, 50, 6, 6), (255, 255, 255))
    sketch.fill(oval(133, 50, 3.6, 3.9), (28, 26, 36))
    sketch.fill(oval(134.4, 48.4, 1.2, 1.2), (255, 255, 255))
    sketch.line(strand("150,60 144,64 138,64"), 1.4, tones.deep)
