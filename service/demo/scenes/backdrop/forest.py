"""A forest with a clearing."""

from random import Random

import numpy as np

from service.demo.scenes.backdrop.canvas import Canvas
from service.demo.scenes.backdrop.clouds import smooth
from service.demo.scenes.backdrop.land import Soil
from service.demo.scenes.backdrop.ridges import ground, rolling
from service.demo.scenes.backdrop.sky import paint_sky
from service.demo.scenes.backdrop.woods import grow_grass, plant_row
from service.demo.scenes.light import RGB, Light, mix
from service.demo.scenes.odds import happens
from service.demo.scenes.scene import Scene

__all__ = ["paint_forest"]

_GREENS: tuple[tuple[RGB, RGB], ...] = (
    ((72, 124, 84), (26, 62, 48)),
    ((92, 132, 74), (34, 66, 40)),
    ((64, 118, 104), (20, 58, 56)),
    ((112, 136, 72), (44, 66, 36)),
)


def paint_forest(canvas: Canvas, scene: Scene, light: Light, chance: Random) -> None:
    """Paint rows of conifers round a clearing."""
    soil = Soil(scene, light)
    sun = paint_sky(canvas, scene, light, chance, 0.66)
    pale, dark = chance.choice(_GREENS)
    mixed = happens(chance, 0.45)
    centre = canvas.wide * chance.uniform(0.38, 0.62)
    away = np.abs(canvas.x - centre) / (canvas.wide / 2)
    for number, distance in enumerate((0.86, 0.66, 0.46, 0.26)):
        base = rolling(canvas, chance, 0.66 + 0.022 * number, 0.02, 1.0)
        grown = 0.5 + 0.5 * smooth(away, 0.0, 1.0 - 0.12 * number) - 0.1 * number * (1 - away)
        height = 0.36 + 0.085 * number
        tone = mix(pale, dark, number / 3)
        mist = mix(soil.lit(dark, distance, 0.3), light.haze, 0.3)
        canvas.fill(base - 0.01, (mist, mist), 0.78)
        plant_row(
            canvas,
            chance,
            "leafy" if mixed and happens(chance, 0.5) else "conifer",
            base,
            height,
            soil.leaves(tone, distance),
            density=0.8,
            grown=grown.astype(np.float32),
            sun=sun.x,
        )
    _paint_floor(canvas, soil, chance, dark)


def _paint_floor(canvas: Canvas, soil: Soil, chance: Random, dark: RGB) -> None:
    edge = rolling(canvas, chance, 0.735, 0.02, 1.2)
    moss = mix(dark, (150, 160, 78), 0.62)
    stops = (
        soil.stage(mix(moss, (226, 220, 130), 0.25), 0.22),
        soil.stage(moss, 0.06),
        soil.stage(mix(moss, dark, 0.6)),
    )
    ground(canvas, chance, edge, stops, relief=0.012 if soil.snowy else 0.05)
    if not soil.light.ink:
        blades = soil.leaves(mix(moss, dark, 0.4), 0.05)
        grow_grass(canvas, chance, 0.76, 24 if soil.snowy else 90, blades)
