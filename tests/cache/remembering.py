"""A process of its own that remembers without end, to be killed: acknowledged is what it prints."""

import asyncio
import sys
from pathlib import Path

import structlog

from cache.clock import SystemClock
from cache.entries.entry import Draft, Entry
from cache.memory import Memory
from cache.sharing.eviction import Bounds
from cache.stores.sqlite import SqliteStore
from index import FlatIndex
from tests.cache.examples import MODEL, SCOPE, direction, pool, ranking

BOUNDS = Bounds(entries=1_000_000, pools=1000)


def memory_over(path: Path) -> Memory:
    """Return a replica's memory over a file."""
    clock = SystemClock()
    store = SqliteStore(path, clock, timeout_s=10.0)
    return Memory(store, FlatIndex(4), MODEL, BOUNDS, clock)


async def main(path: str, name: str) -> None:
    """Remember one query after another; tell each once it is acknowledged."""
    memory = memory_over(Path(path))
    await memory.store.open()
    following = asyncio.create_task(memory.follower.run())
    await memory.follower.reach_end()
    now = SystemClock().now()
    photos = pool(tag=name, fetched_at=now)
    number = 0
    while not following.done():
        number += 1
        query = f"{name} {number}"
        one = Entry(SCOPE, MODEL, name, query, photos.id, now, now + 3600)
        embedding = direction(number % 100 / 100).astype("float16")
        draft = Draft(one, embedding, ranking(3.0, 2.0, 1.0), photos, memory.mark())
        if await memory.outbox.write(draft) is not None:
            sys.stdout.write(f"{query}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(*sys.argv[1:]))
