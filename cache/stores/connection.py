"""One connection to an SQLite file, and the one thread that uses it."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from cache.errors import StoreFull, StoreUnavailable

__all__ = ["Connection"]

_SWITCH_PAUSE_S = 0.01

T = TypeVar("T")


class Connection:
    """
    Runs work on an SQLite file, one piece after another, in a thread of its own.

    Args:
        path: The file; made where it is not there, also where somebody has deleted it.
        schema: Script that makes the tables, in one transaction.
        timeout_s: Longest wait for a piece of work, and for another process's lock.
        name: Name of the thread.
    """

    def __init__(self, path: Path, schema: str, timeout_s: float, name: str) -> None:
        self._path = path
        self._schema = schema
        self._timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self._closed = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """
        Return what a piece of work returns, run in a transaction.

        Raises:
            StoreUnavailable: If it fails in the database, or takes too long.
            StoreFull: If the disk is full.
        """
        if self._closed:
            raise StoreUnavailable(f"The store at {self._path} is closed.")
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._in_transaction, work
                )
        except TimeoutError as exc:
            raise StoreUnavailable(
                f"The store did not answer within {self._timeout_s:g} s."
            ) from exc
        except (sqlite3.Error, OSError) as exc:
            kind = StoreFull if _is_full(exc) else StoreUnavailable
            raise kind(f"The store at {self._path} failed: {exc}.") from exc

    async def aclose(self) -> None:
        """Close once the current work has ended."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _in_transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._db is not None and not self._is_at_its_path():
            self._close()
        db = self._db = self._db or self._connect()
        with db:
            return work(db)

    def _is_at_its_path(self) -> bool:
        """Whether the open file is still there; a deleted one would take writes to nowhere."""
        try:
            return self._path.stat().st_ino == self._inode
        except OSError:
            return False

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=self._timeout_s)
        # Text that was damaged is of no kind we know, and passed over as such.
        db.text_factory = lambda raw: raw.decode(errors="replace")
        try:
            _write_ahead(db, self._timeout_s)
            self._make(db)
            self._inode = self._path.stat().st_ino
        except BaseException:
            db.close()
            raise
        return db

    def _make(self, db: sqlite3.Connection) -> None:
        """
        Make the tables where there are none, with a journal of a new generation.

        In one transaction: another process sees all of it or nothing.
        """
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            db.executescript(self._schema)

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def _write_ahead(db: sqlite3.Connection, timeout_s: float) -> None:
    """Switch to the write-ahead log; SQLite itself does not wait for another switching too."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(_SWITCH_PAUSE_S)
    db.execute("PRAGMA synchronous=NORMAL")


def _is_full(exc: Exception) -> bool:
    return getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
