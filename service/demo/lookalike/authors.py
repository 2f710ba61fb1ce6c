"""Who photos are by: invented names, numbers and portraits, the same in every run."""

import io
from functools import lru_cache
from hashlib import blake2b

from PIL import Image, ImageDraw

from service.demo.lookalike.stock import chance

__all__ = ["PORTRAIT", "has_portrait", "invented", "number", "portrait"]

PORTRAIT = 250
"""Width and height of a portrait."""

_FIRST = "amber brook cedar drift elm fern gale heather indigo juniper"
_SECOND = "field lens light shot view wood"
_NAMES = tuple(first + second for first in _FIRST.split() for second in _SECOND.split())
_ONE_IN = 6
_KEPT = 128


def invented(photo_id: int) -> str:
    """Return the name of a photo's author where nobody says who that is."""
    return _NAMES[int(chance(f"author {photo_id}") * len(_NAMES))]


def number(name: str) -> int:
    """Return an author's number."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest()) % 10**7


def has_portrait(author: int) -> bool:
    """Whether there is a portrait; one author in six has none, as with the real API."""
    return author % _ONE_IN != 0


@lru_cache(_KEPT)
def portrait(author: int) -> bytes:
    """Return the portrait of an author's number as PNG: somebody before a wall."""
    wall, clothes = (
        tuple(int(60 + 180 * chance(f"{part} {author} {channel}")) for channel in range(3))
        for part in ("wall", "clothes")
    )
    image = Image.new("RGB", (PORTRAIT, PORTRAIT), wall)
    draw = ImageDraw.Draw(image)
    draw.ellipse((35, 160, 215, 340), fill=clothes)
    draw.ellipse((80, 55, 170, 155), fill=(224, 188, 156))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
