"""Corals, sponges and weeds on the floor of the sea."""

from collections.abc import Callable
from math import cos, pi, sin
from random import Random

from service.demo.scenes.backdrop.canvas import Canvas, Sheet
from service.demo.scenes.backdrop.noise import Floats
from service.demo.scenes.light import RGB, Light, mix
from service.demo.scenes.odds import happens

__all__ = ["grow"]

_COLOURS: tuple[RGB, ...] = (
    (232, 92, 104),
    (244, 140, 84),
    (196, 92, 176),
    (248, 192, 92),
    (120, 100, 190),
    (240, 128, 160),
)
_WEEDS: tuple[RGB, ...] = ((46, 138, 92), (92, 150, 70), (30, 116, 104))
_WHITE: RGB = (255, 255, 255)


def grow(canvas: Canvas, sheet: Sheet, light: Light, chance: Random, floor: Floats) -> None:
    """Draw what grows on the floor: weeds and far corals first, the middle left free."""
    for distance, count, size in ((0.7, 9, 0.6), (0.42, 8, 0.85), (0.12, 7, 1.15)):
        for _ in range(count):
            aside = chance.random() ** 0.7 * 0.5
            share = aside if happens(chance, 0.5) else 1 - aside
            x = share * canvas.wide
            column = max(0, min(canvas.width - 1, int(x * canvas.unit)))
            y = float(floor[column]) / canvas.lift + 0.02 + (0.7 - distance) * 0.16
            form = chance.choice(_FORMS)
            tall = size * chance.uniform(0.75, 1.2) * (0.7 + 0.5 * abs(share - 0.5) * 2)
            own = chance.choice(_WEEDS if form is _weed else _COLOURS)
            tones = (light.lit(own, distance), light.lit(mix(own, (24, 32, 84), 0.4), distance))
            form(sheet, chance, (x, y, tall), tones)


def _branches(
    sheet: Sheet, chance: Random, place: tuple[float, float, float], tones: tuple[RGB, RGB]
) -> None:
    x, y, size = place
    for tone, shift in ((tones[1], 0.004), (tones[0], 0.0)):
        same = Random(round(x * 1e6))
        _branch(sheet, same, (x + shift, y + shift), (-pi / 2, 0.058 * size), 0.016 * size, tone, 4)


def _branch(
    sheet: Sheet,
    chance: Random,
    start: tuple[float, float],
    course: tuple[float, float],
    width: float,
    tone: RGB,
    left: int,
) -> None:
    angle, long = course
    end = (start[0] + cos(angle) * long, start[1] + sin(angle) * long)
    sheet.line((start, end), width, tone)
    sheet.disc(*end, width * 0.56, tone)
    if not left:
        return
    for turn in (-1, 1):
        bent = angle + turn * chance.uniform(0.25, 0.6)
        fresh = (bent, long * chance.uniform(0.68, 0.92))
        _branch(sheet, chance, end, fresh, width * 0.78, tone, left - 1)


def _fan(
    sheet: Sheet, chance: Random, place: tuple[float, float, float], tones: tuple[RGB, RGB]
) -> None:
    x, y, size = place
    radius, lean = 0.12 * size, chance.uniform(-0.3, 0.3)
    outline = [(x, y)]
    for step in range(25):
        angle = -pi / 2 + lean + (step / 24 - 0.5) * 2.3
        reach = radius * (1 + 0.07 * sin(step * 2.6) + chance.uniform(-0.03, 0.03))
        outline.append((x + cos(angle) * reach, y + sin(angle) * reach))
    sheet.polygon(outline, tones[1])
    for step in range(1, 24):
        end = outline[step]
        sheet.line(((x, y), end), 0.0032 * size, tones[0])
    for ring in (0.5, 0.75, 0.95):
        arc = [(x + (a - x) * ring, y + (b - y) * ring) for a, b in outline[1:]]
        sheet.line(arc, 0.0026 * size, tones[0])


def _tubes(
    sheet: Sheet, chance: Random, place: tuple[float, float, float], tones: tuple[RGB, RGB]
) -> None:
    x, y, size = place
    for _ in range(chance.randint(3, 6)):
        high, wide = chance.uniform(0.06, 0.17) * size, chance.uniform(0.011, 0.02) * size
        lean = chance.uniform(-0.04, 0.04) * size
        top = (x + lean, y - high)
        sides = ((x - wide * 0.7, y), (top[0] - wide, top[1]), (top[0] + wide, top[1]))
        sheet.polygon((*sides, (x + wide * 0.7, y)), tones[0])
        sheet.polygon(
            ((x, y), (top[0] + wide * 0.3, top[1]), sides[2], (x + wide * 0.7, y)),
            mix(*tones, 0.5),
        )
        sheet.disc(*top, wide, mix(tones[0], _WHITE, 0.25), 0.45)
        sheet.disc(*top, wide * 0.68, tones[1], 0.42)
        x += chance.uniform(0.012, 0.03) * size * chance.choice((-1, 1))


def _dome(
    sheet: Sheet, chance: Random, place: tuple[float, float, float], tones: tuple[RGB, RGB]
) -> None:
    x, y, size = place
    radius = chance.uniform(0.05, 0.085) * size
    sheet.disc(x, y, radius, tones[1], 0.8)
    sheet.disc(x - radius * 0.08, y - radius * 0.06, radius * 0.92, mix(*tones, 0.4), 0.78)
    sheet.disc(x - radius * 0.16, y - radius * 0.14, radius * 0.74, tones[0], 0.74)
    for _ in range(26):
        angle, reach = chance.random() * 2 * pi, radius * 0.86 * chance.random() ** 0.5
        spot = (x + cos(angle) * reach, y + sin(angle) * reach * 0.72 - radius * 0.05)
        sheet.disc(*spot, radius * 0.05, mix(tones[0], tones[1], 0.55))


def _weed(
    sheet: Sheet, chance: Random, place: tuple[float, float, float], tones: tuple[RGB, RGB]
) -> None:
    x, y, size = place
    for number in range(chance.randint(4, 8)):
        high = chance.uniform(0.12, 0.36) * size
        phase, sway = chance.random() * 6, chance.uniform(0.008, 0.02) * size
        wide = chance.uniform(0.006, 0.011) * size
        left, right = [], []
        for step in range(13):
            share = step / 12
            middle = x + sway * sin(phase + share * 6) * share * 1.6
            broad = wide * (1 - share) ** 0.6 * (1 + 0.35 * sin(share * 22))
            left.append((middle - broad, y - high * share))
            right.append((middle + broad, y - high * share))
        sheet.polygon((*left, *right[::-1]), tones[number % 2])
        x += chance.uniform(-0.03, 0.03) * size


_Form = Callable[[Sheet, Random, tuple[float, float, float], tuple[RGB, RGB]], None]
_FORMS: tuple[_Form, ...] = (_branches, _fan, _tubes, _dome, _weed, _weed, _branches)
