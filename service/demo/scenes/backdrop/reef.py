"""Below the surface of the sea."""

from random import Random

import numpy as np

from service.demo.scenes.backdrop.canvas import Canvas, Sheet, blend, colours
from service.demo.scenes.backdrop.clouds import smooth
from service.demo.scenes.backdrop.corals import grow
from service.demo.scenes.backdrop.noise import Floats, enlarged, ripple, tile
from service.demo.scenes.backdrop.ridges import ground, rolling, spread
from service.demo.scenes.light import RGB, Light, mix
from service.demo.scenes.scene import Scene

__all__ = ["paint_depths"]

_SAND: RGB = (240, 222, 172)
_COARSE = 90


def paint_depths(canvas: Canvas, scene: Scene, light: Light, chance: Random) -> None:
    """Paint blue depth with rays of light, corals, weeds and a floor of sand."""
    _paint_water(canvas, light, chance)
    for distance, base in ((0.86, 0.86), (0.68, 0.9)):
        rocks = _rocks(canvas, chance, base, 0.3 - 0.1 * (1 - distance))
        tone = light.lit((40, 92, 104), distance)
        canvas.fill(rocks, (tone, mix(tone, light.sky[1], 0.25)), 0.95)
    floor = rolling(canvas, chance, 0.875, 0.05, 1.2)
    _paint_floor(canvas, light, chance, floor)
    sheet = canvas.sheet(0.1, 1.0, light.lit((90, 110, 120), 0.4))
    grow(canvas, sheet, light, chance, floor)
    _bubbles(canvas, sheet, light, chance)
    canvas.paste(sheet)


def _paint_water(canvas: Canvas, light: Light, chance: Random) -> None:
    rows = max(8, round(_COARSE / canvas.lift))
    x = (np.arange(round(canvas.wide * _COARSE), dtype=np.float32) + 0.5) / _COARSE
    y = ((np.arange(rows, dtype=np.float32) + 0.5) / _COARSE)[:, None]
    source = chance.uniform(0.2, 0.8) * canvas.wide
    angle = (x - source) / (y + 0.55)
    beams = sum(
        np.float32(share) * ripple(chance, angle, length, 0.8)
        for share, length in ((0.7, 0.5), (0.5, 0.2))
    )
    rays = smooth(np.asarray(beams, np.float32), -0.1, 1.6) * np.exp(y * -1.7)
    rays *= np.exp(-((angle / 0.9) ** 2))
    water = np.repeat(blend(light.sky, y * canvas.lift), len(x), axis=2)
    glow = np.exp(-((x - source) ** 2 * 1.6 + (y + 0.05) ** 2 * 9)) * 0.6
    bright = colours((light.glow,))[:, :, None]
    water += (bright - water) * np.clip(rays * 0.55 + glow, 0, 0.92)
    for plane, part in zip(canvas.planes, water, strict=True):
        plane[:] = enlarged(part, canvas.width, canvas.height)


def _rocks(canvas: Canvas, chance: Random, base: float, height: float) -> Floats:
    shape = ripple(chance, canvas.x, 0.75, 1.0) + 0.25 * ripple(chance, canvas.x, 0.12, 0.8)
    away = np.abs(canvas.x / canvas.wide - chance.uniform(0.35, 0.65)) * 2
    rise = height * (0.3 + 0.7 * away) * smooth(shape + away, -0.9, 1.9)
    return np.asarray(base - rise * canvas.lift, np.float32)


def _paint_floor(canvas: Canvas, light: Light, chance: Random, floor: Floats) -> None:
    stops = (
        light.lit(_SAND, 0.62),
        light.lit(_SAND, 0.3),
        light.lit(mix(_SAND, (96, 110, 120), 0.3)),
    )
    ground(canvas, chance, floor, stops, relief=0.03)
    rows = canvas.rows(floor)
    index, near = spread(canvas, chance, rows, 0.72, (70, 150))
    net = 1 - smooth(np.abs(tile(1.5).ravel().take(index)), 0.0, 0.22)
    canvas.lay(
        rows,
        colours((light.glow,))[:, :, None],
        net * canvas.cover(floor, rows) * np.clip(near, 0.1, 1) * np.float32(0.3),
    )


def _bubbles(canvas: Canvas, sheet: Sheet, light: Light, chance: Random) -> None:
    pale = mix(light.sky[0], (255, 255, 255), 0.45)
    for _ in range(chance.randint(3, 6)):
        x, y = chance.random() * canvas.wide, chance.uniform(0.25, 0.85) / canvas.lift
        for _ in range(chance.randint(4, 10)):
            radius = 0.002 + 0.009 * chance.random() ** 2
            sheet.disc(x, y, radius, pale)
            sheet.disc(x, y, radius * 0.78, mix(light.sky[0], light.sky[1], 0.5))
            sheet.disc(x - radius * 0.3, y - radius * 0.35, radius * 0.26, (255, 255, 255))
            x += chance.uniform(-0.03, 0.03)
            y -= chance.uniform(0.02, 0.07)
