"""Which painter paints which landscape."""

from collections.abc import Callable, Mapping
from random import Random

from PIL import Image

from service.demo.scenes.attributes import Landscape
from service.demo.scenes.backdrop.canvas import Canvas
from service.demo.scenes.backdrop.forest import paint_forest
from service.demo.scenes.backdrop.land import paint_desert, paint_hills, paint_mountains
from service.demo.scenes.backdrop.meadow import paint_flowers
from service.demo.scenes.backdrop.reef import paint_depths
from service.demo.scenes.backdrop.town import paint_city
from service.demo.scenes.backdrop.water import paint_beach, paint_lake, paint_sea
from service.demo.scenes.light import Light, light_of
from service.demo.scenes.scene import Scene

__all__ = ["paint_backdrop"]

_Painter = Callable[[Canvas, Scene, Light, Random], None]

_PAINTERS: Mapping[Landscape, _Painter] = {
    Landscape.MOUNTAINS: paint_mountains,
    Landscape.SEA: paint_sea,
    Landscape.BEACH: paint_beach,
    Landscape.FOREST: paint_forest,
    Landscape.DESERT: paint_desert,
    Landscape.FLOWERS: paint_flowers,
    Landscape.CITY: paint_city,
    Landscape.HILLS: paint_hills,
    Landscape.LAKE: paint_lake,
    Landscape.UNDERWATER: paint_depths,
}


def paint_backdrop(scene: Scene, size: tuple[int, int]) -> Image.Image:
    """Return a scene's landscape without its figures, RGB, at a width and height in pixels."""
    canvas = Canvas(size)
    chance = Random(f"backdrop {scene.id}")
    _PAINTERS[scene.landscape](canvas, scene, light_of(scene), chance)
    return canvas.image()
