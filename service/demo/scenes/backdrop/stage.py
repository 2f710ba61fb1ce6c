"""Where figures may be in each landscape."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.demo.scenes.attributes import Landscape

__all__ = ["STAGES", "Stage"]


@dataclass(frozen=True, slots=True)
class Stage:
    """
    Where figures may be, in fractions of the height from the top.

    Args:
        ground: Farthest and nearest line on which something may stand.
        water: Farthest and nearest line on which something may float.
        sky: Highest and lowest line at which something may fly, or swim below water.
    """

    ground: tuple[float, float] | None
    water: tuple[float, float] | None
    sky: tuple[float, float]


STAGES: Mapping[Landscape, Stage] = {
    Landscape.MOUNTAINS: Stage((0.74, 0.95), None, (0.08, 0.36)),
    Landscape.SEA: Stage(None, (0.60, 0.92), (0.08, 0.42)),
    Landscape.BEACH: Stage((0.76, 0.95), (0.50, 0.60), (0.08, 0.36)),
    Landscape.FOREST: Stage((0.76, 0.95), None, (0.07, 0.30)),
    Landscape.DESERT: Stage((0.72, 0.95), None, (0.08, 0.38)),
    Landscape.FLOWERS: Stage((0.60, 0.93), None, (0.08, 0.34)),
    Landscape.CITY: Stage((0.78, 0.95), None, (0.06, 0.26)),
    Landscape.HILLS: Stage((0.70, 0.95), None, (0.08, 0.36)),
    Landscape.LAKE: Stage((0.86, 0.96), (0.60, 0.78), (0.06, 0.30)),
    Landscape.UNDERWATER: Stage(None, None, (0.14, 0.78)),
}
