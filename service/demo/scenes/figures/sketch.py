"""Sketch: the shapes of one figure, in order, and the sprite made of them."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from service.demo.scenes.figures.shape import Outline, around
from service.demo.scenes.light import RGB

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw as Pencil

__all__ = ["Sketch"]

_REFERENCE = 100
_CLOSE = 15
_LARGE = 260
_Shape = tuple[Outline, RGB, tuple[Outline, ...]]


class Sketch:
    """
    Shapes of a figure that looks to the right, about 100 units high.

    Args:
        lit: Maps a natural colour to its look in the scene's light.
        stretch: Width of the figure beside its natural width.
    """

    def __init__(self, lit: Callable[[RGB], RGB], stretch: float = 1) -> None:
        self._lit = lit
        self._stretch = stretch
        self._shapes: list[_Shape] = []

    def fill(self, outline: Outline, colour: RGB, *within: Outline) -> None:
        """Paint an outline, only inside of `within` where that is given."""
        self._shapes.append((outline, self._lit(colour), within))

    def line(self, path: Outline, width: float, colour: RGB, *within: Outline) -> None:
        """Paint a line along points."""
        self.fill(around(path, (width,)), colour, *within)

    def sprite(self, height: int, facing: int) -> Image.Image:
        """
        Return what has been painted, cropped, straight alpha.

        100 units become `height` pixels; a figure nearly that high is made just that high.

        Args:
            height: In pixels.
            facing: 1 looks to the right, -1 to the left.
        """
        points = np.vstack([outline for outline, _, within in self._shapes if not within])
        low, high = points.min(axis=0), points.max(axis=0)
        tall = high[1] - low[1]
        finer = 2 if height > _LARGE else 3
        unit = finer * height / (tall if abs(tall - _REFERENCE) < _CLOSE else _REFERENCE)
        units = np.array((unit * self._stretch, unit))
        wide, deep = (math.ceil(span / finer - 1e-6) for span in ((high - low) * units).tolist())
        canvas = Image.new("P", (finer * max(1, wide), finer * max(1, deep)))
        palette = self._paint(canvas, low, units)
        canvas.putpalette(palette, "RGBA")
        # Nothing here is half transparent yet, so the bands are premultiplied as they are.
        bands = [band.reduce(finer) for band in canvas.convert("RGBA").split()]
        small = Image.merge("RGBa", bands).convert("RGBA")
        small = small.crop(small.getchannel("A").getbbox())
        return small if facing > 0 else small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    def _paint(self, canvas: Image.Image, origin: Outline, units: Outline) -> bytes:
        """Paint all shapes in numbers of colours, which is much faster, and return the colours."""
        pencil = ImageDraw.Draw(canvas)
        numbers: dict[RGB, int] = {}
        for outline, colour, within in self._shapes:
            number = numbers.setdefault(colour, len(numbers) + 1)
            # Pillow fills a polygon's border pixels too: half a pixel is taken back.
            points = (outline - origin) * units - 0.5
            if within:
                masks = [(mask - origin) * units - 0.5 for mask in within]
                _clipped(canvas, points, number, masks)
            else:
                _polygon(pencil, points, number)
        return bytes(4) + b"".join(bytes((*colour, 255)) for colour in numbers)


def _polygon(pencil: "Pencil", points: Outline, number: int) -> None:
    pencil.polygon(points.ravel().tolist(), number)


def _clipped(canvas: Image.Image, points: Outline, number: int, within: list[Outline]) -> None:
    left, top = np.maximum(np.floor(points.min(axis=0)).astype(int), 0).tolist()
    right, bottom = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, canvas.size).tolist()
    if right <= left or bottom <= top:
        return
    size, shift = (right - left, bottom - top), (left, top)
    shape, inside = Image.new("L", size), Image.new("L", size)
    _polygon(ImageDraw.Draw(shape), points - shift, 255)
    pencil = ImageDraw.Draw(inside)
    for outline in within:
        _polygon(pencil, outline - shift, 255)
    canvas.paste(number, (*shift, right, bottom), ImageChops.darker(shape, inside))
