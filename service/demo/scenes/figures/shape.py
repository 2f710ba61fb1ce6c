"""Outlines: smooth curves through control points, ribbons along them, ovals."""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Outline", "around", "box", "curve", "oval", "placed", "ribbon", "strand"]

Outline = NDArray[np.float64]
"""Points, shape (n, 2), x to the right and y down; a figure is about 100 high."""

_STEPS = np.linspace(0, 1, 10, endpoint=False)[:, None]
_BERNSTEIN = np.hstack(
    [
        (1 - _STEPS) ** 3,
        3 * _STEPS * (1 - _STEPS) ** 2,
        3 * _STEPS**2 * (1 - _STEPS),
        _STEPS**3,
    ]
)
_HANDLE = 0.36
_CAP = np.array([(0.92, 0.38), (0.7, 0.7), (0.38, 0.92), (-0.38, 0.92), (-0.7, 0.7), (-0.92, 0.38)])
_ANGLES = np.linspace(0, 2 * np.pi, 28, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)


@cache
def curve(path: str) -> Outline:
    """Return the closed smooth curve through points: `10,20 30,5! 40,20`, `!` marks a corner."""
    points, corners = _parsed(path)
    return _smooth(points, corners, closed=True)


@cache
def strand(path: str) -> Outline:
    """Return the open smooth curve through the points."""
    points, corners = _parsed(path)
    corners[0] = corners[-1] = True
    return _smooth(points, corners, closed=False)


@cache
def ribbon(path: str, *widths: float) -> Outline:
    """Return the outline of a band along an open curve; its width runs through `widths`."""
    return around(strand(path), widths)


def around(line: Outline, widths: tuple[float, ...]) -> Outline:
    """Return the outline of a band along a line of points, with round ends."""
    steps = line[1:] - line[:-1]
    along = np.vstack([steps[:1], steps[:-1] + steps[1:], steps[-1:]])
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    half = _halves(len(line), widths)
    start = _cap(line[0], across[0] * half[0], -along[0] * half[0])
    end = _cap(line[-1], across[-1] * half[-1], along[-1] * half[-1])
    left, right = line + across * half, line - across * half
    return np.vstack([left, end, right[::-1], start[::-1]])


def oval(x: float, y: float, across: float, down: float, turn: float = 0) -> Outline:
    """Return an oval of two radii about a point, turned clockwise by degrees."""
    return placed(_CIRCLE * (across, down), x, y, turn)


def box(left: float, top: float, right: float, bottom: float) -> Outline:
    """Return an upright rectangle."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)


def placed(outline: Outline, x: float, y: float, turn: float = 0) -> Outline:
    """Return an outline turned clockwise by degrees about the origin, then moved."""
    shift = np.array((x, y))
    if turn:
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        outline = outline @ np.array([[cos, sin], [-sin, cos]])
    moved: Outline = outline + shift
    return moved


@cache
def _halves(count: int, widths: tuple[float, ...]) -> Outline:
    places = np.linspace(0, len(widths) - 1, count)
    return np.interp(places, np.arange(len(widths)), widths)[:, None] / 2


def _cap(middle: Outline, side: Outline, outwards: Outline) -> Outline:
    cap: Outline = middle + side * _CAP[:, :1] + outwards * _CAP[:, 1:]
    return cap


def _parsed(path: str) -> tuple[Outline, list[bool]]:
    words = path.split()
    points = [[float(number) for number in word.rstrip("!").split(",")] for word in words]
    return np.array(points), [word.endswith("!") for word in words]


def _smooth(points: Outline, corners: list[bool], *, closed: bool) -> Outline:
    count = len(points)
    steps = np.roll(points, -1, axis=0) - points
    length = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)[:, None]
    unit = steps / length
    # The tangent of the circle through a point and both its neighbours.
    tangent = np.roll(unit, 1, axis=0) * length + unit * np.roll(length, 1, axis=0)
    tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
    pieces = []
    for i in range(count if closed else count - 1):
        j = (i + 1) % count
        leaving = unit[i] if corners[i] else tangent[i]
        arriving = unit[i] if corners[j] else tangent[j]
        reach = _HANDLE * length[i]
        ends = points[i], points[i] + leaving * reach, points[j] - arriving * reach, points[j]
        pieces.append(_BERNSTEIN @ np.array(ends))
    if not closed:
        pieces.append(points[-1:])
    return np.vstack(pieces)
