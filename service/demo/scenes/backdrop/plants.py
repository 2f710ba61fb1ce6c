"""Trees and grass, drawn once in several views and set out in many sizes."""

from functools import lru_cache
from math import cos, pi, sin
from random import Random
from typing import Final, Literal

import numpy as np
from PIL import Image, ImageDraw

from service.demo.scenes.backdrop.canvas import Canvas, blend
from service.demo.scenes.light import RGB

__all__ = ["VIEWS", "Grove", "Plant"]

Plant = Literal["conifer", "leafy", "tuft"]
VIEWS = 6
"""Different drawings of each plant."""

_HIGH = 360
_SHADE = 18
_BREADTH: Final = {"conifer": 0.46, "leafy": 0.84, "tuft": 1.5}
_STEP = 1.09
"""Plants come in sizes that grow by this factor, so that few have to be drawn."""


class Grove:
    """
    Plants of one tint, laid over a canvas together.

    Args:
        canvas: To paint on.
        top: Height above which no plant reaches, as a fraction.
        until: Lowest height that they reach.
        mirrored: Whether light comes from the right.
    """

    def __init__(self, canvas: Canvas, top: float, until: float, *, mirrored: bool) -> None:
        self._canvas = canvas
        self._rows = slice(canvas.row(top), canvas.row(until))
        size = (canvas.width, max(1, self._rows.stop - self._rows.start))
        self._tone, self._cover = Image.new("L", size), Image.new("L", size)
        self._mirrored = mirrored

    def plant(self, kind: Plant, view: int, x: float, foot: float, height: float) -> None:
        """Set one plant on its foot, a fraction of the height; x and its height in units."""
        pixels = height * self._canvas.unit
        if pixels < 1:
            return
        high = round(_STEP ** round(np.log(pixels) / np.log(_STEP)))
        tone, cover = _grown(kind, view, max(1, high), self._mirrored)
        left = round(x * self._canvas.unit - tone.width / 2)
        top = round(foot * self._canvas.height) - tone.height - self._rows.start
        self._tone.paste(tone, (left, top), cover)
        self._cover.paste(255, (left, top, left + tone.width, top + tone.height), cover)

    def paint(self, stops: tuple[RGB, ...]) -> None:
        """Lay them over the canvas, in colours from shade to light."""
        box = self._cover.getbbox()
        if not box:
            return
        ramps = blend(stops, np.linspace(0, 1, 256, dtype=np.float32))
        tone = np.asarray(self._tone.crop(box))
        cover = np.asarray(self._cover.crop(box), np.float32) * np.float32(1 / 255)
        left, top, right, low = box
        rows = slice(self._rows.start + top, self._rows.start + low)
        for plane, ramp in zip(self._canvas.planes, ramps, strict=True):
            region = plane[rows, left:right]
            fresh = ramp.take(tone)
            fresh -= region
            fresh *= cover
            region += fresh


@lru_cache(maxsize=4096)
def _grown(kind: Plant, view: int, height: int, mirrored: bool) -> tuple[Image.Image, Image.Image]:
    size = (max(1, round(height * _BREADTH[kind])), height)
    tone, cover = _drawn(kind, view)
    fits = [image.resize(size, Image.Resampling.BOX, reducing_gap=2.0) for image in (tone, cover)]
    if mirrored:
        fits = [image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for image in fits]
    return fits[0], fits[1]


@lru_cache(maxsize=64)
def _drawn(kind: Plant, view: int) -> tuple[Image.Image, Image.Image]:
    chance = Random(f"{kind} {view}")
    size = (round(_HIGH * _BREADTH[kind]), _HIGH)
    pair = (Image.new("L", size, 60), Image.new("L", size))
    pens = (ImageDraw.Draw(pair[0]), ImageDraw.Draw(pair[1]))
    {"conifer": _conifer, "leafy": _leafy, "tuft": _tuft}[kind](pens, chance, *size)
    return pair


_Pens = tuple[ImageDraw.ImageDraw, ImageDraw.ImageDraw]
_Places = list[tuple[float, float]]


def _shape(pens: _Pens, places: _Places, tone: float) -> None:
    pens[0].polygon(places, fill=max(0, min(255, round(tone))))
    pens[1].polygon(places, fill=255)


def _spot(pens: _Pens, x: float, y: float, radius: float, tone: float) -> None:
    box = (x - radius, y - radius, x + radius, y + radius)
    pens[0].ellipse(box, fill=max(0, min(255, round(tone))))
    pens[1].ellipse(box, fill=255)


def _conifer(pens: _Pens, chance: Random, wide: float, high: float) -> None:
    middle = wide / 2
    trunk = wide * 0.035
    _shape(
        pens,
        [
            (middle - trunk, high * 0.8),
            (middle + trunk, high * 0.8),
            (middle + trunk, high),
            (middle - trunk, high),
        ],
        26,
    )
    tiers = chance.randint(11, 15)
    slender = chance.uniform(0.78, 1.0)
    for tier in range(tiers, 0, -1):
        share = tier / tiers
        half = wide / 2 * slender * share**0.85 * chance.uniform(0.86, 1.0)
        low = high * (0.05 + 0.88 * share)
        top = high * (0.05 + 0.88 * (tier - 1) / tiers) - high * 0.035
        _tier(pens, chance, (middle, top, low + high * 0.018, half), _SHADE)
        _tier(pens, chance, (middle, top, low, half), 92)


def _tier(
    pens: _Pens, chance: Random, place: tuple[float, float, float, float], tone: float
) -> None:
    middle, top, low, half = place
    fringe = []
    count = 9
    for step in range(count + 1):
        along = step / count * 2 - 1
        sag = (low - top) * (0.82 + 0.18 * abs(along))
        tooth = (low - top) * (0.16 if step % 2 else -0.1) * chance.uniform(0.5, 1.3)
        fringe.append((middle + along * half, top + sag + tooth * (1 - abs(along) ** 3)))
    _shape(pens, [(middle, top), *fringe[::-1]], tone)
    if tone <= _SHADE:
        return
    split = 4 + chance.randint(-1, 1)
    lit = [(middle, top), *fringe[: split + 1][::-1]]
    _shape(pens, lit, tone + 70)
    tip = [(middle, top), *[(x, y - (low - top) * 0.3) for x, y in fringe[:split][::-1]]]
    _shape(pens, tip, tone + 118)


def _leafy(pens: _Pens, chance: Random, wide: float, high: float) -> None:
    middle = wide / 2
    trunk = wide * 0.035
    _shape(
        pens,
        [
            (middle - trunk, high * 0.55),
            (middle + trunk, high * 0.55),
            (middle + trunk * 1.5, high),
            (middle - trunk * 1.5, high),
        ],
        14,
    )
    lumps = [
        (
            middle + wide * 0.27 * cos(turn) * chance.uniform(0.7, 1.1),
            high * 0.42 + high * 0.24 * sin(turn) * chance.uniform(0.8, 1.1),
            wide * chance.uniform(0.15, 0.21),
        )
        for turn in [2 * pi * step / 8 + chance.random() for step in range(8)]
    ]
    lumps.append((middle, high * 0.36, wide * 0.27))
    for x, y, radius in sorted(lumps, key=lambda lump: -lump[1]):
        _spot(pens, x, y, radius, 62)
        for _ in range(44):
            turn, reach = chance.random() * 2 * pi, radius * chance.random() ** 0.6
            across, down = cos(turn) * reach, sin(turn) * reach
            lit = -(0.62 * across + 0.9 * down) / radius
            shine = 116 + 92 * lit + 90 * (0.42 - y / high) + chance.uniform(-18, 18)
            _spot(pens, x + across, y + down, radius * chance.uniform(0.12, 0.24), shine)


def _tuft(pens: _Pens, chance: Random, wide: float, high: float) -> None:
    for _ in range(26):
        root = wide * (0.5 + chance.gauss(0, 0.1))
        lean = chance.gauss(0, 0.2) * wide
        foot = high * (1 - 0.14 * chance.random())
        tall = foot * chance.uniform(0.45, 0.98)
        thick = wide * 0.011
        bend = (root + lean * 0.35, foot - tall * 0.6)
        tip = (root + lean, foot - tall)
        tone = chance.uniform(40, 235)
        _shape(
            pens,
            [
                (root - thick, foot),
                (bend[0] - thick * 0.8, bend[1]),
                tip,
                (bend[0] + thick * 0.8, bend[1]),
                (root + thick, foot),
            ],
            tone,
        )
