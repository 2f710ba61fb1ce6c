"""Photos in a folder of the user's, and what their names and a sidecar file say of them."""

import os
import stat
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import structlog

from service.errors import PhotoRejected, PhotoUnavailable, SourceUnavailable
from service.sources.keywords import Keywords, name_words, stems
from service.sources.photos import photo_size
from service.sources.sidecar import Description, Sidecars

__all__ = ["PhotoFile", "PhotoFolder", "find"]

_log = structlog.get_logger(__name__)

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif")


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """
    One photo file as it was when the folder was read.

    Args:
        hash: Of path, size and time: a changed file is a new photo.
        relative: Path below the folder.
        bytes: Size of the file.
        mtime_ns: When it was changed, in nanoseconds.
        tags: The sidecar's first, then words of the file's and folders' names.
        keywords: The tags, ready to be searched.
        description: What the sidecar says.
    """

    hash: str
    relative: str
    bytes: int
    mtime_ns: int
    tags: tuple[str, ...]
    keywords: Keywords
    description: Description


class PhotoFolder:
    """
    A folder of photos, read again and again; all calls block.

    Args:
        root: The folder, resolved. Links that lead out of it are not followed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._sidecars = Sidecars(root)
        self._photos: dict[str, PhotoFile] = {}
        self._sizes: dict[str, tuple[int, int] | None] = {}
        self._scanning = threading.Lock()

    def scan(self) -> dict[str, PhotoFile]:
        """
        Return the photos by hash, in order of their paths.

        Only names, sizes and times are read; what is known of an unchanged
        photo is kept.

        Raises:
            SourceUnavailable: If the folder is gone.
        """
        if not self._root.is_dir():
            raise SourceUnavailable("The folder of photos is not there any more.")
        with self._scanning:
            if self._sidecars.refresh():
                self._photos = {}
            found = [self._photo(*file) for file in sorted(self._files())]
            self._photos = {photo.hash: photo for photo in found}
            self._sizes = {key: self._sizes[key] for key in self._photos if key in self._sizes}
            return self._photos

    def size(self, photo: PhotoFile) -> tuple[int, int] | None:
        """Return a photo's width and height, or None where its header cannot be read."""
        known = self._sizes  # a scan in another thread may put another in its place
        if photo.hash in known:
            return known[photo.hash]
        size = self._sizes[photo.hash] = self._read_size(photo)
        return size

    def read(self, photo: PhotoFile) -> bytes:
        """
        Return a photo's bytes.

        Raises:
            PhotoUnavailable: If the file is gone, has changed or cannot be read.
        """
        try:
            with (self._root / photo.relative).open("rb") as file:
                found = os.fstat(file.fileno())
                if (found.st_size, found.st_mtime_ns) != (photo.bytes, photo.mtime_ns):
                    raise PhotoUnavailable("The photo has changed since the folder was read.")
                return file.read(photo.bytes)
        except OSError as exc:
            raise PhotoUnavailable("The photo is not in the folder any more.") from exc

    def _files(self) -> Iterator[tuple[str, int, int]]:
        for folder, below, names in os.walk(self._root):
            below[:] = [name for name in below if not name.startswith(".")]
            for name in names:
                file = Path(folder, name)
                if name.startswith(".") or not name.lower().endswith(_SUFFIXES):
                    continue
                if not file.is_symlink() or self._is_within(file):
                    yield from self._stat(file)

    def _is_within(self, link: Path) -> bool:
        return Path(os.path.realpath(link)).is_relative_to(self._root)

    def _stat(self, file: Path) -> Iterator[tuple[str, int, int]]:
        try:
            found = file.stat()
        except OSError:
            return
        if stat.S_ISREG(found.st_mode):
            yield str(file.relative_to(self._root)), found.st_size, found.st_mtime_ns

    def _photo(self, relative: str, size: int, mtime_ns: int) -> PhotoFile:
        name = b"%s\0%d\0%d" % (os.fsencode(relative), size, mtime_ns)
        key = blake2b(name, digest_size=10).hexdigest()
        known = self._photos.get(key)
        if known is not None:
            return known
        description = self._sidecars.describe(relative)
        path = Path(relative)
        words = name_words(path.stem) + name_words(str(path.parent))
        tags = tuple(dict.fromkeys((*description.tags, *words)))
        return PhotoFile(key, relative, size, mtime_ns, tags, Keywords.of(tags), description)

    def _read_size(self, photo: PhotoFile) -> tuple[int, int] | None:
        try:
            return photo_size(self._root / photo.relative)
        except PhotoRejected as exc:
            _log.warning("photo_skipped", photo=photo.hash, reason=str(exc))
            return None


def find(tag: str, photos: Iterable[PhotoFile]) -> list[PhotoFile]:
    """
    Return the photos that have every word of a tag, by stem.

    Those that have the tag itself come first, the sooner the further up their
    own tags it stands; else the order stays.
    """
    searched = stems(tag)
    placed = [(photo.keywords.find(searched), photo) for photo in photos]
    found = [(place, photo) for place, photo in placed if place is not None]
    return [photo for _, photo in sorted(found, key=lambda pair: pair[0])]
