"""Pictures to train on: scenes drawn once and kept as an array on disk."""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import blake2b
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.demo import scenes
from service.demo.clip.architecture import EDGE
from service.demo.clip.progress import Tell
from service.demo.scenes.draw import draw
from service.demo.scenes.scene import Scene

__all__ = ["draw_pictures"]

_DRAWN_EDGE = 640  # as the service sees them
_AT_ONCE = 32


def draw_pictures(
    ids: Sequence[int], folder: Path, *, processes: int, tell: Tell
) -> NDArray[np.uint8]:
    """
    Return the pictures of scenes, squeezed as the model sees them, shape (n, EDGE, EDGE, 3).

    Args:
        ids: Numbers of the scenes.
        folder: Where the array is kept; one of the same scenes that is there already is taken.
        processes: How many draw at the same time.
        tell: Told how many more pictures are done.
    """
    file, label = folder / "pictures.npy", folder / "pictures.json"
    drawn = {"first": ids[0], "count": len(ids), "edge": EDGE, "drawing": _drawing()}
    if label.is_file() and json.loads(label.read_text()) == drawn:
        tell(len(ids))
        return np.asarray(np.load(file, mmap_mode="r"))
    folder.mkdir(parents=True, exist_ok=True)
    label.unlink(missing_ok=True)
    shape = (len(ids), EDGE, EDGE, 3)
    pictures = np.lib.format.open_memmap(file, "w+", dtype=np.uint8, shape=shape)
    batches = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for number, batch in enumerate(pool.map(_draw, batches)):
            pictures[number * _AT_ONCE : number * _AT_ONCE + len(batch)] = batch
            tell(len(batch))
    pictures.flush()
    label.write_text(json.dumps(drawn))
    return pictures


def _drawing() -> str:
    """A hash of the code that draws: pictures of another version are drawn anew."""
    hashed = blake2b(digest_size=8)
    for file in sorted(Path(scenes.__file__).parent.rglob("*.py")):
        hashed.update(file.read_bytes())
    return hashed.hexdigest()


def _draw(ids: Sequence[int]) -> NDArray[np.uint8]:
    return np.stack([_picture(id_) for id_ in ids])


def _picture(id_: int) -> NDArray[np.uint8]:
    drawn = draw(Scene.of(id_), _DRAWN_EDGE)
    return np.asarray(drawn.resize((EDGE, EDGE), Image.Resampling.BICUBIC))
