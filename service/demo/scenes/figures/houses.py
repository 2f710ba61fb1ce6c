"""Houses: cottages with roof, windows, door and chimney."""

from random import Random

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import box, curve, oval, placed
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones, darker, lighter
from service.demo.scenes.light import RGB
from service.demo.scenes.odds import happens

__all__ = ["house"]

_TRIM: RGB = (250, 246, 236)
_GLASS: RGB = (126, 168, 190)
_ROOFS: tuple[RGB, ...] = ((88, 86, 98), (104, 76, 62), (72, 74, 84))
_DOORS: tuple[RGB, ...] = ((112, 72, 48), (64, 92, 108), (78, 104, 78))


def house(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a cottage, with or without a gable to the front."""
    chance.choice([_plain, _gabled])(sketch, tones, chance)


def _plain(sketch: Sketch, tones: Tones, chance: Random) -> None:
    roof, door = chance.choice(_ROOFS), chance.choice(_DOORS)
    _chimney(sketch, 88 if happens(chance, 0.5) else 26)
    _wall(sketch, tones, 8, 43, 114, 100)
    sketch.fill(curve("1,45! 17,18! 105,18! 121,45!"), roof)
    _tiles(sketch, roof, "1,45! 17,18! 105,18! 121,45!", (25, 32, 39))
    sketch.fill(box(1, 44, 121, 47), darker(roof, 0.35))
    sketch.fill(box(8, 47, 114, 50.4), tones.shade)
    _window(sketch, tones, 21, 60)
    _window(sketch, tones, 85, 60)
    _door(sketch, door, 53)
    if happens(chance, 0.5):
        _dormer(sketch, tones, roof)


def _gabled(sketch: Sketch, tones: Tones, chance: Random) -> None:
    roof, door = chance.choice(_ROOFS), chance.choice(_DOORS)
    _chimney(sketch, 24)
    _wall(sketch, tones, 8, 54, 80, 100)
    sketch.fill(curve("0,52! 15,19! 96,19! 96,52!"), roof)
    _tiles(sketch, roof, "0,52! 15,19! 96,19! 96,52!", (27, 35, 43))
    sketch.fill(box(8, 52, 70, 55), tones.shade)
    _window(sketch, tones, 18, 64)
    _door(sketch, door, 46)
    gable = curve("70,100! 70,54! 93,20! 116,54! 116,100!")
    sketch.fill(gable, tones.base)
    sketch.fill(curve("112,40! 120,40! 120,104! 112,104!"), tones.shade, gable)
    sketch.fill(curve("93,14! 122,57! 116,60! 93,24! 70,60! 64,57!"), darker(roof, 0.3))
    _window(sketch, tones, 85, 64)
    sketch.fill(oval(93, 42, 6, 6), _TRIM)
    sketch.fill(oval(93, 42, 4.2, 4.2), _GLASS)
    sketch.fill(box(92.4, 37.6, 93.6, 46.4), _TRIM)
    sketch.fill(box(88.6, 41.4, 97.4, 42.6), _TRIM)


def _chimney(sketch: Sketch, x: float) -> None:
    brick = (150, 96, 80)
    sketch.fill(box(x, 4, x + 12, 30), brick)
    sketch.fill(box(x + 8, 4, x + 12, 30), darker(brick, 0.25))
    sketch.fill(box(x - 1.4, 0, x + 13.4, 5), darker(brick, 0.4))


def _wall(
    sketch: Sketch, tones: Tones, left: float, top: float, right: float, bottom: float
) -> None:
    sketch.fill(box(left, top, right, bottom), tones.base)
    sketch.fill(box(right - 7, top, right, bottom), tones.shade)
    sketch.fill(box(left, bottom - 5, right, bottom), (150, 146, 144))


def _tiles(sketch: Sketch, roof: RGB, path: str, rows: tuple[int, ...]) -> None:
    outline = curve(path)
    for y in rows:
        sketch.fill(box(-2, y, 130, y + 1.5), darker(roof, 0.25), outline)
    sketch.fill(box(-2, 14, 130, 21), lighter(roof, 0.12), outline)


def _window(sketch: Sketch, tones: Tones, x: float, y: float) -> None:
    shutter = tones.deep if tones.colour is not Colour.WHITE else (96, 122, 128)
    for left in (x - 5.4, x + 16.4):
        sketch.fill(box(left, y, left + 5, y + 20), shutter)
    sketch.fill(box(x - 0.6, y - 0.6, x + 16.6, y + 20.6), _TRIM)
    pane = box(x + 1.4, y + 1.4, x + 14.6, y + 18.6)
    sketch.fill(pane, _GLASS)
    sketch.fill(placed(curve("0,0! 8,0! 0,12!"), x + 1.4, y + 1.4), lighter(_GLASS, 0.4))
    sketch.fill(box(x + 7.3, y, x + 8.7, y + 20), _TRIM)
    sketch.fill(box(x, y + 8.6, x + 16, y + 10), _TRIM)
    sketch.fill(box(x - 1.6, y + 20, x + 17.6, y + 22.4), darker(_TRIM, 0.14))


def _door(sketch: Sketch, colour: RGB, x: float) -> None:
    sketch.fill(box(x - 1.6, 66.4, x + 17.6, 100), _TRIM)
    sketch.fill(box(x, 68, x + 16, 100), colour)
    sketch.fill(box(x + 2.6, 71, x + 13.4, 80), _GLASS)
    sketch.fill(box(x + 2.6, 84, x + 13.4, 96), darker(colour, 0.2))
    sketch.fill(oval(x + 13.8, 85, 1.2, 1.2), (232, 196, 96))
    sketch.fill(box(x - 3.4, 97.6, x + 19.4, 100), (186, 180, 174))


def _dormer(sketch: Sketch, tones: Tones, roof: RGB) -> None:
    sketch.fill(curve("50,47! 50,32! 61,22! 72,32! 72,47!"), tones.base)
    sketch.fill(curve("61,18! 77,32! 74.4,34.6! 61,23! 47.6,34.6! 45,32!"), darker(roof, 0.35))
    sketch.fill(box(55.4, 32, 66.6, 44), _TRIM)
    sketch.fill(box(57, 33.6, 60.3, 42.6), _GLASS)
    sketch.fill(box(61.7, 33.6, 65, 42.6), _GLASS)
