"""Boats: mostly sailing boats, now and then a motor boat or a rowing boat."""

from random import Random

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import box, curve, oval, placed, ribbon, strand
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones, darker
from service.demo.scenes.light import RGB
from service.demo.scenes.odds import happens

__all__ = ["boat"]

_CREAM: RGB = (252, 245, 230)
_WOOD: RGB = (150, 104, 66)
_GLASS: RGB = (120, 170, 196)


def boat(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a boat."""
    chance.choices([_sailing, _motor, _rowing], [8, 1.5, 1])[0](sketch, tones, chance)


def _sailing(sketch: Sketch, tones: Tones, chance: Random) -> None:
    sketch.fill(box(43.4, 0, 45.4, 86), darker(_WOOD, 0.2))
    sketch.fill(curve("45,1! 55,3! 45,6!"), tones.shade)
    main = curve("42,5! 34,28 22,52 5,76! 24,78 42,77!")
    jib = curve("47,10! 60,34 74,56 86,77! 66,77 47,74! 51,42")
    whole = happens(chance, 0.5)
    sketch.fill(main, tones.base if whole else _CREAM)
    sketch.fill(
        curve("42,3! 46,3! 46,80! 32.5,80! 38,56"),
        tones.shade if whole else darker(_CREAM, 0.12),
        main,
    )
    sketch.fill(jib, _CREAM if whole else tones.base)
    sketch.fill(
        curve("47,8! 54,40 56,78! 47,78!"), darker(_CREAM, 0.12) if whole else tones.shade, jib
    )
    if whole:
        for y in chance.choice(((50,), (38, 58), (46, 54))):
            sketch.fill(curve(f"0,{y + 4}! 50,{y}! 50,{y + 4}! 0,{y + 8}!"), _CREAM, main)
    else:
        sketch.fill(curve("0,62! 50,57! 50,90! 0,90!"), tones.base, main)
        sketch.fill(curve("37,60! 50,57! 50,90! 31,90!"), tones.shade, main)
        sketch.fill(curve("0,46! 50,41! 50,49! 0,54!"), tones.base, main)
    sketch.fill(ribbon("4,79 44,79", 1.8, 1.8), darker(_WOOD, 0.2))
    _hull(sketch, tones, "2,82! 30,84 62,83.5 96,79! 91,90 82,100! 18,100! 8,94")
    sketch.fill(curve("50,83! 52,78 66,77 72,82.6!"), _CREAM)
    sketch.fill(oval(58, 80.6, 1.5, 1.2), _GLASS)
    sketch.fill(oval(65, 80.2, 1.5, 1.2), _GLASS)


def _hull(sketch: Sketch, tones: Tones, path: str) -> None:
    hull = curve(path)
    low = hull[:, 1].max()
    sketch.fill(hull, tones.base)
    sketch.fill(box(-20, low - 7, 160, low + 5), tones.shade, hull)
    rim = placed(strand("0,85.6 30,87.6 62,87 98,82.6"), 0, low - 100)
    sketch.line(rim, 1.8, _CREAM if tones.colour is not Colour.WHITE else tones.deep, hull)


def _motor(sketch: Sketch, tones: Tones, chance: Random) -> None:
    sketch.line(strand("70,48 70,30"), 1.4, darker(_WOOD, 0.4))
    sketch.fill(curve("70,30! 60,32.5! 70,36!"), tones.shade)
    cabin = curve("42,70! 44,54! 48,49 80,49 84,54! 96,70!")
    sketch.fill(cabin, _CREAM)
    sketch.fill(curve("40,66! 100,62! 100,74! 40,74!"), darker(_CREAM, 0.12), cabin)
    sketch.fill(curve("48,56! 60,56! 60,64! 47,64!"), _GLASS)
    sketch.fill(curve("64,56! 80,56! 86,64! 64,64!"), _GLASS)
    sketch.fill(curve("38,50! 42,45.5 84,45.5 90,50!"), tones.base)
    if happens(chance, 0.6):
        sketch.fill(oval(30, 71, 3.6, 3.6), (232, 108, 52))
    hull = curve("4,70! 40,71 84,68 134,62! 126,80 112,100! 16,100! 8,88")
    sketch.fill(hull, tones.base)
    sketch.fill(box(0, 91, 140, 104), tones.shade, hull)
    sketch.line(
        strand("0,76.5 40,77.5 84,74.5 140,67.5"),
        2.6,
        _CREAM if tones.colour is not Colour.WHITE else tones.deep,
        hull,
    )


def _rowing(sketch: Sketch, tones: Tones, chance: Random) -> None:
    shirt = chance.choice([(70, 110, 150), (226, 184, 76), (120, 150, 110)])
    sketch.fill(curve("52,80! 53,62 59,56 66,58 69,68 68,82!"), shirt)
    sketch.fill(oval(62, 50, 6, 6.6), (226, 178, 146))
    sketch.fill(curve("52,48! 56,41 66,40 71,46 75,48.5! 63,48"), (196, 158, 92))
    sketch.fill(ribbon("63,63 72,70 80,71", 5, 4, 3.4), darker(shirt, 0.15))
    sketch.line(strand("84,68 60,86 36,99"), 2, _WOOD)
    sketch.fill(ribbon("42,96 28,102", 3, 5), _WOOD)
    hull = curve("2,72! 30,80 70,81 120,70! 112,86 96,100! 26,100! 10,90")
    sketch.fill(hull, tones.base)
    sketch.fill(curve("0,90! 60,94 130,86! 120,106! 10,106!"), tones.shade, hull)
    sketch.line(
        strand("0,74 30,82.4 70,83.4 122,72"),
        2.4,
        _CREAM if tones.colour is not Colour.WHITE else tones.deep,
        hull,
    )
    sketch.line(strand("84,68 74,77 60,86"), 2, _WOOD)
