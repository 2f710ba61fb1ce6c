"""One SQLite file as the store: for one machine, any number of processes."""

import asyncio
import json
import math
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from cache.clock import Clock
from cache.journal.protocol import Page
from cache.journal.records import Record
from cache.stores import statements
from cache.stores.connection import Connection
from cache.stores.protocol import NOTHING, Blob, BlobKind, Cell, Freed, Lease

__all__ = ["SCHEMA_VERSION", "SqliteStore"]

SCHEMA_VERSION = 2
"""Part of the file's name: another schema is another file, and nothing is migrated."""

_POLL_S = 0.02
"""How soon what another process has appended is noticed; SQLite cannot tell of it."""

_POLLS = 25
"""Looks at the log's size and date before the journal is read in any case."""

_TICK_S = 0.01
"""
How long two writes may have one date: kernels date files by a clock that moves in steps. A log
that was dated so shortly before it was read may have been written since and look the same.
"""

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
        self._writer = Connection(self.path, statements.SCHEMA, timeout_s, "store-writer")
        self._reader = Connection(self.path, statements.SCHEMA, timeout_s, "store-reader")
        self._log = self.path.with_name(f"{self.path.name}-wal")
        self._read_at: tuple[int, int] | None = None
        self._just_written = False
        self._appended = asyncio.Event()

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

    async def append(
        self,
        records: Sequence[Record],
        blobs: Sequence[Blob] = (),
        *,
        generation: str | None = None,
        lease: Lease | None = None,
        freed: Freed = NOTHING,
    ) -> int:
        """Append, write and free in one transaction, as `Store.append` says."""

        def work(db: sqlite3.Connection) -> int:
            statements.begin(db)
            statements.require_generation(db, generation)
            statements.require_lease(db, lease, self._clock)
            statements.free(db, freed)
            statements.put(db, blobs)
            return statements.append(db, records)

        position = await self._write(work)
        self._appended.set()
        return position

    async def read(self, after: int, limit: int) -> Page:
        """Return up to `limit` unexpired records behind a position."""
        now = self._clock.now()
        # Before it is read: what is written meanwhile will look like news.
        self._read_at = _signature(self._log)
        self._just_written = _age_s(self._read_at) < _TICK_S
        return await self._read(lambda db: statements.page(db, after, limit, now))

    async def wait(self, after: int, timeout_s: float) -> None:
        """Return once anybody has written since the journal was read; soon in any case."""
        with suppress(TimeoutError):
            polls = 1 if self._just_written else _POLLS
            async with asyncio.timeout(min(timeout_s, polls * _POLL_S)):
                # To read the journal takes a thread and a transaction, to look at its file neither.
                while _signature(self._log) == self._read_at and not self._appended.is_set():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_POLL_S):
                            await self._appended.wait()
        self._appended.clear()

    async def put(self, blobs: Sequence[Blob]) -> None:
        """Write blobs in one transaction."""
        await self._write(lambda db: statements.put(db, blobs))

    async def get(self, kind: BlobKind, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return the bodies of those keys that are there and have not expired."""
        now = self._clock.now()
        return await self._read(lambda db: statements.get(db, kind, keys, now))

    async def has(self, kind: BlobKind, key: str) -> bool:
        """Return whether a key is there and has not expired."""
        now = self._clock.now()
        return await self._read(lambda db: statements.has(db, kind, key, now))

    async def drop(self, kind: BlobKind, keys: Sequence[str]) -> None:
        """Delete blobs in one transaction."""
        await self._write(lambda db: statements.drop(db, kind, keys))

    async def shed(self, kind: BlobKind, share: float) -> int:
        """Delete a share of a kind's blobs, in one transaction."""
        return await self._write(lambda db: statements.shed(db, kind, share))

    async def acquire(self, name: str, ttl_s: float) -> Lease | None:
        """Return a lease, or None while somebody else holds it."""
        return await self._write(lambda db: statements.acquire(db, name, ttl_s, self._clock))

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        """Prolong a lease; return whether it was still held."""
        return await self._write(lambda db: statements.renew(db, lease, ttl_s, self._clock))

    async def release(self, lease: Lease) -> None:
        """Give a lease back."""
        await self._write(lambda db: statements.release(db, lease))

    async def cell(self, name: str) -> Cell:
        """Return a cell as it is now."""
        return await self._read(lambda db: statements.cell(db, name))

    async def swap(self, name: str, version: int, body: bytes) -> bool:
        """Write a cell if it still has a version; return whether it had."""
        return await self._write(lambda db: statements.swap(db, name, version, body))

    async def put_counters(self, replica: str, counters: Mapping[str, float]) -> None:
        """Replace the counters a replica has flushed."""
        row = (replica, self._clock.now(), json.dumps(dict(counters)))
        await self._write(lambda db: statements.put_counters(db, row))

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
        while True:
            records, blobs = await self._write(lambda db: statements.purge(db, now))
            gone += records
            if not records + blobs:
                return gone

    async def size_bytes(self) -> int:
        """Return the bytes of the file and its write-ahead log."""
        return await self._read(lambda _: _size_bytes(self.path))

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._writer.run(work)

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._reader.run(work)


def _size_bytes(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _signature(file: Path) -> tuple[int, int] | None:
    """Return what changes when a file is written; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _age_s(signature: tuple[int, int] | None) -> float:
    """Return the seconds since a file was written, by the clock that dates files."""
    return math.inf if signature is None else time.time() - signature[1] / 1e9
