"""Near flowers, petal by petal."""

from functools import lru_cache
from math import cos, log, pi, sin
from random import Random

from PIL import Image, ImageDraw

from service.demo.scenes.backdrop.canvas import Canvas
from service.demo.scenes.light import RGB, mix

__all__ = ["blossoms"]

_FORMS = ((5, 0.62, 0.30), (6, 0.5, 0.26), (8, 0.38, 0.24), (13, 0.2, 0.3))
"""Petals, breadth of one, and radius of the centre, in shares of the flower's radius."""
_VIEWS = 4
_LARGE = 160
_STEP = 1.16
"""Flowers come in sizes that grow by this factor, so that few have to be coloured."""
_FARTHEST = 0.12


def blossoms(
    canvas: Canvas, image: Image.Image, chance: Random, tones: tuple[RGB, RGB], horizon: float
) -> None:
    """Draw flowers of one form, petals and hearts in two tones, larger the nearer they are."""
    form = chance.randrange(len(_FORMS))
    petal, heart = tones
    size = chance.uniform(0.036, 0.046)
    ramps = _ramps(petal)
    drawn: dict[tuple[int, int], tuple[Image.Image, Image.Image]] = {}
    for near in _places(chance, round(360 * canvas.wide)):
        y = (horizon + near * (1.0 - horizon)) * canvas.height
        x = chance.uniform(-0.03, 1.03) * canvas.width
        wide = max(2.0, size * near * canvas.unit * 1.6 * chance.uniform(0.8, 1.15))
        key = (round(_STEP ** round(log(wide, _STEP))), chance.randrange(_VIEWS))
        if key not in drawn:
            drawn[key] = _coloured(form, key, ramps, heart)
        head, mask = drawn[key]
        image.paste(head, (round(x - head.width / 2), round(y - head.height / 2)), mask)


def _places(chance: Random, count: int) -> list[float]:
    return sorted(_FARTHEST + (1.04 - _FARTHEST) * chance.random() ** 1.25 for _ in range(count))


def _ramps(petal: RGB) -> list[list[int]]:
    dark, pale = mix(petal, (40, 10, 50), 0.42), mix(petal, (255, 255, 255), 0.28)
    ramps = []
    for low, own, high in zip(dark, petal, pale, strict=True):
        ramp = [low + (own - low) * step / 150 for step in range(150)]
        ramp += [own + (high - own) * step / 105 for step in range(106)]
        ramps.append([round(part) for part in ramp])
    return ramps


def _coloured(
    form: int, key: tuple[int, int], ramps: list[list[int]], heart: RGB
) -> tuple[Image.Image, Image.Image]:
    tone, mask, centre = _drawn(form, *key)
    head = Image.merge("RGB", [tone.point(ramp) for ramp in ramps])
    head.paste(heart, mask=centre)
    return head, mask


@lru_cache(maxsize=2048)
def _drawn(form: int, pixels: int, view: int) -> tuple[Image.Image, Image.Image, Image.Image]:
    high = max(1, round(pixels * (0.78, 0.66, 0.86, 0.72)[view]))
    tone, mask, centre = _large(form, view)
    fit = (pixels, high)
    box = Image.Resampling.BOX
    return tone.resize(fit, box), mask.resize(fit, box), centre.resize(fit, box)


@lru_cache(maxsize=64)
def _large(form: int, view: int) -> tuple[Image.Image, Image.Image, Image.Image]:
    petals, breadth, heart = _FORMS[form]
    chance = Random(f"blossom {form} {view}")
    tone, mask, centre = (Image.new("L", (_LARGE, _LARGE), fill) for fill in (140, 0, 0))
    shades, covers = ImageDraw.Draw(tone), ImageDraw.Draw(mask)
    turn = chance.random() * 2 * pi
    order = list(range(0, petals, 2)) + list(range(1, petals, 2))
    for number in order:
        angle = turn + 2 * pi * number / petals + chance.uniform(-0.08, 0.08)
        long = _LARGE / 2 * chance.uniform(0.88, 0.99)
        outline = _petal(angle, long, breadth)
        covers.polygon(outline, fill=255)
        shades.polygon(outline, fill=round(120 + 22 * sin(angle - 2.2)))
        for share in range(1, 7):
            inner = _petal(angle, long * (1 - 0.03 * share), breadth * (1 - 0.1 * share))
            shades.polygon(inner, fill=round(132 + 12 * share - 22 * sin(angle)))
    middle, reach = _LARGE / 2, _LARGE / 2 * heart
    box = (middle - reach, middle - reach, middle + reach, middle + reach)
    ImageDraw.Draw(centre).ellipse(box, fill=255)
    covers.ellipse(box, fill=255)
    return tone, mask, centre


def _petal(angle: float, long: float, breadth: float) -> list[tuple[float, float]]:
    places = []
    for step in range(25):
        turn = 2 * pi * step / 24
        along = long * (0.54 + 0.46 * cos(turn))
        across = long * breadth * sin(turn) * (0.62 + 0.38 * cos(turn))
        places.append(
            (
                _LARGE / 2 + along * cos(angle) - across * sin(angle),
                _LARGE / 2 + along * sin(angle) + across * cos(angle),
            )
        )
    return places
