"""Styles: what is done to a whole picture once it is painted."""

from functools import lru_cache
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from service.demo.scenes.attributes import Style
from service.demo.scenes.backdrop.noise import Floats, cut, enlarged, tile
from service.demo.scenes.scene import Scene

__all__ = ["apply_style"]

_SEPIA = ((46, 27, 14), (158, 116, 74), (250, 232, 196))
_GREYS = ((0, 0, 0), (124, 124, 124), (255, 255, 255))
_PAPER = (250, 247, 240)
_WOBBLE = 0.006
_WOBBLES = 96  # of the noise, along each side
_PAPER_ROWS = 24  # of the noise that frays a wash's edge


def apply_style(picture: Image.Image, scene: Scene) -> Image.Image:
    """Return a picture in its scene's style; silhouettes are painted as such and stay."""
    match scene.style:
        case Style.MONOCHROME:
            return _toned(picture, _GREYS)
        case Style.VINTAGE:
            return _aged(_toned(picture, _SEPIA))
        case Style.WATERCOLOUR:
            return _washed(picture, Random(f"wash {scene.id}"))
        case _:
            return picture


def _toned(picture: Image.Image, tones: tuple[tuple[int, int, int], ...]) -> Image.Image:
    """Greys in other tones, from dark to light, with the contrast of an old film."""
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=(0.5, 0.5))
    dark, middle, light = tones
    return ImageOps.colorize(grey, dark, light, middle)


def _aged(picture: Image.Image) -> Image.Image:
    """Darker and browner towards the corners, on paper with a pale border."""
    corners = Image.new("RGB", picture.size, (58, 36, 20))
    aged = Image.composite(corners, picture, _vignette(picture.size))
    border = max(2, min(picture.size) // 26)
    inner = (picture.width - 2 * border, picture.height - 2 * border)
    print_ = Image.new("RGB", picture.size, (243, 231, 205))
    print_.paste(aged.resize(inner, Image.Resampling.BILINEAR, reducing_gap=1.0), (border, border))
    return print_


@lru_cache(maxsize=8)
def _vignette(size: tuple[int, int]) -> Image.Image:
    across = np.linspace(-1, 1, size[0], dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, size[1], dtype=np.float32)[:, None]
    dark = np.clip((across**2 + down**2 - 0.75) * 150, 0, 170)
    return Image.fromarray(dark.astype(np.uint8))


def _washed(picture: Image.Image, chance: Random) -> Image.Image:
    """Flat washes of colour with darker rims, on grainy paper that shows round a frayed edge."""
    width, height = picture.size
    half = picture.resize((max(1, width // 2), max(1, height // 2)), Image.Resampling.BOX)
    flat = Image.fromarray(_wobbled(_flattened(np.asarray(half)), chance))
    rims = flat.convert("L").filter(ImageFilter.FIND_EDGES).filter(ImageFilter.BoxBlur(0.7))
    wash = Image.composite(flat.point(lambda v: v * 0.55), flat, rims.point(lambda v: min(v, 150)))
    large = wash.resize(picture.size, Image.Resampling.BICUBIC)
    pigment = _pigment(picture.size, chance)
    light = np.asarray(large, np.float32) * 0.95 + np.float32(255 * 0.06)
    light += pigment[..., None]
    painted = Image.fromarray(np.clip(light, 0, 255).astype(np.uint8))
    return Image.composite(painted, Image.new("RGB", picture.size, _PAPER), _edge(picture, chance))


def _flattened(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """
    Areas of one colour, without small detail: medians of three along rows and columns.

    Edges wrap round, which the paper's margin hides.
    """
    for step, axis in ((1, 0), (1, 1), (2, 1), (2, 0)):
        before, after = np.roll(pixels, step, axis), np.roll(pixels, -step, axis)
        low, high = np.minimum(before, after), np.maximum(before, after)
        pixels = np.maximum(low, np.minimum(high, pixels))
    return pixels


def _wobbled(pixels: NDArray[np.uint8], chance: Random) -> NDArray[np.uint8]:
    """Outlines as a wet brush leaves them: each pixel is taken from a little beside."""
    rows, columns = pixels.shape[:2]
    reach = _WOBBLE * min(rows, columns)
    noise = tile(0.6)
    aside, above = (
        enlarged(cut(chance, _WOBBLES, _WOBBLES, noise), columns, rows) * reach for _ in range(2)
    )
    row = np.clip(np.arange(rows)[:, None] + above, 0, rows - 1).astype(np.intp)
    column = np.clip(np.arange(columns)[None, :] + aside, 0, columns - 1).astype(np.intp)
    wobbled: NDArray[np.uint8] = pixels[row, column]
    return wobbled


def _pigment(size: tuple[int, int], chance: Random) -> Floats:
    """Light and dark of pigment that dried unevenly, and the paper's own grain."""
    blooms = enlarged(cut(chance, 48, 64, tile(1.2)), *size)
    return np.asarray(blooms * 8 + _grain(size), np.float32)


@lru_cache(maxsize=8)
def _grain(size: tuple[int, int]) -> Floats:
    chance = np.random.Generator(np.random.PCG64(11))
    rough = chance.normal(0, 3.5, (size[1] // 2 + 1, size[0] // 2 + 1)).astype(np.float32)
    return enlarged(rough, *size)


def _edge(picture: Image.Image, chance: Random) -> Image.Image:
    """Where there is paint: everywhere but a margin of uneven width."""
    width, height = picture.size
    unit = min(picture.size)
    across = np.minimum(np.arange(width) + 0.5, width - np.arange(width) - 0.5) / unit
    down = np.minimum(np.arange(height) + 0.5, height - np.arange(height) - 0.5) / unit
    margin = np.minimum(across[None, :], down[:, None]).astype(np.float32)
    fray = enlarged(
        cut(chance, _PAPER_ROWS, round(_PAPER_ROWS * width / height), tile(0.7)), *picture.size
    )
    cover = np.clip((margin - 0.028 - fray * 0.012) * 60, 0, 1) * 255
    return Image.fromarray(cover.astype(np.uint8))
