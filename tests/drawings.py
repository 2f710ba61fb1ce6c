"""Pictures for tests, each unlike the others, drawn from its number."""

import random
from pathlib import Path

from PIL import Image, ImageDraw

__all__ = ["draw_photos"]

_COUNTS = {"horse": 12, "dog": 6, "cat": 6, "boat": 3}
_SIZE = (640, 427)


def draw_photos(folder: Path) -> Path:
    """Fill a folder with JPEGs whose file names hold their tags."""
    for tag, count in _COUNTS.items():
        for number in range(count):
            _draw(f"{tag} {number}").save(folder / f"{tag}_meadow_{number}.jpg", quality=80)
    return folder


def _draw(seed: str) -> Image.Image:
    chance = random.Random(seed)
    image = Image.new("RGB", _SIZE, _colour(chance))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = chance.randrange(_SIZE[0]), chance.randrange(_SIZE[1])
        radius = chance.randrange(20, 140)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(chance))
    return image


def _colour(chance: random.Random) -> tuple[int, int, int]:
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)
