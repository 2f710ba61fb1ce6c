"""
Sidecar files: what the user knows of photos in a folder, one JSON object a line.

`photos.jsonl` in the folder, or `<folder>.jsonl` beside it. Each object names a
`file`, relative to the sidecar's own folder, and its `tags`; it may name an
`author`, `author_url` and `page_url`. Other keys are ignored.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

__all__ = ["NOTHING", "Description", "Sidecars"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Description:
    """What a sidecar says of one photo; empty where it is silent."""

    tags: tuple[str, ...] = ()
    author: str = ""
    author_url: str = ""
    page_url: str = ""


NOTHING = Description()


class Sidecars:
    """
    The sidecar files of one folder; all calls block.

    Args:
        root: The folder, resolved.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files = (root.parent / f"{root.name}.jsonl", root / "photos.jsonl")
        self._seen: list[tuple[int, int]] | None = None
        self._said: Mapping[str, Description] = {}

    def refresh(self) -> bool:
        """Read the files again where they changed; return whether they did."""
        seen = [_signature(file) for file in self._files]
        if seen == self._seen:
            return False
        self._said = {
            name: description
            for file in self._files
            for name, description in _read(file, self._root).items()
        }
        self._seen = seen
        return True

    def describe(self, relative: str) -> Description:
        """Return what is said of the photo at a path below the folder."""
        return self._said.get(relative, NOTHING)


def _signature(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _read(file: Path, root: Path) -> dict[str, Description]:
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as exc:
        _log.warning("sidecar_unreadable", reason=exc.strerror)
        return {}
    entries = [_entry(line) for line in lines if line.strip()]
    broken = entries.count(None)
    if broken:
        _log.warning("sidecar_lines_skipped", skipped=broken, kept=len(entries) - broken)
    return {_below(root, file.parent / name): said for name, said in filter(None, entries)}


def _below(root: Path, file: Path) -> str:
    return os.path.relpath(os.path.normpath(file), root)


def _entry(line: bytes) -> tuple[str, Description] | None:
    try:
        # Half a surrogate pair is text to JSON, and to nothing else.
        said = json.loads(line.decode())
        json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("file"), str):
        return None
    tags = said.get("tags", [])
    rest = [said.get(name) or "" for name in ("author", "author_url", "page_url")]
    if not isinstance(tags, list) or not all(isinstance(text, str) for text in [*tags, *rest]):
        return None
    kept = tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    return said["file"], Description(kept, *rest)
