"""The SQL behind `SqliteStore`; every function runs inside one transaction of its caller."""

import math
import sqlite3
from collections.abc import Sequence

from cache.clock import Clock
from cache.errors import JournalReplaced, LeaseLost
from cache.journal.protocol import Page
from cache.journal.records import Positioned, Record
from cache.stores.protocol import Blob, BlobKind, Cell, Freed, Lease

__all__ = [
    "SCHEMA",
    "acquire",
    "append",
    "begin",
    "cell",
    "drop",
    "free",
    "get",
    "has",
    "page",
    "purge",
    "put",
    "put_counters",
    "release",
    "renew",
    "require_generation",
    "require_lease",
    "shed",
    "swap",
]

SCHEMA = """
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
CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY, token INTEGER NOT NULL, ttl_s REAL NOT NULL, expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cells (
    name TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (
    replica TEXT PRIMARY KEY, flushed_at REAL NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('generation', lower(hex(randomblob(8)))), ('token', '0');
COMMIT;
"""

_MOST_KEYS = 500
_PURGED_AT_ONCE = 200
_COUNTERS_KEPT_S = 7 * 24 * 3600.0
_LEASES_KEPT_S = 3600.0
_ROUNDING_S = 1e-3


def begin(db: sqlite3.Connection) -> None:
    """Take the write lock now, so that what is checked next still holds when it is acted on."""
    db.execute("BEGIN IMMEDIATE")


def require_generation(db: sqlite3.Connection, generation: str | None) -> None:
    """Raise JournalReplaced where the journal is another one; None stands for any."""
    there = _generation(db)
    if generation not in (None, there):
        raise JournalReplaced(there)


def require_lease(db: sqlite3.Connection, lease: Lease | None, clock: Clock) -> None:
    """Raise LeaseLost where a lease is no longer held."""
    if lease is not None and not _holds(db, lease, clock.now()):
        raise LeaseLost(f"Somebody else has taken over {lease.name}.")


def append(db: sqlite3.Connection, records: Sequence[Record]) -> int:
    """Append records; return the last one's position."""
    position = 0
    for record in records:
        row = (record.kind, record.body, record.expires_at)
        sql = "INSERT INTO journal (kind, body, expires_at) VALUES (?, ?, ?)"
        position = db.execute(sql, row).lastrowid or 0
    return position


def free(db: sqlite3.Connection, freed: Freed) -> None:
    """Delete records by position, and rankings by key."""
    db.executemany("DELETE FROM journal WHERE position = ?", [(p,) for p in freed.positions])
    drop(db, BlobKind.RANKING, freed.rankings)


def page(db: sqlite3.Connection, after: int, limit: int, now: float) -> Page:
    """Return up to `limit` unexpired records behind a position."""
    # One statement would see one state by itself; several need a transaction.
    db.execute("BEGIN")
    end = _end(db)
    rows = db.execute(
        "SELECT position, kind, body, expires_at FROM journal "
        "WHERE position > ? AND expires_at > ? ORDER BY position LIMIT ?",
        (after, now, limit),
    )
    records = [Positioned(position, Record(*row)) for position, *row in rows]
    upto = records[-1].position if len(records) == limit else end
    return Page(_generation(db), end, upto, records)


def put(db: sqlite3.Connection, blobs: Sequence[Blob]) -> None:
    """Write blobs, each in place of one of its kind and key."""
    db.executemany(
        "INSERT OR REPLACE INTO blobs (kind, key, expires_at, body) VALUES (?, ?, ?, ?)",
        [(b.kind.value, b.key, b.expires_at, b.body) for b in blobs],
    )


def get(
    db: sqlite3.Connection, kind: BlobKind, keys: Sequence[str], now: float
) -> dict[str, bytes]:
    """Return the bodies of those keys that are there and have not expired."""
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


def has(db: sqlite3.Connection, kind: BlobKind, key: str, now: float) -> bool:
    """Return whether a key is there and has not expired."""
    sql = "SELECT 1 FROM blobs WHERE kind = ? AND key = ? AND expires_at > ?"
    return db.execute(sql, (kind.value, key, now)).fetchone() is not None


def drop(db: sqlite3.Connection, kind: BlobKind, keys: Sequence[str]) -> None:
    """Delete blobs by key."""
    sql = "DELETE FROM blobs WHERE kind = ? AND key = ?"
    db.executemany(sql, [(kind.value, key) for key in keys])


def acquire(db: sqlite3.Connection, name: str, ttl_s: float, clock: Clock) -> Lease | None:
    """Return a lease with a token of its own, or None while somebody else holds it."""
    begin(db)
    # Not sooner: whoever wrote meanwhile would seem to come from a time to come.
    now = clock.now()
    row = db.execute("SELECT ttl_s, expires_at FROM leases WHERE name = ?", (name,))
    held_ttl_s, expires_at = row.fetchone() or (0.0, 0.0)
    if _lasts(held_ttl_s, expires_at, now):
        return None
    token = _next_token(db)
    new = (name, token, ttl_s, now + ttl_s)
    db.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)", new)
    return Lease(name, token, _end(db))


def renew(db: sqlite3.Connection, lease: Lease, ttl_s: float, clock: Clock) -> bool:
    """Prolong a lease; return whether it was still held."""
    begin(db)
    now = clock.now()
    held = _holds(db, lease, now)
    if held:
        end = (ttl_s, now + ttl_s, lease.name)
        db.execute("UPDATE leases SET ttl_s = ?, expires_at = ? WHERE name = ?", end)
    return held


def release(db: sqlite3.Connection, lease: Lease) -> None:
    """End a lease now."""
    db.execute("DELETE FROM leases WHERE name = ? AND token = ?", (lease.name, lease.token))


def cell(db: sqlite3.Connection, name: str) -> Cell:
    """Return a cell as it is now."""
    row = db.execute("SELECT version, body FROM cells WHERE name = ?", (name,)).fetchone()
    return Cell(*row) if row else Cell(0, b"")


def swap(db: sqlite3.Connection, name: str, version: int, body: bytes) -> bool:
    """Write a cell if it still has a version; return whether it had."""
    begin(db)
    if cell(db, name).version != version:
        return False
    db.execute("INSERT OR REPLACE INTO cells VALUES (?, ?, ?)", (name, version + 1, body))
    return True


def shed(db: sqlite3.Connection, kind: BlobKind, share: float) -> int:
    """Delete a share of a kind's blobs, those that end first; return how many went."""
    (count,) = db.execute("SELECT count(*) FROM blobs WHERE kind = ?", (kind.value,)).fetchone()
    sql = (
        "DELETE FROM blobs WHERE rowid IN "
        "(SELECT rowid FROM blobs WHERE kind = ? ORDER BY expires_at LIMIT ?)"
    )
    return db.execute(sql, (kind.value, math.ceil(count * share))).rowcount


def put_counters(db: sqlite3.Connection, row: tuple[str, float, str]) -> None:
    """Replace a replica's counters: its name, wall time and JSON."""
    db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?, ?)", row)


def purge(db: sqlite3.Connection, now: float) -> tuple[int, int]:
    """Delete some of what has expired; return how many records and blobs went."""
    gone = []
    for table in ("journal", "blobs"):
        sql = (
            f"DELETE FROM {table} WHERE rowid IN "  # noqa: S608 - both names stand above
            f"(SELECT rowid FROM {table} WHERE expires_at <= ? LIMIT {_PURGED_AT_ONCE})"
        )
        gone.append(db.execute(sql, (now,)).rowcount)
    db.execute("DELETE FROM counters WHERE flushed_at < ?", (now - _COUNTERS_KEPT_S,))
    db.execute("DELETE FROM leases WHERE expires_at < ?", (now - _LEASES_KEPT_S,))
    return gone[0], gone[1]


def _generation(db: sqlite3.Connection) -> str:
    (generation,) = db.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()
    return str(generation)


def _end(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    return int(row[0]) if row else 0


def _holds(db: sqlite3.Connection, lease: Lease, now: float) -> bool:
    sql = "SELECT ttl_s, expires_at FROM leases WHERE name = ? AND token = ?"
    ttl_s, expires_at = db.execute(sql, (lease.name, lease.token)).fetchone() or (0.0, 0.0)
    return _lasts(ttl_s, expires_at, now)


def _next_token(db: sqlite3.Connection) -> int:
    """Return a token higher than all before, of whatever lease: rows of leases come and go."""
    db.execute("UPDATE meta SET value = value + 1 WHERE name = 'token'")
    (token,) = db.execute("SELECT value FROM meta WHERE name = 'token'").fetchone()
    return int(token)


def _lasts(ttl_s: float, expires_at: float, now: float) -> bool:
    """Whether a lease is held; one that ends later than it may is of a clock since set back."""
    return 0 < expires_at - now <= ttl_s + _ROUNDING_S
