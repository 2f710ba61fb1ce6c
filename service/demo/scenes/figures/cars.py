"""Cars, from the side: a friendly compact, sometimes a van."""

from random import Random

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import Outline, box, curve, oval, placed, strand
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones, lighter
from service.demo.scenes.light import RGB
from service.demo.scenes.odds import happens

__all__ = ["car"]

_TYRE: RGB = (40, 40, 46)
_RIM: RGB = (206, 208, 214)
_GLASS: RGB = (150, 194, 214)
_LAMP: RGB = (255, 238, 176)
_REAR_LAMP: RGB = (206, 40, 38)

_COMPACT = (
    "8,78 7,64 11,50 20,40 30,24 44,10 66,3 96,1.5 118,5 134,16 152,36 176,41 198,48 209,58 "
    "213,70 212,80 206,84! 12,84!"
)
_VAN = (
    "8,78 8,40 12,14 22,6 60,3 130,3 152,6 166,20 178,42 198,48 207,58 210,72 209,80 203,84! 12,84!"
)


def car(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a car."""
    if happens(chance, 0.8):
        _compact(sketch, tones, chance)
    else:
        _van(sketch, tones)


def _compact(sketch: Sketch, tones: Tones, chance: Random) -> None:
    body = curve(_COMPACT)
    _shell(sketch, tones, body, "8,58 60,53 150,51 214,60 214,68 150,62 60,64 8,68")
    _windows(
        sketch,
        tones,
        "32,39! 40,23 52,13 70,9.5! 70,39!",
        "76,39! 76,9 96,8.5 112,11 124,20! 139,38.5!",
    )
    for x in (73, 139):
        sketch.line(strand(f"{x},41 {x - 1},60 {x - 3},77"), 1.4, tones.shade)
    sketch.line(strand("80,48 91,48"), 2.4, tones.deep)
    if happens(chance, 0.3):
        sketch.fill(curve("48,3! 50,-6! 92,-6! 94,1!"), (150, 104, 66))
        sketch.line(strand("44,2 100,1"), 2, _TYRE)
    _lamps(sketch, (203, 58), (9.6, 56))
    _wheels(sketch, tones, (50, 168))


def _van(sketch: Sketch, tones: Tones) -> None:
    body = curve(_VAN)
    _shell(sketch, tones, body, "6,58 60,55 150,55 214,62 214,68 150,62 60,62 6,66")
    _windows(sketch, tones, "20,14! 40,12! 40,38! 18,38!", "126,12! 146,12 156,20! 168,41! 126,40!")
    for left, right in ((46, 80), (86, 120)):
        _window(sketch, curve(f"{left},12! {right},12! {right},38! {left},38!"))
    for x in (83, 123):
        sketch.line(strand(f"{x},12 {x},50 {x - 1},77"), 1.4, tones.shade)
    sketch.line(strand("127,49 137,49"), 2.4, tones.deep)
    _lamps(sketch, (200, 59), (9.8, 56))
    _wheels(sketch, tones, (46, 166))


def _shell(sketch: Sketch, tones: Tones, body: Outline, gleam: str) -> None:
    sketch.fill(body, tones.base)
    sketch.fill(box(0, 66, 230, 90), tones.shade, body)
    sketch.fill(curve(gleam), tones.light, body)
    sketch.fill(
        box(0, 78, 230, 90), tones.deep if tones.colour is not Colour.BLACK else (86, 86, 96), body
    )


def _windows(sketch: Sketch, tones: Tones, *paths: str) -> None:
    for path in paths:
        _window(sketch, curve(path))


def _window(sketch: Sketch, pane: Outline) -> None:
    sketch.fill(pane, _GLASS)
    left, top = pane.min(axis=0)
    gleam = placed(curve("10,-2! 20,-2! 2,42! -8,42!"), left + 12, top)
    sketch.fill(gleam, lighter(_GLASS, 0.45), pane)


def _lamps(sketch: Sketch, front: tuple[float, float], rear: tuple[float, float]) -> None:
    sketch.fill(oval(*front, 4.4, 5, -20), _LAMP)
    sketch.fill(oval(*rear, 2.6, 5.4, 8), _REAR_LAMP)


def _wheels(sketch: Sketch, tones: Tones, places: tuple[int, int]) -> None:
    for x in places:
        sketch.fill(oval(x, 80, 23, 22), tones.deep, box(x - 30, 50, x + 30, 84))
        sketch.fill(oval(x, 81.5, 18.5, 18.5), _TYRE)
        sketch.fill(oval(x, 81.5, 11, 11), _RIM)
        sketch.fill(oval(x, 81.5, 7, 7), (150, 152, 160))
        sketch.fill(oval(x, 81.5, 3, 3), _RIM)
