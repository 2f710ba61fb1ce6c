"""A Redis server as the store: for any number of machines."""

import json
import math
import re
import secrets
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain

from cache.clock import Clock
from cache.errors import JournalReplaced, LeaseLost, StoreUnavailable
from cache.journal.protocol import Page
from cache.journal.records import Positioned, Record
from cache.stores import naming, packing, scripts
from cache.stores.breaker import Breaker
from cache.stores.client import Client, Word
from cache.stores.protocol import NOTHING, Blob, BlobKind, Cell, Freed, Lease

__all__ = ["RedisStore"]

_PAUSE_S = 1.0
"""How long a server that did not answer is left alone."""

_LONGEST_BLOCK_S = 1.0
"""How late a replica that waits notices that the journal was replaced by a shorter one."""

_WAITING = 2
_MOST_RECORDS = 2000  # as many are unpacked on Lua's stack, which ends at 8000

_TRIMMED_AT_ONCE = 1000
_TRIMS = 100
_SWEPT_AT_ONCE = 500
_SCANNED_AT_ONCE = 1000
_SWEEPS = 16
_COUNTERS_KEPT_S = 7 * 24 * 3600.0

_END = struct.Struct("<d")
_JOURNAL = (naming.META, naming.JOURNAL, naming.RECORD)


class RedisStore:
    """
    A `Store` on one Redis server (7 or newer) or one that behaves like it.

    A server that restarts or takes over from another counts as another journal,
    as it may have lost what was acknowledged last. Where Redis is set to evict
    keys (`allkeys-*`), records and blobs go missing, never wrong.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`; its database is all it uses.
        clock: Decides what has expired; leases end by the server's own.
        timeout_s: Longest wait of any call, connecting included.
        connections: Most that are open at once, besides those that wait.

    Raises:
        ValueError: If the URL is malformed.
    """

    def __init__(self, url: str, clock: Clock, *, timeout_s: float, connections: int = 16) -> None:
        self._clock = clock
        breaker = Breaker(clock.monotonic, pause_s=_PAUSE_S)
        self._client = Client(url, breaker, timeout_s=timeout_s, connections=connections)
        self._waiting = Client(url, breaker, timeout_s=timeout_s, connections=_WAITING)
        self._trimmed = 0
        self._swept = 0
        self._cursor = 0

    async def open(self) -> None:
        """Return at once: each call connects, so that a server may come and go."""
        self._client.require_open()

    async def aclose(self) -> None:
        """Disconnect once the calls under way have ended; those that wait end now."""
        await self._waiting.aclose(hurry=True)
        await self._client.aclose()

    async def ping(self) -> None:
        """Return if the server answers."""
        await self._client.tell(("PING",))

    async def append(
        self,
        records: Sequence[Record],
        blobs: Sequence[Blob] = (),
        *,
        generation: str | None = None,
        lease: Lease | None = None,
        freed: Freed = NOTHING,
    ) -> int:
        """
        Append, write and free in one script, as `Store.append` says.

        A full server refuses what frees nothing, and takes what frees anything.
        """
        now = self._clock.now()
        reply = await self._client.run(
            scripts.APPEND,
            _JOURNAL if lease is None else (*_JOURNAL, naming.lease(lease.name)),
            *(_fresh_name(), generation or "", "" if lease is None else lease.token),
            *(len(freed.positions), len(freed.rankings), len(blobs), len(records)),
            *freed.positions,
            *(naming.blob(BlobKind.RANKING, key) for key in freed.rankings),
            *chain.from_iterable(packing.stored(blob, now) for blob in blobs),
            *chain.from_iterable(_words(record, now) for record in records),
        )
        with _understanding():
            status, name, position = reply
            if status == b"replaced":
                raise JournalReplaced(_text(name))
            if lease is not None and status == b"lost":
                raise LeaseLost(f"Somebody else has taken over {lease.name}.")
            return int(position)

    async def read(self, after: int, limit: int) -> Page:
        """Return those of up to `limit` records behind a position that have not expired."""
        reply = await self._client.run(
            scripts.READ,
            _JOURNAL,
            *(_fresh_name(), after + 1, min(limit, _MOST_RECORDS), repr(self._clock.now())),
        )
        with _understanding():
            name, end, upto, records = reply
            found = [_positioned(*words) for words in records]
            return Page(_text(name), int(end), int(upto), found)

    async def wait(self, after: int, timeout_s: float) -> None:
        """Return soon after an append behind a position; after a second in any case."""
        block_s = max(min(timeout_s, _LONGEST_BLOCK_S), 0.001)  # 0 would be for ever
        options = ("COUNT", 1, "BLOCK", int(block_s * 1000))
        await self._waiting.block(
            ("XREAD", *options, "STREAMS", naming.JOURNAL, f"{after}-0"), block_s
        )

    async def put(self, blobs: Sequence[Blob]) -> None:
        """Write blobs, each in a step of its own."""
        now = self._clock.now()
        await self._client.tell(*chain.from_iterable(packing.write(blob, now) for blob in blobs))

    async def get(self, kind: BlobKind, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Return the bodies of those keys that are there and have not expired."""
        now = self._clock.now()
        replies = await self._client.ask(*(packing.read(kind, key) for key in keys))
        bodies = [packing.body(kind, reply, now) for reply in replies]
        return {key: body for key, body in zip(keys, bodies, strict=True) if body is not None}

    async def has(self, kind: BlobKind, key: str) -> bool:
        """Return whether a key is there and has not expired."""
        (reply,) = await self._client.ask(packing.peek(kind, key))
        return packing.body(kind, reply, self._clock.now()) is not None

    async def drop(self, kind: BlobKind, keys: Sequence[str]) -> None:
        """Delete blobs, each in a step of its own."""
        await self._client.tell(*(packing.delete(kind, key) for key in keys))

    async def shed(self, kind: BlobKind, share: float) -> int:
        """Delete a share of a kind's blobs, those that end first as far as Redis knows."""
        keys = await self._keys(kind)
        ends = await self._client.ask(*(("PTTL", key) for key in keys))
        with _understanding():
            oldest = sorted(zip(map(int, ends), keys, strict=True))
        going = [key for _, key in oldest[: math.ceil(len(keys) * share)]]
        await self._client.tell(*(("UNLINK", key) for key in going))
        return len(going)

    async def acquire(self, name: str, ttl_s: float) -> Lease | None:
        """Return a lease, or None while somebody else holds it."""
        keys = (*_JOURNAL, naming.lease(name))
        held = await self._client.run(scripts.ACQUIRE, keys, _fresh_name(), _ms(ttl_s))
        with _understanding():
            return None if held is None else Lease(name, *map(int, held))

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        """Prolong a lease; return whether it was still held."""
        keys = (naming.lease(lease.name),)
        return bool(await self._client.run(scripts.RENEW, keys, lease.token, _ms(ttl_s)))

    async def release(self, lease: Lease) -> None:
        """Give a lease back."""
        await self._client.run(scripts.RELEASE, (naming.lease(lease.name),), lease.token)

    async def cell(self, name: str) -> Cell:
        """Return a cell as it is now."""
        (fields,) = await self._client.ask(("HMGET", naming.cell(name), "version", "body"))
        with _understanding():
            version, body = fields or (None, None)
            return Cell(0, b"") if version is None else Cell(int(version), body or b"")

    async def swap(self, name: str, version: int, body: bytes) -> bool:
        """Write a cell if it still has a version; return whether it had."""
        keys = (naming.cell(name),)
        return bool(await self._client.run(scripts.SWAP, keys, version, version + 1, body))

    async def put_counters(self, replica: str, counters: Mapping[str, float]) -> None:
        """Replace the counters a replica has flushed."""
        flush = json.dumps([self._clock.now(), dict(counters)])
        await self._client.run(scripts.FLUSH, (naming.COUNTERS,), replica, flush)

    async def counters(self) -> Mapping[str, tuple[float, Mapping[str, float]]]:
        """Return each replica's last flush: its wall time and its counters."""
        (fields,) = await self._client.ask(("HGETALL", naming.COUNTERS))
        with _understanding():
            pairs = zip(fields[::2], fields[1::2], strict=True) if fields else ()
            flushes = {_text(replica): _flush(written) for replica, written in pairs}
        return {replica: flush for replica, flush in flushes.items() if flush is not None}

    async def purge(self) -> int:
        """Delete some of what has expired; return how many journal records went."""
        await self._forget_counters()
        await self._sweep()
        return await self._trim()

    async def size_bytes(self) -> int:
        """Return the bytes of memory the server uses, for whatever else it keeps too."""
        (told,) = await self._client.tell(("INFO", "memory"))
        with _understanding():
            used = re.search(r"^used_memory:(\d+)", _text(told), re.MULTILINE)
        return int(used[1]) if used else 0

    async def _keys(self, kind: BlobKind) -> list[bytes]:
        keys, cursor = set[bytes](), 0
        while True:
            scan = ("SCAN", cursor, "MATCH", naming.every(kind), "COUNT", _SCANNED_AT_ONCE)
            (reply,) = await self._client.ask(scan)
            with _understanding():
                cursor = int(reply[0])
                keys.update(reply[1])
            if not cursor:
                return sorted(keys)

    async def _trim(self) -> int:
        """Delete expired records wherever they stand, going on where the last call stopped."""
        gone = 0
        for _ in range(_TRIMS):
            where = (self._trimmed, _TRIMMED_AT_ONCE, repr(self._clock.now()))
            reply = await self._client.run(scripts.TRIM, _JOURNAL, *where)
            with _understanding():
                some, self._trimmed = map(int, reply)
            gone += some
            if not self._trimmed:  # the end was reached
                break
        return gone

    async def _sweep(self) -> None:
        """Delete expired photos from the next bucket, or go on with it where it is large."""
        bucket = naming.bucket(self._swept)
        for _ in range(_SWEEPS):
            scan = ("HSCAN", bucket, self._cursor, "COUNT", _SWEPT_AT_ONCE)
            (reply,) = await self._client.ask(scan)
            with _understanding():
                cursor, fields = reply or (b"0", [])
                self._cursor = int(cursor)
                expired = packing.expired_photos(fields, self._clock.now())
            # A photo written anew at this very moment is encoded once more, no worse.
            if expired:
                await self._client.tell(("HDEL", bucket, *expired))
            if not self._cursor:
                self._swept = (self._swept + 1) % naming.BUCKETS
                return

    async def _forget_counters(self) -> None:
        oldest = self._clock.now() - _COUNTERS_KEPT_S
        flushes = await self.counters()
        gone = [replica for replica, (flushed_at, _) in flushes.items() if flushed_at < oldest]
        if gone:
            await self._client.tell(("HDEL", naming.COUNTERS, *gone))


@contextmanager
def _understanding() -> Iterator[None]:
    """Translate what comes of replies in another shape than a Redis server sends."""
    try:
        yield
    except (AttributeError, TypeError, ValueError, struct.error) as exc:
        raise StoreUnavailable("The store answered in a way that no Redis server does.") from exc


def _fresh_name() -> str:
    """Return what the journal is called if the script finds none; scripts know no chance."""
    return secrets.token_hex(8)


def _ms(ttl_s: float) -> int:
    return max(1, int(ttl_s * 1000))


def _words(record: Record, now: float) -> Sequence[Word]:
    ends = _END.pack(record.expires_at)
    return record.kind, ends, record.body, packing.ttl_ms(record.expires_at, now)


def _positioned(position: bytes, kind: bytes, ends: bytes, body: bytes) -> Positioned:
    (expires_at,) = _END.unpack(ends)
    return Positioned(int(position), Record(_text(kind), body, expires_at))


def _flush(written: bytes) -> tuple[float, Mapping[str, float]] | None:
    """Return a flush as it was written; None for what we did not write."""
    try:
        flushed_at, counters = json.loads(written)
        return float(flushed_at), {str(name): float(count) for name, count in counters.items()}
    except (ValueError, TypeError, AttributeError):
        return None


def _text(written: bytes) -> str:
    return written.decode(errors="replace")
