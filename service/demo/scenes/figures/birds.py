"""Birds in flight: wings up, wings spread, wings down."""

from random import Random

from service.demo.scenes.attributes import Colour
from service.demo.scenes.figures.shape import curve, oval, strand
from service.demo.scenes.figures.sketch import Sketch
from service.demo.scenes.figures.tones import Tones, lighter
from service.demo.scenes.light import RGB

__all__ = ["bird"]

_BODY = (
    "118,58 113,53 105,52 95,54 80,56 62,60 44,64! 16,60! 20,67! 12,70! 22,73! 18,80! 46,74 "
    "62,78 80,78 96,73 107,67 114,63"
)
_BILL = "116,55! 121,57.5 128,61.5! 121,62.5 115,62!"
_UP = (
    "94,57 95,40 88,22 74,6 60,0! 63,10 56,9! 59,19 50,19! 54,29 45,31! "
    "50,40 44,44! 54,54 64,64 82,66"
)
_UP_FAR = "96,57 104,38 112,20 124,4! 122,14 127,16! 121,24 124,28! 117,34 118,40! 109,48 104,58"
_SPREAD = "92,58 86,42 70,28 46,22 14,30! 28,33 22,38! 37,39 32,44! 46,46 44,51! 58,56 70,66 84,66"
_SPREAD_FAR = (
    "95,57 104,40 120,28 142,22 168,30! 156,32 160,36! 146,38 148,42! 132,46 116,54 104,62"
)
_DOWN = "92,58 94,74 86,90 70,100! 71,94 61,98! 64,91 54,93! 58,86 50,84! 56,76 60,66 72,60"
_DOWN_FAR = "98,58 108,66 114,78 114,90! 109,86 107,92! 102,85 98,86! 92,74 88,64"


def bird(sketch: Sketch, tones: Tones, chance: Random) -> None:
    """Draw a flying bird."""
    near, far = chance.choices(
        [(_UP, _UP_FAR), (_SPREAD, _SPREAD_FAR), (_DOWN, _DOWN_FAR)], [4, 4, 2]
    )[0]
    body = curve(_BODY)
    sketch.fill(curve(far), tones.shade)
    sketch.fill(curve(_BILL), _bill(tones, chance))
    sketch.fill(body, tones.base)
    sketch.fill(
        curve("10,72 44,71 64,73 86,71 104,64 118,60 116,74 80,84 40,82"), tones.shade, body
    )
    _wing(sketch, near, tones)
    sketch.fill(
        oval(109, 57, 2, 2), (26, 24, 30) if tones.colour is not Colour.BLACK else (226, 214, 180)
    )


def _wing(sketch: Sketch, path: str, tones: Tones) -> None:
    wing = curve(path)
    sketch.fill(wing, tones.light if tones.colour is not Colour.WHITE else tones.base)
    # The long feathers: the same wing shrunk towards the shoulder stays lighter.
    centre = strand("90,60 90,60")[0]
    sketch.fill(
        (wing - centre) * 0.62 + centre,
        tones.base if tones.colour is not Colour.WHITE else tones.light,
        wing,
    )
    sketch.line(strand("56,62 70,66 84,66 94,58"), 1.4, tones.shade)


def _bill(tones: Tones, chance: Random) -> RGB:
    if tones.colour in {Colour.YELLOW, Colour.RED}:
        return (70, 62, 66)
    return chance.choice([(242, 166, 48), lighter((242, 166, 48), 0.2)])
