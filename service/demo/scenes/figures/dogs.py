"""Dogs: standing and sitting, in profile, with floppy ears and the tail up."""

from random import Random

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import Outline, curve, oval, ribbon, strand
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones
from service.demo.scenes.light import RGB, mix
from service.demo.scenes.odds import happens

__all__ = ["dog"]

_TRUNK = (
    "20,50 22,42 31,37 45,38 60,37.5 73,33 84,35 91,43 91,55 84,66 74,69 "
    "60,65 46,60 38,60 30,66 22,61"
)
_SITTING = (
    "46,34 56,29 67,30 74,38 77,50 74,64 68,76 62,92 58,99! 36,99! 26,96 22,86 26,72 33,57 39,44"
)
_HEAD = (
    "0,15 2,6 8,1.5 16,1.5 22,5.5 25.5,10! 33,10.5 40,12 43,16 42.5,22.5 "
    "38,27 30,29 22,31 12,33 4,29"
)
_EAR = "4,5 10,3.5 13.5,9 13,19 9.5,29 3,33 -3,29 -3,18 0,9"
_COLLARS: tuple[RGB, ...] = ((196, 48, 44), (44, 98, 168), (232, 176, 52))


def dog(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a dog, standing or sitting."""
    chance.choices([_standing, _sitting], [3, 2])[0](sketch, tones, chance)


def _standing(sketch: Sketch, tones: Tones, chance: Random) -> None:
    far = mix(tones.shade, tones.deep, 0.4)
    sketch.fill(ribbon("86,56 89,72 87,88 90,96.5", 14, 9, 6.6, 7), far)
    sketch.fill(curve("85,95 91,93.5 97,96 98,100! 85,100!"), far)
    sketch.fill(ribbon("32,52 41,64 33,78 35,90 38,96.5", 20, 15, 8, 6.6, 7), far)
    sketch.fill(curve("33,95 40,93.5 45,96 46,100! 33,100!"), far)
    _tail(sketch, tones, chance.choice(["23,43 13,34 8,20 13,7", "23,43 11,38 2,27 1,13"]))
    trunk = curve(_TRUNK)
    sketch.fill(trunk, tones.base)
    sketch.fill(curve("24,70 34,56 48,54 64,58 80,58 94,48 90,74 50,74"), tones.shade, trunk)
    sketch.fill(ribbon("28,50 32,64 22,78 23,90 26,96.5", 22, 17, 8.4, 7, 7), tones.base)
    sketch.fill(curve("20.5,95 27,93.5 33,96 34,100! 20.5,100!"), tones.base)
    sketch.fill(ribbon("80,54 80,72 78,88 80,96.5", 17, 10.5, 7.2, 7.4), tones.base)
    sketch.fill(curve("75,95 82,93.5 88,96 89,100! 75,100!"), tones.base)
    neck = ribbon("80,50 85,36 93,20", 27, 22, 19)
    sketch.fill(neck, tones.base)
    if tones.colour is not Colour.WHITE and happens(chance, 0.5):
        sketch.fill(curve("97,27 96,40 92,58 88,60 86,50 88,36"), (240, 232, 218), trunk, neck)
    _head(sketch, tones, (84, 1), neck, chance)


def _sitting(sketch: Sketch, tones: Tones, chance: Random) -> None:
    far = mix(tones.shade, tones.deep, 0.4)
    _tail(sketch, tones, chance.choice(["27,92 14,93 5,84 2,71", "27,92 13,90 7,78 12,66"]))
    sketch.fill(ribbon("72,60 77,78 76,95", 15, 10, 8), far)
    sketch.fill(curve("71,95 78,92.5 85,95.5 86,100! 71,100!"), far)
    body = curve(_SITTING)
    sketch.fill(body, tones.base)
    sketch.fill(curve("24,100 40,90 56,74 66,62 76,44 84,60 70,90 60,104"), tones.shade, body)
    sketch.fill(ribbon("66,54 68,76 66.5,95", 18, 11, 8.4), tones.base)
    sketch.fill(curve("61.5,95 69,92.5 76,95.5 77,100! 61.5,100!"), tones.base)
    sketch.fill(
        curve("27,84 31,74 40,70 49,75 52,85 50,94 56,95 58,100! 32,100! 27,94"), tones.base
    )
    sketch.line(strand("34,72 42,70 50,76 52,86 49,94"), 1.2, tones.shade)
    neck = ribbon("58,48 60,34 64,20", 28, 24, 20)
    sketch.fill(neck, tones.base)
    if tones.colour is not Colour.WHITE and happens(chance, 0.5):
        sketch.fill(curve("70,28 75,40 77,52 73,60 67,56 65,42"), (240, 232, 218), body)
    _head(sketch, tones, (54, 1), neck, chance)


def _tail(sketch: Sketch, tones: Tones, path: str) -> None:
    sketch.fill(ribbon(path, 8, 7.5, 6.5, 3), tones.base)


def _head(
    sketch: Sketch, tones: Tones, place: tuple[float, float], neck: Outline, chance: Random
) -> None:
    collar = chance.choice(_COLLARS)
    sketch.fill(ribbon("-8,30 6,36.5 24,34", 4.4, 4.8, 4.4) + place, collar, neck)
    head = curve(_HEAD) + place
    sketch.fill(head, tones.base)
    muzzle = (240, 232, 218) if tones.colour is Colour.BROWN else tones.light
    if tones.colour is Colour.WHITE:
        muzzle = tones.shade
    sketch.fill(curve("27,20 34,18 46,20 46,32 24,34 22,26") + place, muzzle, head)
    sketch.fill(
        curve(_EAR) + place, tones.deep if tones.colour is not Colour.BLACK else tones.light
    )
    sketch.fill(oval(41, 14.6, 3.4, 3) + place, (30, 26, 28))
    sketch.fill(
        oval(20, 11, 1.9, 2) + place,
        (30, 26, 28) if tones.colour is not Colour.BLACK else (226, 190, 120),
    )
