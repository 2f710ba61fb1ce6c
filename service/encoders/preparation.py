"""Pictures to what a model takes: work for any thread, done before the model's turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["PIXELS", "Framing", "Preparation", "Prepared"]

Prepared = Mapping[str, NDArray[Any]]
"""
A picture as its model takes it: arrays by the name of the model's input.

Pixels of uint8, shape (height, width, 3), are still to be normalised: they are a quarter of
what the model computes with, and the model's device does that in no time.
"""

PIXELS = "pixel_values"

# Both ways round, enlarged and reduced, and longer than anything that is cropped
_PROBES = ((97, 61), (61, 97), (401, 303), (90, 320), (640, 31))
_AS_GOOD_AS_EQUAL = 1e-5


@dataclass(frozen=True, slots=True)
class Framing:
    """
    The usual way to a model's pixels: resize, crop the middle, scale, normalise.

    Args:
        size: Width and height of the resized picture; None where its shorter edge counts.
        shorter_edge: That edge; 0 where `size` counts.
        resample: Pillow's filter.
        crop: Width and height of the middle that is kept; None for all of it.
        factor: What a pixel is multiplied with, float32, shape (3,).
        shift: What is then taken off, float32, shape (3,).
    """

    size: tuple[int, int] | None
    shorter_edge: int
    resample: Image.Resampling
    crop: tuple[int, int] | None
    factor: NDArray[np.float32]
    shift: NDArray[np.float32]

    @classmethod
    def of(cls, processor: Any) -> Self | None:  # noqa: ANN401 - any image processor
        """Return what a processor's configuration says, None where it says something else."""
        if not getattr(processor, "do_resize", None):
            return None
        edges = dict(processor.size or {})
        size, crop = _width_height(edges), None
        shorter_edge = 0 if size else edges.get("shortest_edge") or 0
        if getattr(processor, "do_center_crop", None):
            crop = _width_height(dict(processor.crop_size or {}))
            kept = size or (shorter_edge, shorter_edge)
            # A picture smaller than the crop would be padded
            if crop is None or crop[0] > kept[0] or crop[1] > kept[1]:
                return None
        elif size is None:
            return None  # pictures of several sizes make no batch
        if not size and not shorter_edge:
            return None
        scale = processor.rescale_factor if processor.do_rescale else 1.0
        mean, std = np.zeros(3), np.ones(3)
        if processor.do_normalize:
            mean, std = np.array(processor.image_mean), np.array(processor.image_std)
        return cls(
            size=size,
            shorter_edge=shorter_edge,
            resample=Image.Resampling(processor.resample),
            crop=crop,
            factor=(scale / std).astype(np.float32),
            shift=(mean / std).astype(np.float32),
        )

    @property
    def edge(self) -> int:
        """The shorter edge that no picture needs to exceed."""
        return max(self.size) if self.size else self.shorter_edge

    def pixels(self, picture: Image.Image) -> NDArray[np.uint8]:
        """Return an RGB picture's pixels, not normalised, uint8, shape (height, width, 3)."""
        resized = picture.resize(self.size or self._scaled(picture.size), self.resample)
        if self.crop is not None:
            width, height = self.crop
            left, top = (resized.width - width) // 2, (resized.height - height) // 2
            resized = resized.crop((left, top, left + width, top + height))
        return np.asarray(resized)

    def _scaled(self, size: tuple[int, int]) -> tuple[int, int]:
        # As transformers rounds: the longer edge down
        width, height = size
        short, long = self.shorter_edge, int(self.shorter_edge * max(size) / min(size))
        return (short, long) if width <= height else (long, short)


class Preparation:
    """
    Makes of pictures what a model takes, as its processor would; for any number of threads.

    A transformers processor spends more time on its own generality than on
    pixels. So what most of them do is done here by Pillow alone, where it is
    seen to give the same pixels; everything else is left to the processor.

    Args:
        processor: A PIL image processor.
    """

    def __init__(self, processor: Any) -> None:  # noqa: ANN401 - any image processor
        self._processor = processor
        framing = Framing.of(processor)
        self.framing = framing if framing and self._is_equal(framing) else None

    def __call__(self, picture: Image.Image) -> Prepared:
        """Prepare an RGB picture; blocking."""
        if self.framing is None:
            return self._by_processor(picture)
        return {PIXELS: self.framing.pixels(picture)}

    @property
    def edge(self) -> int | None:
        """The shorter edge pictures are reduced to; None where their own size counts."""
        return self.framing.edge if self.framing else None

    def _by_processor(self, picture: Image.Image) -> Prepared:
        arrays = self._processor(images=[picture], return_tensors="np")
        return {name: array[0] for name, array in arrays.items()}

    def _is_equal(self, framing: Framing) -> bool:
        """Whether pictures of several shapes get the pixels that the processor gives them."""
        for picture in _noise(_PROBES):
            theirs = self._by_processor(picture)
            ours = framing.pixels(picture) * framing.factor - framing.shift
            if theirs.keys() != {PIXELS} or theirs[PIXELS].shape != (3, *ours.shape[:2]):
                return False
            if np.abs(ours.transpose(2, 0, 1) - theirs[PIXELS]).max() > _AS_GOOD_AS_EQUAL:
                return False
        return True


def _noise(sizes: Sequence[tuple[int, int]]) -> list[Image.Image]:
    chance = np.random.default_rng(0)
    shapes = [(height, width, 3) for width, height in sizes]
    return [Image.fromarray(chance.integers(0, 256, shape, np.uint8)) for shape in shapes]


def _width_height(edges: Mapping[str, int | None]) -> tuple[int, int] | None:
    width, height = edges.get("width"), edges.get("height")
    return (width, height) if width and height else None
