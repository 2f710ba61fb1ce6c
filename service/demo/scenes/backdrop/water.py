"""Sea, beach and lake."""

from random import Random

import numpy as np

from service.demo.scenes.attributes import TimeOfDay, Weather
from service.demo.scenes.backdrop.canvas import Canvas, blend, colours
from service.demo.scenes.backdrop.clouds import smooth
from service.demo.scenes.backdrop.land import Soil, paint_meadow, paint_ranges
from service.demo.scenes.backdrop.noise import Floats, cut, enlarged, ripple, tile
from service.demo.scenes.backdrop.plants import Plant
from service.demo.scenes.backdrop.ridges import peaks, rolling, spread
from service.demo.scenes.backdrop.sky import Sun, paint_sky
from service.demo.scenes.backdrop.woods import plant_row
from service.demo.scenes.light import RGB, Light, mix
from service.demo.scenes.odds import happens
from service.demo.scenes.scene import Scene

__all__ = ["paint_beach", "paint_lake", "paint_sea"]

_SEAS: tuple[tuple[RGB, RGB], ...] = (
    ((52, 150, 190), (14, 72, 122)),
    ((62, 168, 182), (12, 88, 118)),
    ((74, 140, 186), (22, 62, 112)),
    ((60, 160, 160), (16, 80, 96)),
)
_SANDS: tuple[RGB, ...] = ((238, 214, 164), (232, 202, 148), (244, 226, 188))
_FOAM: RGB = (250, 252, 252)


def paint_sea(canvas: Canvas, scene: Scene, light: Light, chance: Random) -> None:
    """Paint open water, perhaps with a far coast."""
    horizon = 0.53
    sun = paint_sky(canvas, scene, light, chance, horizon)
    if happens(chance, 0.5):
        _paint_coast(canvas, light, chance, horizon)
    _paint_water(canvas, scene, light, chance, sun, (horizon, 1.0), chance.choice(_SEAS))


def paint_beach(canvas: Canvas, scene: Scene, light: Light, chance: Random) -> None:
    """Paint sand, foam and the sea."""
    horizon, shore = 0.45, 0.685
    sun = paint_sky(canvas, scene, light, chance, horizon)
    if happens(chance, 0.6):
        _paint_coast(canvas, light, chance, horizon)
    _paint_water(canvas, scene, light, chance, sun, (horizon, 0.78), chance.choice(_SEAS))
    _paint_shore(canvas, Soil(scene, light), chance, shore)


def paint_lake(canvas: Canvas, scene: Scene, light: Light, chance: Random) -> None:
    """Paint a lake that mirrors mountains, with a near shore."""
    soil = Soil(scene, light)
    line = 0.555
    sun = paint_sky(canvas, scene, light, chance, line)
    paint_ranges(canvas, soil, chance, sun.x, line, 0.86)
    bank = np.full(canvas.width, line, np.float32)
    hill = rolling(canvas, chance, line, 0.02, 0.9)
    green = soil.leaves((52, 102, 78), 0.3)
    canvas.fill(hill, (green[1], green[0]), line)
    kind: Plant = "conifer" if happens(chance, 0.75) else "leafy"
    tall = chance.uniform(0.05, 0.085)
    plant_row(canvas, chance, kind, np.minimum(hill + 0.006, bank), tall, green, sun=sun.x)
    _mirror(canvas, scene, light, chance, line)
    if sun.shines:
        _glitter(canvas, light, chance, sun, (line, 1.0))
    shore = rolling(canvas, chance, 0.855, 0.035, 1.1)
    grass = chance.choice(((112, 150, 70), (126, 152, 78), (98, 140, 80)))
    wet = shore - 0.012
    canvas.fill(wet, (soil.stage((150, 140, 118), 0.1), soil.stage((120, 110, 92))), 0.92)
    paint_meadow(canvas, soil, chance, shore, grass)


def _paint_coast(canvas: Canvas, light: Light, chance: Random, horizon: float) -> None:
    for distance in (0.88, 0.74):
        line = peaks(canvas, chance, horizon + 0.005, chance.uniform(0.04, 0.1), 0.5, 0.5)
        side = chance.choice((-1, 1))
        reach = chance.uniform(0.25, 0.6) * canvas.wide
        away = canvas.x if side < 0 else canvas.wide - canvas.x
        share = smooth(away, reach, reach * 0.3)
        line = horizon + 0.003 - (horizon + 0.003 - line) * share
        tone = light.lit((90, 116, 120), distance)
        canvas.fill(line.astype(np.float32), (tone, mix(tone, light.haze, 0.35)), horizon + 0.01)


def _paint_water(
    canvas: Canvas,
    scene: Scene,
    light: Light,
    chance: Random,
    sun: Sun,
    extent: tuple[float, float],
    sea: tuple[RGB, RGB],
) -> None:
    horizon, low = extent
    rows = slice(canvas.row(horizon), canvas.row(low))
    index, near = spread(canvas, chance, rows, horizon - 0.012, (60, 480))
    swell = tile(1.05, 0.55).ravel().take(index)
    rough = scene.weather is Weather.STORMY
    swell *= np.clip(near * 2.6, 0.25, 1)
    shallow, deep = (light.lit(colour) for colour in sea)
    mirror = mix(light.sky[1], light.sky[2], 0.5)
    share = 0.42 if scene.time is TimeOfDay.DAY else 0.55
    if light.ink:
        share = 0.85
    stops = (
        mix(light.lit(sea[0], 0.8), light.haze, 0.55),
        mix(shallow, mirror, share),
        mix(mix(shallow, deep, 0.6), mirror, share * 0.5),
        mix(deep, mirror, share * 0.3),
    )
    depth = np.linspace(0, 1, rows.stop - rows.start, dtype=np.float32)[:, None] ** 0.75
    tone = depth - swell * np.float32(0.15 if rough else 0.085)
    canvas.planes[:, rows] = blend(stops, np.clip(tone, 0, 1))
    fine = tile(0.3, 0.4).ravel().take(index[:, ::-1])
    swell += fine * np.float32(0.42)
    crest = smooth(swell, 1.25 if rough else 1.9, 2.1 if rough else 2.6)
    bright = mix(mix(shallow, _FOAM, 0.3), light.haze, 0.5)
    if rough:
        bright = light.lit(_FOAM, 0.15)
    canvas.lay(rows, colours((bright,))[:, :, None], crest * np.float32(0.6))
    if sun.shines:
        _glitter(canvas, light, chance, sun, extent)


def _glitter(
    canvas: Canvas, light: Light, chance: Random, sun: Sun, extent: tuple[float, float]
) -> None:
    horizon, low = extent
    rows = slice(canvas.row(horizon), canvas.row(low))
    index, near = spread(canvas, chance, rows, horizon - 0.01, (90, 800))
    sparkle = tile(0.5, 0.4).ravel().take(index)
    wide = 0.045 + 0.13 * near
    path = np.exp(-(((canvas.x - sun.x) / wide) ** 2))
    shine = smooth(sparkle + path * 2.1 - 1.55, 0, 0.9) * path ** np.float32(0.6)
    shine += path * np.float32(0.22)
    colour = colours((mix(light.glow, (255, 255, 255), 0.2),))[:, :, None]
    canvas.lay(rows, colour, np.clip(shine, 0, 0.92))


def _paint_shore(canvas: Canvas, soil: Soil, chance: Random, shore: float) -> None:
    sand = chance.choice(_SANDS)
    slant = chance.uniform(-0.05, 0.05)
    curve = ripple(chance, canvas.x, 0.9, 1.5) * 0.011 + (canvas.x / canvas.wide - 0.5) * slant
    edge = (shore + curve).astype(np.float32)
    fine = ripple(chance, canvas.x, 0.25, 0.8) * 0.0035
    foam = soil.stage(_FOAM, 0.05)
    _veil(canvas, edge - 0.05 + fine * 2, 0.75, soil.stage((120, 196, 196), 0.1), 0.4)
    _veil(canvas, edge - 0.026 + ripple(chance, canvas.x, 0.2, 0.7) * 0.004, 0.75, foam, 0.5)
    _veil(canvas, edge - 0.02 + fine, 0.78, soil.stage((150, 206, 200), 0.1), 0.55)
    _veil(canvas, edge - 0.006 + fine, 0.8, foam, 0.92)
    wet, dry = mix(sand, (126, 96, 74), 0.45), sand
    canvas.fill(edge + 0.006 + fine, (soil.stage(wet, 0.08), soil.stage(mix(wet, dry, 0.5))), 0.8)
    line = edge + 0.045 + ripple(chance, canvas.x, 0.7, 1.2) * np.float32(0.006)
    stops = (
        soil.stage(mix(dry, (255, 246, 220), 0.25), 0.08),
        soil.stage(dry),
        soil.stage(mix(dry, (166, 122, 84), 0.35)),
    )
    canvas.fill(line, stops)
    rows = canvas.rows(line)
    index, _ = spread(canvas, chance, rows, 0.4, (200, 700))
    grain = tile(0.45).ravel().take(index)
    coarse = (24, round(canvas.wide * 30))
    dunes = enlarged(cut(chance, *coarse, tile(1.4, 0.6)), canvas.width, rows.stop - rows.start)
    shade = (grain * 0.022 + dunes * 0.035) * canvas.cover(line, rows)
    canvas.planes[:, rows] *= 1 + shade


def _veil(canvas: Canvas, edge: Floats, until: float, colour: RGB, strength: float) -> None:
    rows = canvas.rows(edge, until)
    cover = canvas.cover(edge, rows)
    cover *= np.float32(strength)
    canvas.lay(rows, colours((colour,))[:, :, None], cover)


def _mirror(canvas: Canvas, scene: Scene, light: Light, chance: Random, line: float) -> None:
    top, low = canvas.row(line), canvas.row(0.93)
    away = np.arange(low - top, dtype=np.float32)[:, None]
    index, near = spread(canvas, chance, slice(top, low), line - 0.02, (50, 620))
    waves = tile(0.9, 0.4).ravel().take(index)
    shift = waves * (canvas.unit * 0.012 * (0.15 + near))
    source = np.clip(top - 1 - np.abs(away * 1.12 + shift), 0, top - 1).astype(np.int32)
    flat = source * canvas.width + np.arange(canvas.width)
    water = light.lit((44, 104, 130))
    share = (0.22 + 0.34 * near) * (0.4 if light.ink else 1.0)
    tint = colours((water,))[:, 0]
    shade = 1 + waves * 0.035
    for plane, part in zip(canvas.planes, tint, strict=True):
        mirrored = plane[:top].ravel().take(flat)
        plane[top:low] = (mirrored + (part - mirrored) * share) * shade
    glint = np.exp(-((away / canvas.unit / 0.006) ** 2)) * 0.45
    canvas.lay(slice(top, low), colours((light.sky[2],))[:, :, None], glint.astype(np.float32))
