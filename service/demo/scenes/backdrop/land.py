"""Mountains, hills and desert."""

from random import Random

import numpy as np

from service.demo.scenes.attributes import Weather
from service.demo.scenes.backdrop.canvas import Canvas
from service.demo.scenes.backdrop.clouds import smooth
from service.demo.scenes.backdrop.noise import Floats, ripple, tile
from service.demo.scenes.backdrop.ridges import ground, paint_sides, peaks, rolling, spread
from service.demo.scenes.backdrop.sky import paint_sky
from service.demo.scenes.backdrop.woods import grow_grass, plant_row
from service.demo.scenes.light import RGB, Light, mix
from service.demo.scenes.odds import happens
from service.demo.scenes.scene import Scene

__all__ = ["Soil", "paint_desert", "paint_hills", "paint_mountains", "paint_ranges"]

_ROCKS: tuple[tuple[RGB, RGB], ...] = (
    ((148, 146, 150), (74, 82, 104)),
    ((168, 150, 134), (88, 78, 92)),
    ((132, 148, 158), (58, 76, 104)),
    ((156, 142, 152), (76, 68, 100)),
)
_GRASSES: tuple[RGB, ...] = ((112, 158, 66), (134, 164, 70), (96, 148, 76), (146, 160, 78))
_SANDS: tuple[RGB, ...] = ((232, 184, 116), (226, 166, 104), (238, 200, 142), (218, 150, 98))
_PINE: RGB = (52, 104, 76)
_SNOW, _SNOW_SHADE = (244, 248, 252), (158, 176, 206)


class Soil:
    """
    Colours of the ground in a scene: its own, or snow's, in the scene's light.

    Args:
        scene: Whose ground it is.
        light: The scene's.
    """

    def __init__(self, scene: Scene, light: Light) -> None:
        self.light = light
        self.snowy = scene.weather is Weather.SNOWING

    def lit(self, colour: RGB, distance: float = 0.0, snow: float = 0.9) -> RGB:
        """Return a colour in this light; snow is the share of it that snow would hide."""
        if self.snowy:
            bright = sum(colour) / 765
            colour = mix(colour, mix(_SNOW_SHADE, _SNOW, min(1, bright * 1.7)), snow)
        return self.light.lit(colour, distance)

    def leaves(self, colour: RGB, distance: float = 0.0) -> tuple[RGB, ...]:
        """Return colours of leaves from shade to light; snow lies on the light ones."""
        shade, bright = mix(colour, (16, 30, 40), 0.6), mix(colour, (236, 230, 120), 0.3)
        return (
            self.lit(shade, distance, 0.0),
            self.lit(colour, distance, 0.15),
            self.lit(bright, distance, 1.0),
        )

    def stage(self, colour: RGB, distance: float = 0.0) -> RGB:
        """Return a colour of the ground that figures stand on; they show against it."""
        return self.lit(colour, max(distance, 0.36) if self.light.ink else distance)


def paint_mountains(canvas: Canvas, scene: Scene, light: Light, chance: Random) -> None:
    """Paint ranges behind a meadow."""
    soil = Soil(scene, light)
    sun = paint_sky(canvas, scene, light, chance, 0.66)
    paint_ranges(canvas, soil, chance, sun.x, 0.70)
    grass = chance.choice(_GRASSES)
    meadow = rolling(canvas, chance, 0.73, 0.035, 0.9)
    plant_row(
        canvas,
        chance,
        chance.choice(("conifer", "conifer", "leafy")),
        meadow + 0.012,
        chance.uniform(0.07, 0.11),
        soil.leaves(_PINE, 0.25),
        density=chance.uniform(0.7, 1.4),
        sun=sun.x,
    )
    paint_meadow(canvas, soil, chance, meadow, grass)


def paint_meadow(canvas: Canvas, soil: Soil, chance: Random, edge: Floats, grass: RGB) -> None:
    """Paint near grass, or snow."""
    stops = (
        soil.stage(mix(grass, (236, 226, 120), 0.22), 0.28),
        soil.stage(grass, 0.08),
        soil.stage(mix(grass, (40, 84, 40), 0.45)),
    )
    ground(canvas, chance, edge, stops, relief=0.012 if soil.snowy else 0.04)
    if soil.light.ink:
        return
    blades = soil.leaves(mix(grass, (50, 100, 40), 0.3), 0.05)
    grow_grass(canvas, chance, float(edge.max()) + 0.02, 20 if soil.snowy else 110, blades)


def paint_ranges(
    canvas: Canvas, soil: Soil, chance: Random, sun: float, floor: float, share: float = 1.0
) -> None:
    """Paint three ranges of mountains, the farthest first, above a floor."""
    light, dark = chance.choice(_ROCKS)
    high = chance.uniform(0.40, 0.52) * share
    far = peaks(canvas, chance, floor, high * 0.8, chance.uniform(0.4, 0.6), 0.7)
    tone = soil.lit(mix(light, dark, 0.6), 0.88, 0.6)
    canvas.fill(far, (tone, mix(tone, soil.light.haze, 0.7)), floor)
    for distance, rise, apart in ((0.58, 1.0, 0.62), (0.3, 0.5, 0.42)):
        edge = peaks(canvas, chance, floor, high * rise, apart * chance.uniform(0.85, 1.25))
        tones = (
            soil.lit(light, distance),
            soil.lit(dark, distance, 0.35),
            soil.lit(mix(dark, light, 0.5), min(1, distance + 0.32), 0.6),
        )
        paint_sides(canvas, chance, edge, floor + 0.05, tones, sun)


def paint_hills(canvas: Canvas, scene: Scene, light: Light, chance: Random) -> None:
    """Paint green hills with fields and hedges, one behind the other."""
    soil = Soil(scene, light)
    sun = paint_sky(canvas, scene, light, chance, 0.56)
    grass = chance.choice(_GRASSES)
    count = 5
    for number in range(count):
        share = number / (count - 1)
        distance = 0.9 * (1 - share) ** 1.2 + 0.06
        base = 0.53 + 0.19 * share
        edge = rolling(
            canvas, chance, base, 0.11 - 0.04 * share, chance.uniform(0.75, 1.25) * (0.7 + share)
        )
        tint = mix(grass, chance.choice(_GRASSES), 0.6)
        if number == count - 1:
            leaves = soil.leaves((76, 122, 58), 0.15)
            plant_row(canvas, chance, "leafy", edge + 0.006, 0.06, leaves, density=0.5, sun=sun.x)
            paint_meadow(canvas, soil, chance, edge, grass)
            return
        if number:
            size = 0.02 + 0.03 * share
            leaves = soil.leaves((72, 116, 62), distance)
            thick = chance.uniform(0.25, 0.8)
            plant_row(canvas, chance, "leafy", edge + 0.004, size, leaves, density=thick, sun=sun.x)
        _paint_fields(canvas, soil, chance, edge, base + 0.17, (tint, distance))


def _paint_fields(
    canvas: Canvas,
    soil: Soil,
    chance: Random,
    edge: Floats,
    until: float,
    tint: tuple[RGB, float],
) -> None:
    grass, distance = tint
    top, low = (
        soil.lit(mix(grass, (240, 232, 130), 0.3), distance),
        soil.lit(mix(grass, (36, 92, 50), 0.4), distance),
    )
    canvas.fill(edge, (top, low), until)
    rows = canvas.rows(edge, until)
    depth = (canvas.y[rows][:, None] - edge) * np.float32(1 / canvas.lift)
    tones = [chance.uniform(-0.13, 0.13) for _ in range(64)]
    slant = chance.uniform(-2.5, 2.5)
    across = canvas.x * chance.uniform(2.2, 4.0) + depth * slant * 3 + chance.random()
    down = depth * 16 + ripple(chance, canvas.x, 0.8, 1.4) * 0.25 + chance.random()
    cell = (np.floor(across).astype(np.int32) * 7 + np.floor(down).astype(np.int32) * 13) & 63
    fields = np.asarray(tones, np.float32).take(cell)
    border = np.minimum(
        np.abs(across - np.round(across)) * 0.3, np.abs(down - np.round(down)) * 0.06
    )
    hedges = 0.3 * (1 - smooth(border, 0.002, 0.006))
    shade = (1 + fields * (0.35 if soil.snowy else 1.0)) * (1 - hedges)
    shade = 1 + (shade - 1) * (1 - 0.75 * distance) * canvas.cover(edge, rows)
    canvas.planes[:, rows] *= shade


def paint_desert(canvas: Canvas, scene: Scene, light: Light, chance: Random) -> None:
    """Paint dunes with sharp crests, perhaps with mesas far away."""
    soil = Soil(scene, light)
    sun = paint_sky(canvas, scene, light, chance, 0.55)
    sand = chance.choice(_SANDS)
    if happens(chance, 0.5):
        mesa = _mesas(canvas, chance, 0.56)
        tone = soil.lit(mix(sand, (170, 92, 70), 0.6), 0.8)
        canvas.fill(mesa, (tone, mix(tone, light.haze, 0.4)), 0.57)
    for distance, base, high, length in (
        (0.7, 0.585, 0.07, 0.8),
        (0.42, 0.63, 0.11, 1.0),
        (0.2, 0.70, 0.15, 1.3),
    ):
        edge = _dunes(canvas, chance, base, high, length * chance.uniform(0.8, 1.2))
        tones = (
            soil.lit(mix(sand, (255, 236, 190), 0.25), distance),
            soil.lit(mix(sand, (120, 66, 60), 0.5), distance),
            soil.lit(sand, min(1, distance + 0.1)),
        )
        paint_sides(
            canvas,
            chance,
            edge,
            base + 0.12,
            tones,
            sun.x,
            detail=0.02,
            lean=chance.choice((-1, 1)) * 1.1,
        )
    _paint_sand(canvas, soil, chance, sand)


def _mesas(canvas: Canvas, chance: Random, base: float) -> Floats:
    rise = np.zeros(canvas.width, np.float32)
    for _ in range(chance.randint(2, 4)):
        centre, half = chance.random() * canvas.wide, chance.uniform(0.04, 0.16)
        high = chance.uniform(0.05, 0.11)
        away = np.abs(canvas.x - centre)
        block = high * (0.55 * smooth(half - away, 0, 0.012) + 0.45 * smooth(half - away, -0.05, 0))
        np.maximum(rise, block, out=rise)
    rise += ripple(chance, canvas.x, 0.1, 0.6) * 0.0025
    return np.asarray(base - rise * canvas.lift, np.float32)


def _dunes(canvas: Canvas, chance: Random, base: float, high: float, length: float) -> Floats:
    rise = np.zeros(canvas.width, np.float32)
    place = -length * chance.random()
    while place < canvas.wide + length:
        left, right = length * chance.uniform(0.5, 1.0), length * chance.uniform(0.35, 0.8)
        away = canvas.x - place
        share = np.clip(1 - np.where(away < 0, -away / left, away / right), 0, 1)
        np.maximum(rise, high * chance.uniform(0.55, 1.0) * share**1.35, out=rise)
        place += length * chance.uniform(0.45, 0.9)
    rise += ripple(chance, canvas.x, length, 1.6) * high * 0.06
    return np.asarray(base - rise * canvas.lift, np.float32)


def _paint_sand(canvas: Canvas, soil: Soil, chance: Random, sand: RGB) -> None:
    edge = rolling(canvas, chance, 0.715, 0.05, 1.6)
    stops = (
        soil.stage(mix(sand, (255, 240, 200), 0.3), 0.15),
        soil.stage(sand, 0.05),
        soil.stage(mix(sand, (150, 88, 66), 0.3)),
    )
    canvas.fill(edge, stops)
    rows = canvas.rows(edge)
    index, near = spread(canvas, chance, rows, 0.5, (60, 160))
    warp = tile(1.4).ravel().take(index)
    far = 1 / near
    phase = far * 34 + warp * 1.6 + canvas.x * chance.uniform(-6, 6)
    crest = np.sin(phase) * np.clip(near * 1.5 - 0.25, 0, 1)
    shade = crest * 0.04 + warp * 0.02
    canvas.planes[:, rows] *= 1 + shade * canvas.cover(edge, rows)
