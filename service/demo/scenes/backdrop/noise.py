"""Noise: chance that is smooth over distance, made once and cut anew for every scene."""

from functools import cache
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["TILE", "Floats", "Places", "cut", "enlarged", "ripple", "tile"]

Floats = NDArray[np.floating[Any]]
"""Float32 wherever it is as large as a picture."""

Places = NDArray[np.int32]
"""Indices into a flattened tile."""

TILE = 512
"""Side of a noise tile. Tiles repeat without a seam."""

_LONGEST = 2.5
"""Waves of which fewer fit into a tile are left out, for their repetition would be seen."""


@cache
def tile(roughness: float = 1.0, stretch: float = 1.0) -> Floats:
    """
    Return a tile of noise, float32, shape (TILE, TILE), mean 0, deviation 1.

    Args:
        roughness: Power with which the amplitude falls as detail gets finer;
            0.5 is sandy, 1.6 is cloudy.
        stretch: How much longer features are than high.
    """
    down = np.fft.fftfreq(TILE)[:, None] * TILE
    along = np.fft.rfftfreq(TILE)[None, :] * TILE * stretch
    distance = np.hypot(down, along)
    distance[0, 0] = 1
    chance = np.random.Generator(np.random.PCG64(round(roughness * 100 + stretch * 10_000)))
    turns = np.exp(2j * np.pi * chance.random(distance.shape))
    spectrum = turns * distance ** -(roughness + 1)
    spectrum[distance < _LONGEST] = 0
    noise = np.fft.irfft2(spectrum, s=(TILE, TILE))
    return np.asarray((noise - noise.mean()) / noise.std(), np.float32)


def ripple(chance: Random, x: Floats, length: float, roughness: float = 1.0) -> Floats:
    """Return noise at places along a line; its largest features are about `length` long."""
    line = tile(roughness)[chance.randrange(TILE)]
    places = (x / length * (TILE / 4) + chance.random() * TILE) % TILE
    noise = np.interp(places, np.arange(TILE + 1), np.append(line, line[0]))
    return np.asarray(noise, np.float32)


def cut(chance: Random, rows: int, columns: int, noise: Floats) -> Floats:
    """Return a piece of a tile from a place left to chance, shape (rows, columns)."""
    top, left = chance.randrange(TILE), chance.randrange(TILE)
    down = (np.arange(rows) + top) % TILE
    piece: Floats = noise[down][:, (np.arange(columns) + left) % TILE]
    return piece


def enlarged(array: Floats, width: int, height: int) -> Floats:
    """Return a float32 array of shape (rows, columns) smoothly brought to another size."""
    image = Image.fromarray(np.ascontiguousarray(array, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
