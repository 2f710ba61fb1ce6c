"""Photo files within a budget of bytes, the least recently used going first."""

import asyncio
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from cache.errors import StoreUnavailable

__all__ = ["PhotoStore"]

_ABANDONED_S = 60.0
"""A file half written for so long is of a process that died; files have the system's time."""

T = TypeVar("T")


class PhotoStore:
    """
    Photo bytes by name, one file each; a photo that is gone is a miss, never an error.

    All file work happens in one thread of its own; call `open` first. Several processes
    may share a folder: each counts what it writes itself, and the rest with `look`.

    Args:
        folder: Where the files are; made where it is not there.
        budget_bytes: Most bytes kept.
    """

    def __init__(self, folder: Path, *, budget_bytes: int) -> None:
        self._folder = folder
        self._budget_bytes = budget_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._total_bytes = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="photo-files")

    @property
    def total_bytes(self) -> int:
        """Bytes of all files known."""
        return self._total_bytes

    def __len__(self) -> int:
        return len(self._sizes)

    async def open(self) -> None:
        """
        Find the files that are there, the least recently used first.

        Raises:
            StoreUnavailable: If the folder cannot be made or read.
        """
        try:
            await self._run(self._scan)
        except OSError as exc:
            raise StoreUnavailable(
                f"The photo folder {self._folder} cannot be used: {exc}."
            ) from exc

    async def look(self) -> None:
        """Look what other processes have put into the folder, and keep to the budget together."""
        with suppress(OSError):
            await self._run(self._recount)

    async def get(self, name: str) -> bytes | None:
        """Return a photo's bytes, or None."""
        return await self._run(partial(self._read, _file_name(name)))

    async def put(self, name: str, data: bytes) -> bool:
        """Keep a photo's bytes; return whether they fit the budget and the disk took them."""
        return await self._run(partial(self._write, _file_name(name), data))

    async def aclose(self) -> None:
        """End the thread once its current work is done."""
        await asyncio.to_thread(self._thread.shutdown)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _scan(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._folder.glob("*.part"):
            if time.time() - _modified_at(leftover) > _ABANDONED_S:
                _remove(leftover)
        self._recount()

    def _recount(self) -> None:
        """Take the folder as it is; reading a file dates it, whichever process does."""
        with os.scandir(self._folder) as entries:
            files = [found for entry in entries if (found := _photo(entry))]
        self._sizes.clear()
        self._total_bytes = 0
        for _, name, size in sorted(files):
            self._note(name, size)
        self._trim()

    def _read(self, name: str) -> bytes | None:
        path = self._folder / name
        try:
            data = path.read_bytes()
        except OSError:
            data = b""
        if not data:  # also what a crash left of a file that was never written out
            self._forget(name)
            return None
        # A disk that may only be read still serves.
        with suppress(OSError):
            os.utime(path)
        self._note(name, len(data))
        return data

    def _write(self, name: str, data: bytes) -> bool:
        if len(data) > self._budget_bytes:
            return False
        path = self._folder / name
        # Two processes may write the same photo at once, each to a file of its own.
        part = path.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            part.write_bytes(data)
            part.replace(path)
        except OSError:
            _remove(part)
            return False
        self._note(name, len(data))
        self._trim()
        return True

    def _note(self, name: str, size: int) -> None:
        self._total_bytes += size - self._sizes.pop(name, 0)
        self._sizes[name] = size

    def _forget(self, name: str) -> None:
        self._total_bytes -= self._sizes.pop(name, 0)

    def _trim(self) -> None:
        while self._total_bytes > self._budget_bytes:
            oldest = next(iter(self._sizes))
            _remove(self._folder / oldest)
            self._forget(oldest)


def _file_name(name: str) -> str:
    # Names hold ids from outside; a hash can be no path.
    return blake2b(name.encode(), digest_size=16).hexdigest() + ".photo"


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _modified_at(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _photo(entry: os.DirEntry[str]) -> tuple[float, str, int] | None:
    """Return when a photo was last used, its name and size; None for anything else."""
    with suppress(FileNotFoundError):  # another process has just removed it
        if entry.name.endswith(".photo") and entry.is_file(follow_symlinks=False):
            stat = entry.stat()
            return stat.st_mtime, entry.name, stat.st_size
    return None
