"""What landscapes are painted on."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from service.demo.scenes.backdrop.noise import Floats
from service.demo.scenes.light import RGB

__all__ = ["Canvas", "Sheet", "blend", "colours"]

SHARP = 2
"""How much finer a sheet's pixels are than the canvas's."""


class Canvas:
    """
    Three planes of colour, float32, shape (3, height, width).

    Heights of places are fractions of the picture's height from the top. What
    stands on the ground is measured in units, the picture's shorter side, so
    that it keeps its shape in pictures of any format.

    Args:
        size: Width and height in pixels.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self.unit: Final = min(size)
        self.lift: Final = self.unit / self.height
        self.x: Final[Floats] = (np.arange(self.width, dtype=np.float32) + 0.5) / self.unit
        self.y: Final[Floats] = (np.arange(self.height, dtype=np.float32) + 0.5) / self.height
        self.wide: Final = self.width / self.unit
        self.planes: Final[Floats] = np.zeros((3, self.height, self.width), np.float32)
        self.late: Final[list[Callable[[Image.Image], None]]] = []

    def row(self, y: float) -> int:
        """Return the row of pixels at a height, within the picture."""
        return max(0, min(self.height, round(y * self.height)))

    def rows(self, edge: Floats, until: float = 1.0) -> slice:
        """Return the rows from an edge's highest point down to a height."""
        top = max(0, int(edge.min() * self.height) - 1)
        return slice(top, max(top + 1, self.row(until)))

    def cover(self, edge: Floats, rows: slice) -> Floats:
        """Return how far each pixel of some rows lies below an edge, 0 to 1, smooth at it."""
        line = edge * np.float32(self.height)
        steep = 1 / np.sqrt(1 + np.gradient(line) ** 2)
        y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + np.float32(0.5)
        share: Floats = (y - line) * steep.astype(np.float32)
        share += np.float32(0.5)
        return np.clip(share, 0, 1, out=share)

    def lay(self, rows: slice, paint: Floats, cover: Floats | float) -> None:
        """Lay paint, broadcast to (3, rows, width), over some rows as far as it covers them."""
        region = self.planes[:, rows]
        fresh = paint - region
        fresh *= cover
        region += fresh

    def fill(self, edge: Floats, stops: Sequence[RGB], until: float = 1.0) -> None:
        """Fill what lies below an edge with colours that change downwards."""
        rows = self.rows(edge, until)
        low = min(rows.stop, max(rows.start, int(edge.max() * self.height) + 2))
        paint = blend(stops, np.linspace(0, 1, rows.stop - rows.start, dtype=np.float32))[..., None]
        upper = slice(rows.start, low)
        self.lay(upper, paint[:, : low - rows.start], self.cover(edge, upper))
        self.planes[:, low : rows.stop] = paint[:, low - rows.start :]

    def sheet(self, top: float, until: float, colour: RGB) -> "Sheet":
        """Return a sheet to draw on, from one height to another; lay it with `paste`."""
        return Sheet(self, slice(self.row(top), self.row(until)), colour)

    def paste(self, sheet: "Sheet", strength: float = 1.0) -> None:
        """Lay a sheet's drawing over what it covers."""
        *bands, alpha = sheet.image.reduce(SHARP).split()
        cover = np.asarray(alpha, np.float32) * np.float32(strength / 255)
        for plane, band in zip(self.planes, bands, strict=True):
            region = plane[sheet.rows]
            region += (np.asarray(band, np.float32) - region) * cover

    def glow(self, x: float, y: float, radius: float, colour: RGB, strength: float) -> None:
        """Add light round a place: x and radius in units, y a fraction of the height."""
        reach = int(radius * self.unit)
        column, row = round(x * self.unit), round(y * self.height)
        rows = slice(max(0, row - reach), max(0, min(self.height, row + reach)))
        places = slice(max(0, column - reach), max(0, min(self.width, column + reach)))
        down = ((self.y[rows] - y) / self.lift / radius)[:, None] ** 2
        light = np.clip(1 - down - ((self.x[places] - x) / radius) ** 2, 0, 1) ** 2 * strength
        region = self.planes[:, rows, places]
        region += (colours((colour,))[:, :, None] - region) * light.astype(np.float32)

    def image(self) -> Image.Image:
        """Return the picture, with a little grain as paper has."""
        grained = self.planes + _grain(self.width, self.height)
        planes = np.clip(grained, 0, 255, out=grained).astype(np.uint8)
        image = Image.merge("RGB", [Image.fromarray(plane) for plane in planes])
        for draw in self.late:
            draw(image)
        return image


class Sheet:
    """
    A transparent sheet of finer pixels, on which shapes are drawn with smooth edges.

    Args:
        canvas: What it will be pasted to.
        rows: The canvas's rows that it covers.
        colour: What edges fade to, near that of most shapes.
    """

    def __init__(self, canvas: Canvas, rows: slice, colour: RGB) -> None:
        self.rows: Final = rows
        self.scale: Final = canvas.unit * SHARP
        self.top: Final = rows.start / canvas.unit
        size = (canvas.width * SHARP, max(1, rows.stop - rows.start) * SHARP)
        # RGBX: Pillow would premultiply RGBA before reducing it, at several times the cost.
        self.image: Final = Image.new("RGBX", size, (*colour, 0))
        self.draw: Final = ImageDraw.Draw(self.image)

    def polygon(self, places: Sequence[tuple[float, float]], colour: RGB) -> None:
        """Draw a shape; places in units from the picture's top left corner."""
        self.draw.polygon(self._pixels(places), fill=colour)

    def box(self, left: float, top: float, right: float, low: float, colour: RGB) -> None:
        """Draw an upright rectangle, in units."""
        (left, top), (right, low) = self._pixels(((left, top), (right, low)))
        if right - left >= 1 and low > top:
            self.draw.rectangle((left, top, right - 1, low), fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: RGB, squash: float = 1.0) -> None:
        """Draw a circle, or an ellipse whose height is its width times `squash`, in units."""
        high = radius * squash
        (left, top), (right, low) = self._pixels(((x - radius, y - high), (x + radius, y + high)))
        self.draw.ellipse((left, top, right, low), fill=colour)

    def line(self, places: Sequence[tuple[float, float]], width: float, colour: RGB) -> None:
        """Draw a line, in units."""
        thick = max(1, round(width * self.scale))
        self.draw.line(self._pixels(places), fill=colour, width=thick, joint="curve")

    def _pixels(self, places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x * self.scale, (y - self.top) * self.scale) for x, y in places]


def colours(stops: Sequence[RGB]) -> Floats:
    """Return colours as float32, shape (3, stops)."""
    return np.asarray(stops, np.float32).T


def blend(stops: Sequence[RGB], at: Floats) -> Floats:
    """Return the colours between stops, evenly spread over 0 to 1, shape (3, *at.shape)."""
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(at, places, part) for part in colours(stops)]).astype(np.float32)


@lru_cache(maxsize=8)
def _grain(width: int, height: int) -> Floats:
    chance = np.random.Generator(np.random.PCG64(7))
    grain = chance.normal(0, 1.6, (height, width)).astype(np.float32)
    return grain + np.float32(0.5)
