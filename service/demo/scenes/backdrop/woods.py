"""Rows of trees, and grass that grows near."""

from random import Random

from service.demo.scenes.backdrop.canvas import Canvas
from service.demo.scenes.backdrop.noise import Floats
from service.demo.scenes.backdrop.plants import VIEWS, Grove, Plant
from service.demo.scenes.light import RGB

__all__ = ["grow_grass", "plant_row"]

_APART: dict[Plant, float] = {"conifer": 0.2, "leafy": 0.5, "tuft": 1.0}


def plant_row(
    canvas: Canvas,
    chance: Random,
    kind: Plant,
    base: Floats,
    height: float,
    stops: tuple[RGB, ...],
    *,
    density: float = 1.0,
    grown: Floats | None = None,
    sun: float = 0.0,
) -> None:
    """
    Paint a row of trees.

    Args:
        canvas: To paint on.
        chance: Where they stand.
        kind: What they are.
        base: Line on which they stand, as fractions of the height.
        height: Of the tallest, in units.
        stops: Colours from shade to light.
        density: 1 for a closed row, less for gaps.
        grown: Share of the height that they reach at every column.
        sun: Where the light comes from, in units from the left.
    """
    top = max(0.0, float(base.min()) - height * canvas.lift)
    mirrored = sun > canvas.wide / 2
    grove = Grove(canvas, top, min(1.0, float(base.max()) + 0.01), mirrored=mirrored)
    place = -height * 0.2
    while place < canvas.wide + height * 0.2:
        column = max(0, min(canvas.width - 1, int(place * canvas.unit)))
        share = float(grown[column]) if grown is not None else 1.0
        high = height * chance.uniform(0.55, 1.0) * share
        grove.plant(kind, chance.randrange(VIEWS), place, float(base[column]) + 0.004, high)
        place += height * max(0.4, share) * _APART[kind] / density * chance.uniform(0.3, 1.7)
    grove.paint(stops)


def grow_grass(
    canvas: Canvas,
    chance: Random,
    top: float,
    count: int,
    stops: tuple[RGB, ...],
    height: float = 0.05,
) -> None:
    """Paint tufts of grass below a height, larger the nearer they are."""
    grove = Grove(canvas, top - height, 1.0, mirrored=False)
    for foot in sorted(top + (1.06 - top) * chance.random() for _ in range(count)):
        near = 0.16 + 0.84 * (foot - top) / (1.0 - top)
        high = height * near * chance.uniform(0.5, 1.0)
        grove.plant("tuft", chance.randrange(VIEWS), chance.random() * canvas.wide, foot, high)
    grove.paint(stops)
