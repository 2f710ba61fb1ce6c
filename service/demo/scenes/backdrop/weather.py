"""Weather in front of everything: rain, snow and fog."""

from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from service.demo.scenes.attributes import TimeOfDay, Weather
from service.demo.scenes.backdrop.noise import cut, tile
from service.demo.scenes.light import light_of, mix
from service.demo.scenes.scene import Scene

__all__ = ["paint_weather"]

_FINE = 2
_PATTERNS = 4
_RAIN, _FLAKE = (206, 218, 230), (255, 255, 255)


def paint_weather(image: Image.Image, scene: Scene) -> Image.Image:
    """Return the picture with the scene's rain, snow or fog in front; the image is used up."""
    chance = Random(f"weather {scene.id}")
    if scene.weather is Weather.STORMY:
        _rain(image, scene, chance)
    elif scene.weather is Weather.SNOWING:
        _snow(image, chance)
    elif scene.weather is Weather.FOGGY:
        _fog(image, scene, chance)
    return image


def _rain(image: Image.Image, scene: Scene, chance: Random) -> None:
    mask = _streaks(image.size, chance.randrange(_PATTERNS))
    image.paste(mix(_RAIN, light_of(scene).sky[2], 0.35), mask=mask)


@lru_cache(maxsize=12)
def _streaks(size: tuple[int, int], pattern: int) -> Image.Image:
    chance = Random(f"rain {pattern}")
    width, height = size
    unit = min(size) * _FINE
    mask = Image.new("L", (width * _FINE, height * _FINE))
    draw = ImageDraw.Draw(mask)
    slant = chance.choice((-1, 1)) * chance.uniform(0.12, 0.4)
    for _ in range(round(460 * width / min(size))):
        near = chance.random() ** 2
        long = unit * (0.03 + 0.1 * near)
        x = chance.uniform(-0.1, 1.1) * width * _FINE
        y = chance.uniform(-0.1, 1.0) * height * _FINE
        bright = round(50 + 95 * near * chance.uniform(0.5, 1))
        thick = max(1, round(unit / 854 * (1 + 1.6 * near)))
        draw.line((x, y, x + slant * long, y + long), fill=bright, width=thick)
    return mask.reduce(_FINE)


def _snow(image: Image.Image, chance: Random) -> None:
    image.paste(_FLAKE, mask=_flakes(image.size, chance.randrange(_PATTERNS)))


@lru_cache(maxsize=12)
def _flakes(size: tuple[int, int], pattern: int) -> Image.Image:
    chance = Random(f"snow {pattern}")
    width, height = size
    unit = min(size) * _FINE
    mask = Image.new("L", (width * _FINE, height * _FINE))
    draw = ImageDraw.Draw(mask)
    for _ in range(round(330 * width / min(size))):
        near = chance.random() ** 3
        radius = unit * (0.0017 + 0.0085 * near)
        x, y = chance.random() * width * _FINE, chance.random() * height * _FINE
        bright = round(235 - 90 * near * chance.random() - 40 * chance.random())
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=bright)
    return mask.reduce(_FINE)


def _fog(image: Image.Image, scene: Scene, chance: Random) -> None:
    light = light_of(scene)
    banks = cut(chance, 40, 60, tile(1.3))
    y = np.linspace(0, 1, 40, dtype=np.float32)[:, None]
    thick = 0.30 + 0.11 * banks - 0.12 * np.clip((y - 0.62) / 0.38, 0, 1)
    most = 0.34 if scene.time is TimeOfDay.NIGHT else 0.5
    mask = Image.fromarray((np.clip(thick, 0.04, most) * 255).astype(np.uint8))
    veil = mix(light.sky[2], light.glow, 0.12)
    image.paste(veil, mask=mask.resize(image.size, Image.Resampling.BILINEAR))
