"""Where in a picture the figures of a scene are, and how large."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from service.demo.scenes.attributes import Kind, Landscape, Position
from service.demo.scenes.backdrop import STAGES, Stage
from service.demo.scenes.figures import HEIGHTS
from service.demo.scenes.scene import Group, Scene

__all__ = ["Place", "places"]

_CENTRES = {Position.LEFT: 0.23, Position.CENTRE: 0.5, Position.RIGHT: 0.77}
_FLYING = (Kind.BALLOON, Kind.BIRD, Kind.FISH)
# Height of a horse, in shorter sides of the picture, by how many figures there are
_HORSE = (0.3, 0.25, 0.22, 0.195, 0.18, 0.165)
_TALLEST = 0.46
# Relative heights are drawn together, lest a cat beside a lighthouse is a dot
_COMPRESSION = 0.62
_JITTER = 0.03


@dataclass(frozen=True, slots=True)
class Place:
    """
    One figure in a picture.

    Args:
        group: What it is one of.
        x: Its middle, a fraction of the width.
        y: Where it stands, a fraction of the height; of what flies or swims its middle.
        height: In shorter sides of the picture.
        distance: 0 near to 1 far.
        facing: 1 where it looks right, -1 left.
        stands: Whether it stands on the ground, so that it has a shadow.
        floats: Whether it floats on water, so that it is reflected.
    """

    group: Group
    x: float
    y: float
    height: float
    distance: float
    facing: int
    stands: bool
    floats: bool


def places(scene: Scene) -> list[Place]:
    """Return where a scene's figures are, the farthest first."""
    chance = Random(f"places {scene.id}")
    found = [place for group in scene.groups for place in _group(scene, group, chance)]
    return sorted(found, key=lambda place: (place.stands or place.floats, place.y))


def _group(scene: Scene, group: Group, chance: Random) -> Iterator[Place]:
    stage = STAGES[scene.landscape]
    flies = group.kind in _FLYING
    floats = not flies and (group.kind is Kind.BOAT or stage.ground is None)
    far, near = _band(stage, flies=flies, floats=floats)
    size = _height(group) * (0.85 if len(scene.groups) > 1 else 1)
    if floats and scene.landscape is not Landscape.SEA:
        size *= 0.72
    facing = chance.choice((-1, 1))
    for x, depth in _spread(group, chance, alone=len(scene.groups) == 1):
        y = far + (near - far) * depth
        grown = size * (chance.uniform(0.85, 1.12) if flies else 0.8 + 0.4 * depth)
        turned = -facing if chance.random() < 0.2 else facing  # noqa: PLR2004
        distance = 0.15 if flies else 0.3 * (1 - depth)
        yield Place(group, x, y, grown, distance, turned, not flies and not floats, floats)


def _band(stage: Stage, *, flies: bool, floats: bool) -> tuple[float, float]:
    band = stage.sky if flies else stage.water if floats else stage.ground
    assert band is not None, "a kind in a landscape that has no place for it"
    return band


def _height(group: Group) -> float:
    relative = HEIGHTS[group.kind] ** _COMPRESSION
    return min(_TALLEST, float(_HORSE[group.count - 1] * relative))


def _spread(group: Group, chance: Random, *, alone: bool) -> list[tuple[float, float]]:
    """Places of a group's figures: x, and depth within the band from 0, far, to 1, near."""
    centre = _CENTRES[group.position]
    if group.count == 1:
        return [(centre + chance.uniform(-_JITTER, _JITTER), chance.uniform(0.3, 0.75))]
    width = min(0.82 if alone else 0.42, 0.22 * group.count)
    middle = min(max(centre, width / 2 + 0.08), 0.92 - width / 2)
    step = width / group.count
    rows = [0.15, 0.85, 0.5] if chance.random() < 0.5 else [0.8, 0.2, 0.55]  # noqa: PLR2004
    return [
        (
            middle + step * (number - (group.count - 1) / 2) + chance.uniform(-0.2, 0.2) * step,
            min(1.0, max(0.0, rows[number % len(rows)] + chance.uniform(-0.15, 0.15))),
        )
        for number in range(group.count)
    ]
