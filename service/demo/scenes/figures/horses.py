"""Horses: standing, grazing, galloping."""

from random import Random

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import Outline, curve, oval, placed, ribbon
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones
from service.demo.scenes.light import RGB, mix
from service.demo.scenes.odds import happens

__all__ = ["horse"]

_TRUNK = (
    "18,42 21,35 29,31 38,32 48,34.5 62,33.5 69,30 76,33 83.5,42 85,48.5 78,57 71,61.5 60,63 "
    "44,61.5 36,58 32,62 27,66 21,62 17.5,53"
)
_BELLY = "16,70 24,58 36,52 50,56 70,55 80,44 90,50 80,72 40,74"
_BACK = "14,38 30,26 46,30 62,31 62,34.5 48,39.5 34,37 22,42"

_NECK = {
    "standing": "63,31! 69,25 75,15 81,8 86,5! 92,22! 87,27 85,35 85,46 76,54! 66,44",
    "grazing": "63,31! 72,31 82,38 90,49 97,62! 86,71! 82,64 78,58 72,60! 64,46",
    "galloping": "63,31! 71,25 80,17 88,12 94,10! 97,27! 91,32 87,39 83,48 76,54! 66,44",
}
_MANE = {
    "standing": (
        "87,3.5! 80,5.5 73,12 67,21 61,31! 68,33 72,31! 74,26 77,24! 78,19 81,16! 83,12 88,9"
    ),
    "grazing": "61,31! 70,28 81,33 91,44 98,58! 93,60 88,57! 87,52 82,50! 80,45 75,43! 72,37",
    "galloping": (
        "95,8.5! 87,9 79,11 70,15 60,17! 66,21 61,27! 69,27 66,33! 75,30 80,24 87,18 94,15"
    ),
}
_HEAD = (
    "0,2! 4,-2.5 9,-1 15,3 22,7.5 26,11 27.5,15 26,18.5 22.5,18.5 18,17 13,17 8,18.5 3,17.5 -2,13"
)
_HEADS = {"standing": (85.5, 6.5, 27), "grazing": (98, 59, 60), "galloping": (93, 11, 9)}

_Legs = dict[str, tuple[tuple[str, tuple[float, ...]], ...]]
_FAR: _Legs = {
    "standing": (
        ("72,52 74,63 73.5,76 74.5,89 77,96", (14, 9, 5.4, 3.6, 4.4)),
        ("27,50 33,59 25.5,73 26,88 28.5,96", (18, 15, 6.2, 3.8, 4.4)),
    ),
    "galloping": (
        ("76,52 89,53 102,50 108,60 113,66", (14, 10, 6, 3.8, 4.4)),
        ("25,46 20,60 9,66 -5,77 -12,80", (18, 14, 6.4, 4, 4.2)),
    ),
}
_NEAR: _Legs = {
    "standing": (
        ("77,50 79.5,63 79,76 79.5,89 82,96", (16, 10, 5.8, 3.8, 4.6)),
        ("25,52 27.5,61 18,73.5 18.5,88 21,96", (17, 15.5, 6.6, 4, 4.6)),
    ),
    "galloping": (
        ("75,52 84,62 97,64 99,77 96,83", (15, 10.5, 6.2, 3.8, 4.4)),
        ("27,52 28,64 14,72 6,86 -1,91", (17, 15.5, 6.8, 4.2, 4.4)),
    ),
}
_HOOVES = {
    "standing": ((77.5, 98, 0), (29, 98, 0), (82.5, 98, 0), (21.5, 98, 0)),
    "galloping": ((115, 68, 50), (-15, 81, 100), (94, 85, 130), (-4, 93, 120)),
}
_TAILS: dict[str, tuple[str, tuple[float, ...]]] = {
    "standing": ("20,36 13,38 9,52 9,68 13,80", (4, 7, 9, 9, 1.5)),
    "galloping": ("20,36 10,29 -3,29 -15,35 -27,36", (4, 8, 10, 9, 1)),
}


def horse(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a horse with mane and tail, standing, grazing or galloping."""
    pose = chance.choices(["standing", "grazing", "galloping"], [5, 2, 4])[0]
    legs = "standing" if pose == "grazing" else pose
    hair = _hair(tones, chance)
    hooves = _HOOVES[legs]
    far = mix(tones.shade, tones.deep, 0.5)
    for (path, widths), hoof in zip(_FAR[legs], hooves[:2], strict=True):
        _leg(sketch, ribbon(path, *widths), hoof, far)
    tail, widths = _TAILS[legs]
    sketch.fill(ribbon(tail, *widths), hair)
    trunk, neck = curve(_TRUNK), curve(_NECK[pose])
    sketch.fill(trunk, tones.base)
    sketch.fill(curve(_BELLY), tones.shade, trunk)
    sketch.fill(curve(_BACK), tones.light, trunk)
    for (path, widths), hoof in zip(_NEAR[legs], hooves[2:], strict=True):
        _leg(sketch, ribbon(path, *widths), hoof, tones.base)
    sketch.fill(neck, tones.base)
    _head(sketch, _HEADS[pose], tones, blaze=happens(chance, 0.4))
    sketch.fill(curve(_MANE[pose]), hair)


def _hair(tones: Tones, chance: Random) -> RGB:
    if tones.colour is Colour.BROWN:
        return chance.choice([(58, 36, 28), (74, 45, 30)])
    if tones.colour is Colour.WHITE:
        return mix(tones.shade, tones.deep, chance.uniform(0, 0.6))
    return tones.deep


def _leg(sketch: Sketch, leg: Outline, hoof: tuple[float, float, float], colour: RGB) -> None:
    x, y, turn = hoof
    sketch.fill(leg, colour)
    shape = curve("-2.4,-3! 2,-3! 4,2! -2.6,2!")
    sketch.fill(placed(shape, x, y, turn), mix(colour, (34, 28, 32), 0.65))


def _head(sketch: Sketch, place: tuple[float, float, float], tones: Tones, *, blaze: bool) -> None:
    x, y, turn = place
    head = placed(curve(_HEAD), x, y, turn)
    sketch.fill(placed(curve("-1,1! 0,-7! 5,-1!"), x, y, turn), tones.shade)
    sketch.fill(head, tones.base)
    if blaze and tones.colour is not Colour.WHITE:
        sketch.fill(
            placed(curve("4,-4 14,-1 27,8 26,11 14,4.5 6,1"), x, y, turn), (240, 234, 224), head
        )
    sketch.fill(placed(curve("22,4 32,6 32,22 19,22 21,12"), x, y, turn), tones.shade, head)
    sketch.fill(placed(curve("1,2! 4.5,-7! 7,-0.5!"), x, y, turn), tones.base)
    sketch.fill(placed(oval(10, 4.2, 1.3, 1.3), x, y, turn), (24, 20, 22))
