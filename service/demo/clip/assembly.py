"""Putting the demo's model together: MiniLM from its package, the rest from this one."""

import json
import os
import shutil
import tempfile
import time
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from service.demo.clip.architecture import config, layer_norms, processor_config
from service.encoders.models import ModelFiles
from service.errors import SetupError

__all__ = ["NAME", "WEIGHTS", "assemble"]

NAME = "nearhit-demo-clip"
WEIGHTS = Path(__file__).with_name("weights.safetensors")

_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
# Rises when the same weights would be put together in another way
_VERSION = b"3"


def assemble(minilm: ModelFiles, folder: Path, weights: Path = WEIGHTS) -> ModelFiles:
    """
    Return the demo's model, put together in a folder where it is not there yet.

    Blocking, a second the first time. Several processes may do this at once.

    Args:
        minilm: Files of all-MiniLM-L6-v2.
        folder: Gets a folder for each version of the model.
        weights: Our own part of the weights.

    Raises:
        SetupError: If the folder cannot be written, or the files are not MiniLM's.
    """
    place = folder / f"{NAME}-{_digest(minilm, weights)}"
    try:
        if not place.is_dir():
            _build(minilm, weights, place)
    except OSError as exc:
        raise SetupError(
            f"The demo's model cannot be put together in {folder}: {exc.strerror or exc}."
        ) from exc
    except (SafetensorError, ValueError, KeyError) as exc:
        raise SetupError(
            f"The demo's model cannot be put together: {minilm.folder} does not hold MiniLM."
        ) from exc
    return ModelFiles(NAME, place, "", "folder")


def _build(minilm: ModelFiles, weights: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{NAME}-"))
    try:
        _write(minilm, weights, fresh)
        fresh.rename(place)
        _sweep(place)
    except OSError:
        if not place.is_dir():
            raise
        # Another process was quicker; its files are the same
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove other versions, and what a start left that was ended half-way."""
    an_hour_ago = time.time() - 3600
    for other in (*place.parent.glob(f"{NAME}-*"), *place.parent.glob(f".{NAME}-*")):
        if other != place and other.stat().st_mtime < an_hour_ago:
            shutil.rmtree(other, ignore_errors=True)


def _write(minilm: ModelFiles, weights: Path, folder: Path) -> None:
    ours = load_file(weights)
    text = json.loads((minilm.folder / "config.json").read_text())
    state = _full_state(load_file(minilm.folder / "model.safetensors"), ours)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    _write_json(folder / "config.json", config(text, float(ours["logit_scale"])))
    _write_json(folder / "processor_config.json", processor_config())
    for name in _TOKENIZER:
        if (minilm.folder / name).is_file():
            shutil.copyfile(minilm.folder / name, folder / name)
    os.chmod(folder, 0o755)  # noqa: PTH101, S103 - temporary folders are for their owner alone


def _full_state(
    minilm: dict[str, NDArray[np.float32]], ours: dict[str, NDArray[np.floating]]
) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of the whole model: MiniLM's, ours, and our layer's norms."""
    text = {
        f"text_model.{name}": value
        for name, value in minilm.items()
        if not name.startswith("pooler.") and not name.endswith("position_ids")
    }
    own = {name: value.astype(np.float32) for name, value in ours.items()}
    return {**text, **layer_norms(), **own}


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2))


def _digest(minilm: ModelFiles, weights: Path) -> str:
    hashed = blake2b(_VERSION, digest_size=6)
    hashed.update(weights.read_bytes())
    for path in (*minilm.weights, *minilm.preprocessing):
        hashed.update(f"{path.name} {path.stat().st_size}\n".encode())
    return hashed.hexdigest()
