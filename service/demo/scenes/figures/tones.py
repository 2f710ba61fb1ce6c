"""Natural colours of the figures, and their light and shade."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

from service.demo.scenes.attributes import Colour
from service.demo.scenes.light import RGB, mix

__all__ = ["BASE", "Tones", "darker", "lighter"]

BASE: Mapping[Colour, RGB] = {
    Colour.BLACK: (47, 46, 54),
    Colour.BLUE: (45, 108, 192),
    Colour.BROWN: (140, 88, 52),
    Colour.GREEN: (72, 146, 74),
    Colour.ORANGE: (240, 134, 40),
    Colour.PINK: (243, 146, 182),
    Colour.PURPLE: (134, 78, 172),
    Colour.RED: (208, 50, 46),
    Colour.WHITE: (243, 241, 236),
    Colour.YELLOW: (249, 204, 58),
}
"""What each main colour looks like in plain daylight."""

_SUN: RGB = (255, 250, 232)
_DUSK: RGB = (40, 32, 66)
_GREY_SHADE: RGB = (128, 134, 158)


@dataclass(frozen=True, slots=True)
class Tones:
    """
    One colour in the light and in the shade.

    Args:
        colour: Its name.
        base: The colour itself.
        light: Where the sun falls on it.
        shade: Turned away from the sun.
        deep: Far side, folds and fine lines.
    """

    colour: Colour
    base: RGB
    light: RGB
    shade: RGB
    deep: RGB

    @classmethod
    @cache
    def of(cls, colour: Colour) -> Self:
        """Return the tones of a main colour."""
        base = BASE[colour]
        if colour is Colour.WHITE:
            shades = (mix(base, _GREY_SHADE, share) for share in (0.3, 0.55))
            return cls(colour, base, (255, 255, 255), *shades)
        if colour is Colour.BLACK:
            return cls(colour, base, (82, 82, 92), (35, 34, 41), (24, 23, 29))
        return cls(colour, base, lighter(base, 0.25), darker(base, 0.2), darker(base, 0.4))


def lighter(colour: RGB, share: float) -> RGB:
    """Return a colour moved towards warm sunlight."""
    return mix(colour, _SUN, share)


def darker(colour: RGB, share: float) -> RGB:
    """Return a colour moved towards bluish dusk."""
    return mix(colour, _DUSK, share)
