"""Cats: sitting and walking, the face turned to us, ears pricked."""

from random import Random

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import curve, oval, placed, ribbon, strand
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones
from service.demo.scenes.light import RGB, mix

__all__ = ["cat"]

_HEAD = "-19,4 -19,-6 -17.5,-22! -7,-14.5 0,-15.5 7,-14.5 17.5,-22! 19,-6 19,4 13,13 0,17 -13,13"
_INNER_EARS = ("-16,-11! -15.6,-18! -9.5,-13!", "16,-11! 15.6,-18! 9.5,-13!")
_STRIPES = (
    "-2,-16! 2,-16! 0.6,-7! -0.6,-7!",
    "-8,-15! -4.5,-15.5! -4,-9!",
    "8,-15! 4.5,-15.5! 4,-9!",
)
_INK: RGB = (34, 28, 32)


def cat(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a cat, sitting or walking."""
    chance.choices([_sitting, _walking], [3, 2])[0](sketch, tones, chance)


def _sitting(sketch: Sketch, tones: Tones, chance: Random) -> None:
    tail = chance.choice(
        [
            "30,94 14,95 4,86 5,72 12,62 10,52",
            "30,94 15,96 3,89 0,76 4,66",
            "28,90 14,86 8,72 11,58 6,48",
        ]
    )
    sketch.fill(ribbon(tail, 8.5, 8.5, 8, 7, 5), tones.base)
    body = curve(
        "44,36 36,48 28,62 23,78 24,92 30,99 40,100! 74,100! 77,96 74,90 74,76 75,62 73,48 68,36"
    )
    sketch.fill(body, tones.base)
    sketch.fill(curve("20,100 30,88 44,92 56,96 60,104 20,106"), tones.shade, body)
    sketch.fill(curve("76,40 66,46 64,60 66,80 64,96 84,96"), tones.light, body)
    sketch.line(strand("30,82 38,75 47,78 50,88 47,97"), 1.4, tones.shade)
    sketch.line(strand("62,66 61,80 62,97"), 1.4, tones.shade)
    if tones.colour is Colour.ORANGE:
        for stripe in (
            "20,78! 30,72 38,73! 30,75.5",
            "22,69! 33,62.5 42,63! 33,66",
            "28,59! 37,53.5 45,54! 37,57",
        ):
            sketch.fill(curve(stripe), tones.shade, body)
    _head(sketch, tones, (58, 23), chance)


def _walking(sketch: Sketch, tones: Tones, chance: Random) -> None:
    far = mix(tones.shade, tones.deep, 0.3)
    sketch.fill(ribbon("92,66 97,80 96,96", 12, 8, 6.5), far)
    sketch.fill(ribbon("38,66 44,78 38,88 42,97", 15, 10, 7, 6.5), far)
    tail = chance.choice(["27,56 14,50 8,36 12,20 7,6", "27,56 13,52 6,38 8,22 16,12"])
    sketch.fill(ribbon(tail, 8, 7.5, 7, 7, 5), tones.base)
    body = curve(
        "22,62 26,52 38,48 55,50 74,49 90,46 100,54 100,66 90,74 72,74 52,73 40,76 28,78 22,72"
    )
    for x, colour in ((27.5, tones.base), (90.5, tones.base), (99, far), (44.5, far)):
        sketch.fill(oval(x, 97.6, 5, 2.6), colour)
    sketch.fill(body, tones.base)
    sketch.fill(curve("24,82 36,70 56,67 80,68 100,60 104,80"), tones.shade, body)
    sketch.fill(ribbon("32,64 32,78 24,88 25,97", 20, 12, 7, 6.5), tones.base)
    sketch.fill(ribbon("86,62 83,80 88,97", 15, 8.5, 6.5), tones.base)
    if tones.colour is Colour.ORANGE:
        for x in (40, 51, 62, 73):
            sketch.fill(
                placed(curve("-2,-32 2,-32 2.4,-14 0,-8 -1.6,-14"), x, 76), tones.shade, body
            )
    _head(sketch, tones, (102, 44), chance)


def _head(sketch: Sketch, tones: Tones, place: tuple[float, float], chance: Random) -> None:
    head = curve(_HEAD) + place
    sketch.fill(head, tones.base)
    sketch.fill(curve("-20,8 -10,11 0,12 10,11 20,8 16,22 -16,22") + place, tones.shade, head)
    for ear in _INNER_EARS:
        sketch.fill(curve(ear) + place, mix(tones.base, (226, 132, 130), 0.45))
    if tones.colour is Colour.ORANGE:
        for stripe in _STRIPES:
            sketch.fill(curve(stripe) + place, tones.shade, head)
        sketch.fill(oval(0, 8, 7.5, 5.2) + place, (252, 236, 212), head)
    iris = chance.choice([(214, 190, 62), (126, 176, 84), (104, 168, 176)])
    for x in (-7.6, 7.6):
        sketch.fill(oval(x, -0.6, 3.6, 3.3) + place, iris)
        sketch.fill(oval(x, -0.6, 1.5, 3) + place, _INK)
    sketch.fill(curve("-2.2,5! 2.2,5! 0,7.6!") + place, (206, 112, 112))
    whiskers = mix(tones.deep, (255, 255, 255), 0.55)
    for side in (-1, 1):
        for rise in (-1.5, 1.5):
            sketch.line(
                strand("9,7 16,0") * (side, 0)
                + strand("0,7 0,7") * (0, 1)
                + strand(f"0,0 0,{rise}")
                + place,
                0.6,
                whiskers,
            )
