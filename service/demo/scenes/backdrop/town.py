"""A town behind a street."""

from dataclasses import dataclass
from random import Random

from service.demo.scenes.attributes import TimeOfDay, Weather
from service.demo.scenes.backdrop.canvas import Canvas, Sheet
from service.demo.scenes.backdrop.land import Soil
from service.demo.scenes.backdrop.sky import paint_sky
from service.demo.scenes.light import RGB, Light, mix
from service.demo.scenes.odds import happens
from service.demo.scenes.scene import Scene

__all__ = ["paint_city"]

_WALLS: tuple[tuple[RGB, ...], ...] = (
    ((196, 118, 92), (222, 178, 132), (160, 136, 130), (190, 154, 120), (140, 126, 138)),
    ((134, 154, 176), (104, 128, 158), (168, 182, 194), (92, 112, 142), (178, 170, 158)),
    ((212, 150, 110), (232, 196, 150), (182, 108, 92), (128, 142, 160), (204, 172, 150)),
    ((120, 150, 150), (206, 188, 156), (172, 124, 108), (150, 164, 170), (96, 116, 128)),
)
_CROWNS = ("stepped", "pointed", "slanted", "mast", "flat")
_LAMP: RGB = (255, 208, 112)
_STREET = 0.755
_WINDOWS = 0.8
"""Distance from which windows are too small to be seen."""


@dataclass(frozen=True, slots=True)
class _Row:
    """Buildings at one distance: heights and width in units, share of windows lit, and form."""

    distance: float
    low: float
    high: float
    wide: float
    lamps: float
    towers: bool = True


def paint_city(canvas: Canvas, scene: Scene, light: Light, chance: Random) -> None:
    """Paint towers behind houses behind a street."""
    soil = Soil(scene, light)
    sun = paint_sky(canvas, scene, light, chance, 0.70)
    walls = chance.choice(_WALLS)
    lamps = _lamps(scene)
    sheet = canvas.sheet(0.0, 1.0, soil.lit(walls[0], 0.6))
    lit_left = sun.x < canvas.wide / 2
    for row in (
        _Row(0.86, 0.3, 0.58, 0.085, 0.0),
        _Row(0.58, 0.2, 0.44, 0.1, lamps * 0.8),
        _Row(0.24, 0.13, 0.29, 0.13, lamps, towers=False),
    ):
        _paint_row(canvas, sheet, soil, chance, walls, row, lit_left=lit_left)
    _paint_street(canvas, sheet, soil, chance)
    canvas.paste(sheet)
    if scene.time in {TimeOfDay.NIGHT, TimeOfDay.SUNSET} and not light.ink:
        _paint_glow(canvas, chance, scene)


def _lamps(scene: Scene) -> float:
    lamps = {TimeOfDay.NIGHT: 0.5, TimeOfDay.SUNSET: 0.3, TimeOfDay.DAWN: 0.16}
    share = lamps.get(scene.time or TimeOfDay.DAY, 0.0)
    return max(share, 0.14) if scene.weather in {Weather.GLOOMY, Weather.STORMY} else share


def _paint_row(
    canvas: Canvas,
    sheet: Sheet,
    soil: Soil,
    chance: Random,
    walls: tuple[RGB, ...],
    row: _Row,
    *,
    lit_left: bool,
) -> None:
    foot = _STREET / canvas.lift
    left = -chance.random() * row.wide
    while left < canvas.wide:
        wide = row.wide * chance.uniform(0.6, 1.35)
        top = foot - row.low - (row.high - row.low) * chance.random() ** 1.4
        colour = mix(chance.choice(walls), (120, 120, 130), 0.15)
        box = (left, top, left + wide, foot)
        _paint_house(sheet, soil, chance, box, colour, row, lit_left=lit_left)
        left += wide * (chance.uniform(0.9, 1.2) if row.towers else 1.0)


def _paint_house(
    sheet: Sheet,
    soil: Soil,
    chance: Random,
    box: tuple[float, float, float, float],
    colour: RGB,
    row: _Row,
    *,
    lit_left: bool,
) -> None:
    left, top, right, foot = box
    wall = soil.lit(colour, row.distance, 0.06)
    dark = mix(wall, soil.lit(mix(colour, (40, 44, 70), 0.4), row.distance, 0.0), 0.5)
    roof = soil.lit(mix(colour, (104, 54, 48), 0.55), row.distance, 0.95)
    wide = right - left
    if row.towers:
        _crown(sheet, chance, box, (wall, dark, roof))
    elif happens(chance, 0.4):
        middle, rise = (left + right) / 2, wide * chance.uniform(0.28, 0.45)
        sheet.polygon(((left - 0.006, top), (middle, top - rise), (right + 0.006, top)), roof)
    else:
        sheet.box(left - 0.002, top - 0.009, right + 0.002, top, roof)
        _roof_things(sheet, chance, box, (dark, roof))
    sheet.box(left, top, right, foot, wall)
    edge = left + wide * (0.74 if lit_left else 0.26)
    sheet.box(*((edge, top, right, foot) if lit_left else (left, top, edge, foot)), dark)
    if row.distance < _WINDOWS:
        _paint_windows(sheet, soil, chance, box, colour, row)


def _crown(
    sheet: Sheet,
    chance: Random,
    box: tuple[float, float, float, float],
    tones: tuple[RGB, RGB, RGB],
) -> None:
    left, top, right, _ = box
    wall, dark, roof = tones
    wide, middle = right - left, (left + right) / 2
    form = chance.choice(_CROWNS)
    if form == "stepped":
        inset = wide * 0.2
        sheet.box(left + inset, top - wide * 0.4, right - inset, top, wall)
        sheet.box(middle, top - wide * 0.4, right - inset, top, dark)
    elif form == "pointed":
        sheet.polygon(((left, top), (middle, top - wide * 0.7), (right, top)), wall)
        sheet.polygon(((middle, top), (middle, top - wide * 0.7), (right, top)), dark)
    elif form == "slanted":
        sheet.polygon(((left, top), (left, top - wide * 0.35), (right, top)), wall)
    if form in {"stepped", "mast"}:
        sheet.box(middle - 0.0016, top - wide * 1.1, middle + 0.0016, top, dark)
    sheet.box(left, top - 0.005, right, top, roof)


def _roof_things(
    sheet: Sheet,
    chance: Random,
    box: tuple[float, float, float, float],
    tones: tuple[RGB, RGB],
) -> None:
    left, top, right, _ = box
    for _ in range(chance.randint(0, 2)):
        x = left + (right - left) * chance.uniform(0.12, 0.75)
        wide, high = chance.uniform(0.01, 0.022), chance.uniform(0.012, 0.026)
        sheet.box(x, top - 0.008 - high, x + wide, top - 0.008, tones[0])
        sheet.box(x - 0.002, top - 0.01 - high, x + wide + 0.002, top - 0.006 - high, tones[1])


def _paint_windows(
    sheet: Sheet,
    soil: Soil,
    chance: Random,
    box: tuple[float, float, float, float],
    colour: RGB,
    row: _Row,
) -> None:
    left, top, right, foot = box
    size = 0.0085 + 0.009 * (1 - row.distance)
    pane = soil.lit(mix(colour, (36, 56, 92), 0.7), row.distance, 0.0)
    shine = mix(pane, soil.light.sky[1], 0.3)
    warm = mix(_LAMP, soil.light.haze, row.distance * 0.45)
    across = max(1, int((right - left) / (size * 2.2)))
    gap = (right - left) / across
    y = top + gap * 0.6
    lamps = 0.0 if soil.light.ink else row.lamps * chance.uniform(0.5, 1.5)
    while y < foot - 0.03:
        for number in range(across):
            x = left + gap * (number + 0.27)
            shade = warm if chance.random() < lamps else chance.choice((pane, pane, shine))
            sheet.box(x, y, x + gap * 0.46, y + gap * 0.74, shade)
        y += gap * 1.4


def _paint_street(canvas: Canvas, sheet: Sheet, soil: Soil, chance: Random) -> None:
    top, low, wide = _STREET / canvas.lift, 1 / canvas.lift, canvas.wide
    kerb = top + (low - top) * 0.17
    far = top + (low - top) * 0.90
    paving, road = soil.stage((176, 168, 158), 0.14), soil.stage((92, 94, 104), 0.02)
    sheet.box(-0.1, top, wide + 0.1, kerb, paving)
    _paint_joints(canvas, sheet, (top, kerb), mix(paving, soil.stage((90, 86, 88)), 0.35))
    sheet.box(-0.1, kerb, wide + 0.1, low, road)
    sheet.box(-0.1, kerb, wide + 0.1, kerb + 0.007, mix(road, (0, 0, 10), 0.35))
    sheet.box(-0.1, kerb - 0.004, wide + 0.1, kerb, mix(paving, (255, 255, 255), 0.2))
    sheet.box(-0.1, far, wide + 0.1, low, mix(paving, (255, 255, 255), 0.06))
    sheet.box(-0.1, far, wide + 0.1, far + 0.006, mix(paving, (255, 255, 255), 0.3))
    _paint_joints(canvas, sheet, (far, low), mix(paving, soil.stage((90, 86, 88)), 0.3))
    if soil.snowy:
        return
    middle = kerb + (far - kerb) * 0.46
    dash, x = mix(road, soil.stage((240, 236, 220), 0.1), 0.75), chance.uniform(-0.1, 0.0)
    while x < wide:
        sheet.polygon(
            (
                (x, middle),
                (x + 0.07, middle),
                (x + 0.067, middle + 0.009),
                (x - 0.004, middle + 0.009),
            ),
            dash,
        )
        x += 0.14


def _paint_joints(canvas: Canvas, sheet: Sheet, extent: tuple[float, float], colour: RGB) -> None:
    top, low = extent
    middle = canvas.wide / 2
    for number in range(-14, 15):
        x = number * 0.075
        spread = 1 + (low - top) * 2.2
        sheet.line(((middle + x, top), (middle + x * spread, low)), 0.0015, colour)


def _paint_glow(canvas: Canvas, chance: Random, scene: Scene) -> None:
    strength = 0.34 if scene.time is TimeOfDay.NIGHT else 0.2
    count = max(2, round(canvas.wide * 3))
    for number in range(count):
        x = (number + chance.uniform(0.2, 0.8)) / count * canvas.wide
        canvas.glow(x, _STREET - 0.02, chance.uniform(0.1, 0.17), _LAMP, strength)
