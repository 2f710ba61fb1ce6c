"""The sky: its colours, clouds, sun, moon, stars and lightning."""

from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from service.demo.scenes.attributes import TimeOfDay, Weather
from service.demo.scenes.backdrop.canvas import Canvas, blend, colours
from service.demo.scenes.backdrop.clouds import heaps, overcast, smooth, streaks
from service.demo.scenes.backdrop.noise import Floats, tile
from service.demo.scenes.light import RGB, Light, mix
from service.demo.scenes.odds import happens
from service.demo.scenes.scene import Scene

__all__ = ["Sun", "paint_sky"]

_COARSE = 150
_BELOW = 0.1
_WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Sun:
    """
    Sun or moon.

    Args:
        x: From the left, in units.
        y: From the top, as a fraction of the height.
        shines: Whether no cloud hides it.
    """

    x: float
    y: float
    shines: bool


def paint_sky(canvas: Canvas, scene: Scene, light: Light, chance: Random, floor: float) -> Sun:
    """Paint the sky down to a height; colours reach the haze there."""
    sun = _sun(canvas, scene, chance, floor)
    depth = min(1.0, floor + _BELOW)
    rows = canvas.row(depth)
    coarse = max(8, round(depth / canvas.lift * _COARSE))
    x = (np.arange(round(canvas.wide * _COARSE), dtype=np.float32) + 0.5) / _COARSE
    y = ((np.arange(coarse, dtype=np.float32) + 0.5) / _COARSE)[:, None]
    sky = _gradient(canvas, light, sun, scene, x, y, floor)
    grid = (x, y, floor / canvas.lift)
    hidden, bolt = _clouded(canvas, scene, light, chance, sky, grid)
    np.clip(sky, 0, 255, out=sky)
    for plane, band in zip(canvas.planes, sky.astype(np.uint8), strict=True):
        wide = Image.fromarray(band).resize((canvas.width, rows), Image.Resampling.BICUBIC)
        plane[:rows] = np.asarray(wide)
    _lights(canvas, scene, light, chance, sun, (floor, hidden))
    if bolt:
        _flash(canvas, bolt, rows)
    return sun


def _sun(canvas: Canvas, scene: Scene, chance: Random, floor: float) -> Sun:
    x = canvas.wide * chance.choice((chance.uniform(0.12, 0.36), chance.uniform(0.58, 0.88)))
    shines = scene.weather is Weather.CLEAR
    if scene.time in {TimeOfDay.SUNSET, TimeOfDay.DAWN}:
        y = floor - canvas.lift * chance.uniform(0.045, 0.13)
    else:
        y = floor * chance.uniform(0.2, 0.42)
    return Sun(x, y, shines)


def _gradient(
    canvas: Canvas, light: Light, sun: Sun, scene: Scene, x: Floats, y: Floats, floor: float
) -> Floats:
    sky = np.repeat(blend(light.sky, y * canvas.lift / floor), len(x), axis=2)
    low = scene.time in {TimeOfDay.SUNSET, TimeOfDay.DAWN}
    strength = {Weather.CLEAR: 0.62, Weather.FOGGY: 0.5}.get(scene.weather or Weather.CLEAR, 0.0)
    if not strength:
        return sky
    if light.ink:
        strength *= 1.3
    down = y - sun.y / canvas.lift
    distance = np.sqrt((x - sun.x) ** 2 * (0.45 if low else 1.0) + down * down)
    glow = np.exp(distance * (-3.4 if low else -4.6)) * strength
    if scene.time is TimeOfDay.NIGHT:
        glow *= 0.5
    glow += np.exp(distance * -14) * strength * 0.35
    sky += (colours((light.glow,))[:, :, None] - sky) * np.minimum(glow, 0.95)
    return sky


def _clouded(
    canvas: Canvas,
    scene: Scene,
    light: Light,
    chance: Random,
    sky: Floats,
    grid: tuple[Floats, Floats, float],
) -> tuple[Floats | None, list[list[tuple[float, float]]]]:
    x, y, floor = grid
    if scene.weather is Weather.CLEAR:
        return _fair(scene, light, chance, sky, grid), []
    if scene.weather is Weather.FOGGY:
        veil = overcast(chance, x, y, floor, 1.6)
        sky += veil * (5 if scene.time is not TimeOfDay.NIGHT else 3)
        return None, []
    heavy = {Weather.GLOOMY: 0.36, Weather.STORMY: 0.46}.get(scene.weather or Weather.CLEAR, 0.1)
    billow = overcast(chance, x, y, floor, 1.25)
    fade = smooth(floor - y, 0.0, 0.28)
    sky *= 1 + billow * heavy * (0.35 + 0.65 * fade)
    if scene.weather is Weather.STORMY and happens(chance, 0.85):
        return None, _bolt(chance, canvas, sky, light, grid)
    return None, []


def _fair(
    scene: Scene, light: Light, chance: Random, sky: Floats, grid: tuple[Floats, Floats, float]
) -> Floats:
    x, y, floor = grid
    zenith, middle, horizon = light.sky
    if scene.time is TimeOfDay.DAY:
        if happens(chance, 0.45):
            hidden, lit = streaks(chance, x, y, floor, 0.28)
            _laid(sky, hidden * 0.55, lit, (mix(middle, _WHITE, 0.6), _WHITE))
        hidden, lit = heaps(chance, x, y, chance.randint(3, 6), floor)
        _laid(sky, hidden * 0.96, lit, (mix(middle, _WHITE, 0.42), mix(horizon, _WHITE, 0.75)))
        return hidden
    amount = chance.uniform(0.2, 0.42)
    hidden, lit = streaks(chance, x, y, floor, amount)
    if scene.time is TimeOfDay.NIGHT:
        _laid(sky, hidden * 0.5, lit, (mix(middle, zenith, 0.4), mix(horizon, light.glow, 0.12)))
    elif scene.time is TimeOfDay.DAWN:
        tones = (mix(zenith, (150, 120, 170), 0.4), mix(horizon, (255, 236, 226), 0.6))
        _laid(sky, hidden * 0.75, lit, tones)
    else:
        tones = (mix(zenith, middle, 0.35), mix(horizon, light.glow, 0.3))
        _laid(sky, hidden * 0.85, lit, tones)
    return hidden * np.float32(0.6)


def _laid(sky: Floats, hidden: Floats, lit: Floats, tones: tuple[RGB, RGB]) -> None:
    sky += (blend(tones, lit) - sky) * hidden


def _lights(
    canvas: Canvas,
    scene: Scene,
    light: Light,
    chance: Random,
    sun: Sun,
    sky: tuple[float, Floats | None],
) -> None:
    floor, hidden = sky
    if scene.time is TimeOfDay.NIGHT and scene.weather in {Weather.CLEAR, Weather.FOGGY}:
        if scene.weather is Weather.CLEAR:
            _stars(canvas, chance, floor)
        _moon(canvas, chance, sun, light, 1.0 if sun.shines else 0.5)
    elif sun.shines or (scene.weather is Weather.FOGGY and scene.time is TimeOfDay.DAWN):
        low = scene.time in {TimeOfDay.SUNSET, TimeOfDay.DAWN}
        radius = chance.uniform(0.05, 0.085) if low else chance.uniform(0.028, 0.04)
        _disc(
            canvas, sun, radius, mix(light.glow, _WHITE, 0.25), 0.96 if sun.shines else 0.5, hidden
        )


def _disc(
    canvas: Canvas,
    sun: Sun,
    radius: float,
    colour: RGB,
    strength: float,
    hidden: Floats | None,
) -> None:
    found = _round(canvas, sun.x, sun.y, radius)
    if found:
        rows, columns, inside = found
        if hidden is not None:
            fine = _COARSE / canvas.unit
            box = tuple(
                part * fine for part in (columns.start, rows.start, columns.stop, rows.stop)
            )
            size = (columns.stop - columns.start, rows.stop - rows.start)
            clouds = Image.fromarray(np.pad(hidden, ((0, 8), (0, 8))))
            inside = inside * (1 - np.asarray(clouds.resize(size, box=box)))
        region = canvas.planes[:, rows, columns]
        region += (colours((colour,))[:, :, None] - region) * (inside * np.float32(strength))


def _moon(canvas: Canvas, chance: Random, sun: Sun, light: Light, strength: float) -> None:
    radius = chance.uniform(0.042, 0.07)
    found = _round(canvas, sun.x, sun.y, radius)
    if not found:
        return
    rows, columns, inside = found
    if happens(chance, 0.4):
        lift = radius * chance.uniform(0.1, 0.4) * canvas.lift
        bite = _round(canvas, sun.x + radius * 0.55, sun.y - lift, radius * 0.92, (rows, columns))
        inside = inside * (1 - bite[2]) if bite else inside
    step = 120 / canvas.unit
    marks = tile(1.1)[
        np.ix_(
            (np.arange(inside.shape[0]) * step + 40).astype(int) % 512,
            (np.arange(inside.shape[1]) * step + 90).astype(int) % 512,
        )
    ]
    paint = colours((light.glow,))[:, :, None] * (1 - 0.09 * np.clip(marks, 0, 1.4))
    region = canvas.planes[:, rows, columns]
    region += (paint - region) * (inside * np.float32(strength))


def _round(
    canvas: Canvas,
    x: float,
    y: float,
    radius: float,
    within: tuple[slice, slice] | None = None,
) -> tuple[slice, slice, Floats] | None:
    column, row, reach = x * canvas.unit, y * canvas.height, radius * canvas.unit
    rows, columns = within or (
        slice(max(0, int(row - reach - 2)), max(0, min(canvas.height, int(row + reach + 2)))),
        slice(max(0, int(column - reach - 2)), max(0, min(canvas.width, int(column + reach + 2)))),
    )
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return None
    down = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + 0.5 - row
    along = np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5 - column
    inside = np.clip(reach - np.hypot(along, down) + 0.5, 0, 1)
    return rows, columns, inside.astype(np.float32)


def _stars(canvas: Canvas, chance: Random, floor: float) -> None:
    rows = canvas.row(floor)
    mask = Image.new("L", (canvas.width * 2, rows * 2))
    draw = ImageDraw.Draw(mask)
    scale = canvas.unit / 427
    for _ in range(round(150 * canvas.wide)):
        x, y = chance.random() * canvas.width * 2, chance.random() ** 1.25 * rows * 2
        radius = (0.55 + 1.15 * chance.random() ** 5) * scale
        bright = round(255 * (0.25 + 0.75 * chance.random() ** 2) * (1 - 0.7 * y / (rows * 2)))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=bright)
    light = np.asarray(mask.reduce(2), np.float32)
    canvas.planes[:, :rows] += light * np.float32(0.85)


def _bolt(
    chance: Random,
    canvas: Canvas,
    sky: Floats,
    light: Light,
    grid: tuple[Floats, Floats, float],
) -> list[list[tuple[float, float]]]:
    x, y, floor = grid
    start = chance.uniform(0.18, 0.82) * canvas.wide
    top = floor * chance.uniform(0.05, 0.2)
    lines = [_crooked(chance, (start, top), (start + chance.uniform(-0.12, 0.12), floor), 12)]
    for _ in range(chance.randint(1, 3)):
        place = chance.randint(3, 8)
        from_x, from_y = lines[0][place]
        to = (from_x + chance.choice((-1, 1)) * chance.uniform(0.06, 0.16), from_y + 0.16)
        lines.append(_crooked(chance, (from_x, from_y), to, 6))
    distance = np.sqrt((x - start) ** 2 + ((y - floor * 0.35) * 0.7) ** 2)
    sky += (colours((light.glow,))[:, :, None] - sky) * (np.exp(distance * -5) * np.float32(0.5))
    return lines


def _crooked(
    chance: Random, start: tuple[float, float], end: tuple[float, float], parts: int
) -> list[tuple[float, float]]:
    reach = abs(end[1] - start[1]) / parts * 0.7
    line = []
    for part in range(parts + 1):
        share = part / parts
        sway = chance.uniform(-reach, reach) if part else 0.0
        x = start[0] + (end[0] - start[0]) * share + sway
        line.append((x, start[1] + (end[1] - start[1]) * share))
    return line


def _flash(canvas: Canvas, lines: list[list[tuple[float, float]]], rows: int) -> None:
    mask = Image.new("L", (canvas.width * 2, rows * 2))
    draw = ImageDraw.Draw(mask)
    for number, line in enumerate(lines):
        places = [(x * canvas.unit * 2, y * canvas.unit * 2) for x, y in line]
        thick = canvas.unit / 427 * (5.0 if not number else 2.6)
        draw.line(places, fill=255 if not number else 200, width=max(1, round(thick)))
    light = mask.reduce(2)
    soft = light.reduce(4).filter(ImageFilter.BoxBlur(canvas.unit / 4 * 0.012))
    halo = np.asarray(soft.resize(light.size), np.float32)
    core = np.asarray(light, np.float32)
    canvas.planes[:, :rows] += core * np.float32(0.75)
    canvas.planes[:, :rows] += halo * colours(((200, 196, 255),))[:, :, None] * np.float32(0.005)
