"""Photo bytes to pictures and back: nothing is decoded that is not known to be small enough."""

import io
import struct
import sys
import zlib
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from service.errors import PhotoRejected

__all__ = ["UNKNOWN_TYPE", "decode_photo", "fitted", "media_type", "photo_size", "thumbnail"]

UNKNOWN_TYPE = "application/octet-stream"

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)

# All that Pillow's readers are seen to raise on hostile bytes; warnings too where the process
# makes them errors.
_BROKEN = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
    zlib.error,
)

# Every picture passes our own, stricter limit before its pixels are read. Pillow's would
# warn or raise while it opens, and a warning cannot be silenced for one thread alone.
Image.MAX_IMAGE_PIXELS = None


# A photo decoded at less than twice what it is reduced to ranks differently from the whole one
_SPARE = 2


def decode_photo(data: bytes, *, max_pixels: int, edge: int | None = None) -> Image.Image:
    """
    Decode a photo to RGB, upright as EXIF says, transparency on white.

    Args:
        data: A JPEG, PNG, WebP or GIF file; of a moving one the first frame.
        max_pixels: Most pixels taken; checked before any pixel is decoded.
        edge: What the shorter edge will be reduced to. A JPEG may then come at a half, a quarter
            or an eighth of its size, as long as twice that is left; None decodes all of it.

    Raises:
        PhotoRejected: If this is no such file, a broken or too large one.
    """
    _check_signature(data)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_size(image.size, max_pixels)
            if edge is not None:
                image.draft(None, (_SPARE * edge, _SPARE * edge))
            image.load()
            turn = _TURNS.get(_orientation(image))
            picture = _to_rgb(image)
    except _BROKEN as exc:
        raise PhotoRejected("The photo's file is broken or not complete.") from exc
    return picture if turn is None else picture.transpose(turn)


def photo_size(photo: Path | bytes) -> tuple[int, int]:
    """
    Return a photo file's width and height as `decode_photo` would, from its header alone.

    Args:
        photo: The file, or what is in it.

    Raises:
        PhotoRejected: If there is no such photo file or its header is broken.
    """
    try:
        with _opened(photo) as stream, Image.open(stream, formats=_FORMATS) as image:
            _check_size(image.size, sys.maxsize)
            width, height = image.size
            sideways = _orientation(image) in _SIDEWAYS
    except _BROKEN as exc:
        raise PhotoRejected("The photo's file is broken or not complete.") from exc
    return (height, width) if sideways else (width, height)


def thumbnail(image: Image.Image, edge: int) -> bytes:
    """Return an RGB picture as JPEG, at most `edge` pixels wide and high, never enlarged."""
    size = fitted(image.size, edge)
    small = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def fitted(size: tuple[int, int], edge: int) -> tuple[int, int]:
    """Return the width and height `thumbnail` gives a picture of this size."""
    scale = min(1.0, edge / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def media_type(data: bytes) -> str:
    """Return the media type of a photo's first bytes, `UNKNOWN_TYPE` where it is none of ours."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return UNKNOWN_TYPE


def _opened(photo: Path | bytes) -> BinaryIO:
    return io.BytesIO(photo) if isinstance(photo, bytes) else photo.open("rb")


def _check_signature(data: bytes) -> None:
    if not data:
        raise PhotoRejected("The photo's file is empty.")
    if media_type(data) == UNKNOWN_TYPE:
        raise PhotoRejected("The file is not a photo (JPEG, PNG, WebP and GIF are read).")


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PhotoRejected("The photo has no pixels.")
    if width * height > max_pixels:
        raise PhotoRejected(
            f"The photo has {width} by {height} pixels, more than the {max_pixels} allowed."
        )


def _orientation(image: Image.Image) -> int:
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # asking further would decode the whole picture
    try:
        value = image.getexif().get(_ORIENTATION)
    except _BROKEN:
        return 1
    return value if isinstance(value, int) else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")
