"""A process of its own on a store, to be killed or to open it together with others."""

import asyncio
import sys
from pathlib import Path

from cache.clock import SystemClock
from cache.journal.records import Record
from cache.stores.protocol import Blob, BlobKind
from cache.stores.sqlite import SqliteStore

FOR_EVER = 4_000_000_000.0


def say(what: object) -> None:
    """Tell the process that started this one."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def append(store: SqliteStore) -> None:
    """Append without end; tell each position once it is acknowledged."""
    number = 0
    while True:
        number += 1
        blob = Blob(BlobKind.RANKING, str(number), b"ranking", FOR_EVER)
        position = await store.append([Record("entry", str(number).encode(), FOR_EVER)], [blob])
        say(position)


async def main(path: str, task: str) -> None:
    """Say when ready, wait for a line, open the store, and do the task."""
    store = SqliteStore(Path(path), SystemClock(), timeout_s=10.0)
    say("ready")
    sys.stdin.readline()
    await store.open()
    if task == "append":
        await append(store)
    say((await store.read(0, 1)).generation)
    await store.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
