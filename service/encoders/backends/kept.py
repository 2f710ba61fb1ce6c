"""Exported graphs on disk: made once, found again, and never taken for whole when they are not."""

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import structlog

from service.errors import SetupError

__all__ = ["find_or_make"]

_SUFFIX = ".onnx"
_HEX_DIGITS = 16

_log = structlog.get_logger(__name__)


def find_or_make(folder: Path, name: str, make: Callable[[], bytes]) -> Path:
    """
    Return the file of a graph, made where there is none that is whole.

    A file's name ends in a hash of its content: one that is cut short or
    damaged is found out, and several processes that make a graph at once do
    not get into each other's way.

    Args:
        folder: Made where it is not there.
        name: What tells this graph from others.
        make: Returns the file's content.

    Raises:
        SetupError: If the folder cannot be written.
    """
    for path in sorted(folder.glob(f"{name}.*{_SUFFIX}")):
        if _whole(path, name):
            return path
        _log.warning("broken_graph_removed", file=path.name)
        path.unlink(missing_ok=True)
    _log.info("graph_making", graph=name)
    content = make()
    try:
        return _write(folder, name, content)
    except OSError as exc:
        raise SetupError(
            f"The query model's graph cannot be kept in {folder}: {exc.strerror or exc}. "
            "Set NEARHIT_MODEL_FOLDER to a folder that can be written."
        ) from exc


def _whole(path: Path, name: str) -> bool:
    try:
        return path.name == _file_name(name, path.read_bytes())
    except OSError:
        return False


def _write(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _file_name(name, content)
    # In a folder of its own: what a crash leaves behind is never taken for a graph
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}-") as aside:
        fresh = Path(aside) / path.name
        fresh.write_bytes(content)
        fresh.replace(path)
    return path


def _file_name(name: str, content: bytes) -> str:
    return f"{name}.{hashlib.sha256(content).hexdigest()[:_HEX_DIGITS]}{_SUFFIX}"
