"""Lines of the land against what is behind it, and how light falls on its sides."""

from random import Random

import numpy as np

from service.demo.scenes.backdrop.canvas import Canvas, colours
from service.demo.scenes.backdrop.clouds import smooth
from service.demo.scenes.backdrop.noise import TILE, Floats, Places, cut, enlarged, ripple, tile
from service.demo.scenes.light import RGB

__all__ = ["ground", "paint_sides", "peaks", "rolling", "spread"]


def peaks(
    canvas: Canvas, chance: Random, base: float, height: float, apart: float, jagged: float = 1.0
) -> Floats:
    """
    Return the line of a mountain range, as fractions of the height.

    Args:
        canvas: What it is for.
        chance: Its shape.
        base: Foot of the range, as a fraction of the height.
        height: Of the highest peak, in units.
        apart: Typical distance of peaks, in units.
        jagged: How rough the line is.
    """
    rise = np.zeros(canvas.width, np.float32)
    place = -apart * chance.random()
    while place < canvas.wide + apart:
        high = height * chance.uniform(0.45, 1.0)
        left, right = (high / apart * chance.uniform(0.65, 1.25) for _ in range(2))
        away = canvas.x - place
        np.maximum(rise, high - np.where(away < 0, -away * left, away * right), out=rise)
        place += apart * chance.uniform(0.55, 1.3)
    rough = ripple(chance, canvas.x, apart * 0.5, 0.55)
    rise += rough * np.float32(height * 0.05 * jagged) * (0.35 + rise / height)
    return np.asarray(base - np.maximum(rise, 0) * canvas.lift, np.float32)


def rolling(canvas: Canvas, chance: Random, base: float, height: float, length: float) -> Floats:
    """Return the line of soft hills, as fractions of the height."""
    turn = chance.random() * 6.3
    wave = np.sin(canvas.x * np.float32(5 / length) + turn)
    wave += 0.5 * np.sin(canvas.x * np.float32(11.3 / length) + turn * 2.3)
    rise = height * (0.5 + 0.36 * wave) + ripple(chance, canvas.x, length, 1.4) * height * 0.12
    return np.asarray(base - rise * canvas.lift, np.float32)


def paint_sides(
    canvas: Canvas,
    chance: Random,
    edge: Floats,
    until: float,
    tones: tuple[RGB, RGB, RGB],
    sun: float,
    *,
    detail: float = 1.0,
    lean: float = 0.0,
) -> None:
    """
    Paint mountains: sides turned to the light, sides turned away, and mist at the foot.

    Args:
        canvas: To paint on.
        chance: Course of the arêtes.
        edge: Line of the range, as fractions of the height.
        until: Height at which something nearer covers it.
        tones: Colours of the light sides, the dark sides and the mist.
        sun: Where the light comes from, in units from the left.
        detail: How broken the sides are.
        lean: How far the line between light and dark runs aside on its way down.
    """
    rows = canvas.rows(edge, until)
    count = rows.stop - rows.start
    depth = (canvas.y[rows][:, None] - edge) * np.float32(1 / canvas.lift)
    np.maximum(depth, 0, out=depth)
    rough = _noise(canvas, chance, count, 150, 0.85)
    sway = _noise(canvas, chance, count, 14 + 50 * detail, 1.2)
    shift = depth * (lean + 0.36 * sway + 0.1 * detail * rough)
    column = ((canvas.x + shift) * canvas.unit).astype(np.int32)
    np.clip(column, 0, canvas.width - 1, out=column)
    lit = _slope(canvas, edge, sun).take(column)
    lit += rough * np.float32(0.36 * detail)
    lit = smooth(lit, -0.22, 0.3)
    light, dark, mist = colours(tones).T[:, :, None, None]
    paint = dark + (light - dark) * lit
    thick = np.float32(1 / max(0.05, until - float(edge.min())))
    veil = np.clip((canvas.y[rows] - edge.min()) * thick, 0, 1)[:, None] ** 1.7 * 0.8
    paint += (mist - paint) * veil.astype(np.float32)
    canvas.lay(rows, paint, canvas.cover(edge, rows))


def _noise(canvas: Canvas, chance: Random, count: int, cells: float, roughness: float) -> Floats:
    rows = max(2, round(count / canvas.unit * cells))
    piece = cut(chance, rows, max(2, round(canvas.wide * cells)), tile(roughness))
    return enlarged(piece, canvas.width, count)


def _slope(canvas: Canvas, edge: Floats, sun: float) -> Floats:
    reach = max(1, round(canvas.unit * 0.02))
    window = np.ones(2 * reach + 1, np.float32) / (2 * reach + 1)
    line = np.convolve(np.pad(edge, reach, mode="edge"), window, mode="valid")
    slope = np.gradient(line) * canvas.height
    towards = np.tanh((canvas.x - sun) * 3)
    return np.asarray(np.tanh(slope * towards * 2.2), np.float32)


def spread(
    canvas: Canvas, chance: Random, rows: slice, horizon: float, grain: tuple[float, float]
) -> tuple[Places, Floats]:
    """
    Return places on a plane that runs to the horizon, for noise that lies on it.

    Args:
        canvas: What it is for.
        chance: Where the noise begins.
        rows: Rows of the canvas that show the plane.
        horizon: Height of the horizon, as a fraction.
        grain: Cells of noise in a unit at the lower edge, along and away.

    Returns:
        Index into a flattened tile for every pixel, and how near each row is,
        1 at the lower edge, shape (rows, 1).
    """
    far = (1 - horizon) / np.maximum(canvas.y[rows][:, None] - np.float32(horizon), 1e-3)
    along = (canvas.x - canvas.wide / 2) * far * grain[0] + chance.random() * TILE
    away = far * (grain[1] / canvas.lift * (1 - horizon)) + chance.random() * TILE
    index = (away.astype(np.int32) & (TILE - 1)) * TILE
    return index + (along.astype(np.int32) & (TILE - 1)), 1 / far


def ground(
    canvas: Canvas,
    chance: Random,
    edge: Floats,
    stops: tuple[RGB, ...],
    *,
    relief: float,
    grain: tuple[float, float] = (240, 700),
    roughness: float = 0.6,
) -> None:
    """Paint the near ground below an edge: colours from far to near, with a texture on it."""
    canvas.fill(edge, stops)
    horizon = float(edge.min()) - 0.12
    rows = canvas.rows(edge)
    index, near = spread(canvas, chance, rows, horizon, grain)
    texture = tile(roughness).ravel().take(index)
    texture += tile(0.05).ravel().take(index[:, ::-1])
    texture *= (relief * np.clip(near * 1.6, 0.15, 1)) * canvas.cover(edge, rows)
    canvas.planes[:, rows] *= 1 + texture
