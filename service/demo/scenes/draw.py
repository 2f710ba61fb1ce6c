"""Drawing a scene: landscape, figures, the weather before them, and the style over all."""

from random import Random

from PIL import Image, ImageDraw, ImageFilter

from service.demo.scenes.backdrop import paint_backdrop, paint_weather
from service.demo.scenes.figures import draw_figure
from service.demo.scenes.light import Light, light_of
from service.demo.scenes.placing import Place, places
from service.demo.scenes.scene import Scene
from service.demo.scenes.styles import apply_style

__all__ = ["draw"]

_SHADOW_ALPHA = 70
_REFLECTION = 0.38


def draw(scene: Scene, edge: int) -> Image.Image:
    """
    Return a scene's picture, RGB.

    Args:
        scene: What to draw; the same scene gives the same picture anywhere.
        edge: Pixels of its longer side.
    """
    picture = paint_backdrop(scene, _size(scene, edge))
    light = light_of(scene)
    chance = Random(f"figures {scene.id}")
    for place in places(scene):
        _put(picture, place, light, Random(chance.random()))
    return apply_style(paint_weather(picture, scene), scene)


def _size(scene: Scene, edge: int) -> tuple[int, int]:
    scale = edge / max(scene.size)
    return round(scene.size[0] * scale), round(scene.size[1] * scale)


def _put(picture: Image.Image, place: Place, light: Light, chance: Random) -> None:
    sprite = draw_figure(
        place.group.kind,
        place.group.colour,
        height=max(6, round(place.height * min(picture.size))),
        facing=place.facing,
        lit=lambda colour: light.lit(colour, place.distance),
        chance=chance,
    )
    left = round(place.x * picture.width - sprite.width / 2)
    left = min(max(left, 2), max(2, picture.width - sprite.width - 2))
    base = round(place.y * picture.height)
    if not place.stands and not place.floats:
        top = max(picture.height // 20, base - sprite.height // 2)
        picture.paste(sprite, (left, top), sprite)
        return
    if place.stands:
        _shade(picture, sprite.width, left, base)
    else:
        _reflect(picture, sprite, left, base)
    picture.paste(sprite, (left, base - sprite.height), sprite)


def _shade(picture: Image.Image, width: int, left: int, base: int) -> None:
    """A soft shadow on the ground."""
    height = max(4, width // 7)
    shadow = Image.new("L", (width + 2 * height, 3 * height), 0)
    box = (height, height, width + height, 2 * height)
    ImageDraw.Draw(shadow).ellipse(box, fill=_SHADOW_ALPHA)
    shadow = shadow.filter(ImageFilter.BoxBlur(height / 3))
    picture.paste((12, 16, 26), (left - height, base - 3 * height // 2 - height // 6), shadow)


def _reflect(picture: Image.Image, sprite: Image.Image, left: int, base: int) -> None:
    """What water gives back: upside down, flatter, fainter the farther from its edge."""
    size = (sprite.width, max(1, sprite.height // 2))
    mirrored = sprite.resize(size, Image.Resampling.BOX).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    fading = Image.linear_gradient("L").resize(size).point(lambda v: (255 - v) * _REFLECTION)
    faint = Image.new("L", size)
    faint.paste(fading, mask=mirrored.getchannel("A"))
    picture.paste(mirrored.convert("RGB"), (left, base), faint)
