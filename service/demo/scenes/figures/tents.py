"""Tents: ridge tents and domes."""

from random import Random

from service.demo.scenes.figures.shape import curve, strand
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones, darker
from service.demo.scenes.light import RGB
from service.demo.scenes.odds import happens

__all__ = ["tent"]

_ROPE: RGB = (196, 184, 160)
_INSIDE: RGB = (58, 50, 62)


def tent(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a tent with its entrance open."""
    chance.choices([_ridge, _dome], [3, 2])[0](sketch, tones, chance)


def _ridge(sketch: Sketch, tones: Tones, chance: Random) -> None:
    sketch.line(strand("61,4 4,97"), 1.2, _ROPE)
    sketch.line(strand("112,1 182,97"), 1.2, _ROPE)
    side = curve("112,1! 88,4.4 60,2.6! 44,42 20,96! 44,98 68,97.6! 94,50")
    sketch.fill(side, tones.base)
    sketch.fill(curve("60,0! 74,4! 56,48 38,98! 16,98! 42,42"), tones.light, side)
    sketch.fill(curve("14,100! 20,91! 44,93 76,91! 76,100!"), tones.deep, side)
    front = curve("112,0! 95,46 68,98! 112,99 156,98! 129,46")
    sketch.fill(front, tones.shade)
    sketch.fill(curve("112,20! 105,52 93,98.4! 131,98.4! 119,52"), _INSIDE)
    flap = chance.choice(
        ["112,18! 101,56 84,98.4! 95,98.4! 104,62", "112,18! 99,58 78,98.4! 91,98.4! 99,74 103,60"]
    )
    sketch.fill(curve(flap), tones.light)
    if happens(chance, 0.6):
        sketch.fill(curve("112,18! 122,56 138,98.4! 129,98.4! 120,64"), tones.deep)
    sketch.line(strand("60,3 88,4.8 112,0.8"), 1.8, tones.deep)
    for x in (4, 182):
        sketch.line(strand(f"{x},95 {x},99"), 1.8, darker(_ROPE, 0.6))


def _dome(sketch: Sketch, tones: Tones, chance: Random) -> None:
    sketch.line(strand("26,40 0,98"), 1.1, _ROPE)
    sketch.line(strand("150,40 178,98"), 1.1, _ROPE)
    dome = curve("10,98! 16,66 34,32 60,9 88,1 116,9 142,32 160,66 166,98!")
    sketch.fill(dome, tones.base)
    sketch.fill(curve("116,0! 150,40 158,100! 176,100! 170,0!"), tones.shade, dome)
    sketch.fill(curve("20,70 34,40 54,20 62,22 44,46 32,84 22,92"), tones.light, dome)
    for rib in ("88,1 58,40 46,98", "88,1 122,40 136,98"):
        sketch.line(strand(rib), 2, tones.deep)
    sketch.fill(curve("90,34! 76,50 68,74 66,98! 116,98! 112,72 104,50"), _INSIDE)
    flap = chance.choice(
        ["90,34! 76,50 68,74 66,98! 78,98! 84,70", "90,34! 104,50 112,72 116,98! 96,98! 98,66"]
    )
    sketch.fill(curve(flap), tones.light)
    sketch.fill(curve("10,98! 12,92! 166,92! 166,98!"), tones.deep, dome)
