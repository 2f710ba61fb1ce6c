"""One SQLite file as the store: for one machine, any number of processes."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from cache.clock import Clock
from cache.errors import StoreUnavailable
from cache.journal.protocol import Page
from cache.journal.records import Positioned, Record
from cache.stores.protocol import Blob, BlobKind

__all__ = ["SCHEMA_VERSION", "SqliteStore"]

SCHEMA_VERSION = 1
"""Part of the file's name: another schema is another file, and nothing is migrated."""

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    expires_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS journal_expiry ON journal (expires_at);
CREATE TABLE IF NOT EXISTS blobs (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    expires_at REAL NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (kind, key)
);
CREATE INDEX IF NOT EXISTS blobs_expiry ON blobs (expires_at);
CREATE TABLE IF NOT EXISTS counters (
    replica TEXT PRIMARY KEY, flushed_at REAL NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('generation', lower(hex(randomblob(8))));
COMMIT;
"""

_MOST_KEYS = 500
_PURGED_AT_ONCE = 200
_SWITCH_PAUSE_S = 0.01
_COUNTERS_KEPT_S = 7 * 24 * 3600.0

T = TypeVar("T")


class SqliteStore:
    """
    A `Store` in one SQLite file (WAL, synchronous=NORMAL).

    What was acknowledged survives the process being killed, not the power
    going. One thread writes and one reads, each with a connection of its own.

    Args:
        path: The file; the schema version is put into its name.
        clock: Decides what has expired.
        timeout_s: Longest wait of any call.
    """

    def __init__(self, path: Path, clock: Clock, *, timeout_s: float) -> None:
        self.path = path.with_name(f"{path.stem}.v{SCHEMA_VERSION}{path.suffix}")
        self._clock = clock
        self._timeout_s = timeout_s
        self._writer = _Connection(self.path, timeout_s, "store-writer")
        self._reader = _Connection(self.path, timeout_s, "store-reader")

    async def open(self) -> None:
        """Make the file where there is none, with a journal of a new generation."""
        await self.ping()

    async def aclose(self) -> None:
        """Close both connections once their current call has ended."""
        await self._writer.aclose()
        await self._reader.aclose()

    async def ping(self) -> None:
        """Return if the file answers a read."""
        await self._read(lambda db: db.execute("SELECT 1 FROM meta LIMIT 1").fetchone())

    async def append(self, records: Sequence[Record], blobs: Sequence[Blob] = ()) -> int:
        """Append records and write their blobs in one transaction."""
        return await self._write(lambda db: _append(db, records, blobs))

    async def read(self, after: int, limit: int) -> Page:
        """Return up to `limit` unexpired records behind a position."""
        now = self._clock.now()
        return await self._read(lambda db: _page(db, after, limit, now))

    async def put(self, blobs: Sequence[Blob]) -> None:
        """Write blobs in one transaction."""
        await self._write(lambda db: _put(db, blobs))

    async def get(self, kind: BlobKind, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return the bodies of those keys that are there and have not expired."""
        now = self._clock.now()
        return await self._read(lambda db: _get(db, kind, keys, now))

    async def has(self, kind: BlobKind, key: str) -> bool:
        """Return whether a key is there and has not expired."""
        now = self._clock.now()
        return await self._read(lambda db: _has(db, kind, key, now))

    async def put_counters(self, replica: str, counters: Mapping[str, float]) -> None:
        """Replace the counters a replica has flushed."""
        row = (replica, self._clock.now(), json.dumps(dict(counters)))
        await self._write(lambda db: _put_counters(db, row))

    async def counters(self) -> Mapping[str, tuple[float, Mapping[str, float]]]:
        """Return each replica's last flush."""
        rows = await self._read(
            lambda db: db.execute("SELECT replica, flushed_at, body FROM counters").fetchall()
        )
        return {replica: (at, json.loads(body)) for replica, at, body in rows}

    async def purge(self) -> int:
        """Delete what has expired, and counters nobody has flushed for a week."""
        now, gone = self._clock.now(), 0
        # In small transactions: a search's append must not wait for a night's garbage.
        while batch := await self._write(lambda db: _purge(db, now)):
            gone += batch
        return gone

    async def size_bytes(self) -> int:
        """Return the bytes of the file and its write-ahead log."""
        return await self._read(lambda _: _size_bytes(self.path))

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._writer.run(work, self._timeout_s)

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._reader.run(work, self._timeout_s)


class _Connection:
    """One connection and the one thread that uses it."""

    def __init__(self, path: Path, timeout_s: float, name: str) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self._closed = False

    async def run(self, work: Callable[[sqlite3.Connection], T], timeout_s: float) -> T:
        if self._closed:
            raise StoreUnavailable(f"The store at {self._path} is closed.")
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._in_transaction, work
                )
        except TimeoutError as exc:
            raise StoreUnavailable(f"The store did not answer within {timeout_s:g} s.") from exc
        except (sqlite3.Error, OSError) as exc:
            raise StoreUnavailable(f"The store at {self._path} failed: {exc}.") from exc

    async def aclose(self) -> None:
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
        try:
            _write_ahead(db, self._timeout_s)
            _make(db)
            self._inode = self._path.stat().st_ino
        except BaseException:
            db.close()
            raise
        return db

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


def _make(db: sqlite3.Connection) -> None:
    """
    Make the tables where there are none, with a journal of a new generation.

    In one transaction: another process sees all of it or nothing.
    """
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        db.executescript(_SCHEMA)


def _append(db: sqlite3.Connection, records: Sequence[Record], blobs: Sequence[Blob]) -> int:
    _put(db, blobs)
    position = 0
    for record in records:
        row = (record.kind, record.body, record.expires_at)
        sql = "INSERT INTO journal (kind, body, expires_at) VALUES (?, ?, ?)"
        position = db.execute(sql, row).lastrowid or 0
    return position


def _page(db: sqlite3.Connection, after: int, limit: int, now: float) -> Page:
    # One statement would see one state by itself; several need a transaction.
    db.execute("BEGIN")
    (generation,) = db.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()
    end = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    rows = db.execute(
        "SELECT position, kind, body, expires_at FROM journal "
        "WHERE position > ? AND expires_at > ? ORDER BY position LIMIT ?",
        (after, now, limit),
    )
    records = [Positioned(position, Record(*row)) for position, *row in rows]
    return Page(generation, end[0] if end else 0, records)


def _put(db: sqlite3.Connection, blobs: Sequence[Blob]) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO blobs (kind, key, expires_at, body) VALUES (?, ?, ?, ?)",
        [(b.kind.value, b.key, b.expires_at, b.body) for b in blobs],
    )


def _get(
    db: sqlite3.Connection, kind: BlobKind, keys: Sequence[str], now: float
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for start in range(0, len(keys), _MOST_KEYS):
        some = keys[start : start + _MOST_KEYS]
        marks = ",".join("?" * len(some))
        sql = (
            "SELECT key, body FROM blobs "  # noqa: S608 - only question marks are put in
            f"WHERE kind = ? AND expires_at > ? AND key IN ({marks})"
        )
        found.update(db.execute(sql, (kind.value, now, *some)).fetchall())
    return found


def _has(db: sqlite3.Connection, kind: BlobKind, key: str, now: float) -> bool:
    sql = "SELECT 1 FROM blobs WHERE kind = ? AND key = ? AND expires_at > ?"
    return db.execute(sql, (kind.value, key, now)).fetchone() is not None


def _put_counters(db: sqlite3.Connection, row: tuple[str, float, str]) -> None:
    db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?, ?)", row)


def _purge(db: sqlite3.Connection, now: float) -> int:
    gone = 0
    for table in ("journal", "blobs"):
        sql = (
            f"DELETE FROM {table} WHERE rowid IN "  # noqa: S608 - both names stand above
            f"(SELECT rowid FROM {table} WHERE expires_at <= ? LIMIT {_PURGED_AT_ONCE})"
        )
        gone += db.execute(sql, (now,)).rowcount
    db.execute("DELETE FROM counters WHERE flushed_at < ?", (now - _COUNTERS_KEPT_S,))
    return gone


def _size_bytes(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
