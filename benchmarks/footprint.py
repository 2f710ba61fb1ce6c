"""What remembering costs in memory, of Redis and of a replica."""

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable

import psutil

from benchmarks.redis_server import BenchmarkRedis
from benchmarks.remembered import evict_every_second, make_pool, remember
from cache.clock import Clock, SystemClock
from cache.memory import Memory
from cache.sharing.eviction import Bounds
from cache.stores.protocol import Store
from cache.stores.redis import RedisStore
from service.telemetry import logs

__all__ = ["entries_in_redis", "local_bytes_per_entry", "pools_in_redis"]

_TIMEOUT_S = 30.0
_DIMENSION = 384
_BOUNDS = Bounds(entries=1_000_000, pools=10_000)
_POOLS = 100


async def entries_in_redis(
    redis: BenchmarkRedis,
    database: int,
    count: int,
    query_model: str,
    meanwhile: Callable[[], Awaitable[None]],
) -> tuple[float, float]:
    """
    Return bytes an entry of so many, and bytes a live entry after every second was evicted.

    Args:
        redis: Where they are written.
        database: An empty one.
        count: How many entries.
        query_model: Fingerprint they are remembered for.
        meanwhile: Called while all of them are there.
    """
    clock = SystemClock()
    store = RedisStore(redis.url(database), clock, timeout_s=_TIMEOUT_S)
    await store.ping()
    before = redis.used_bytes()
    written = await remember(store, count, query_model, clock)
    full = (redis.used_bytes() - before) / count
    await meanwhile()
    between = redis.used_bytes() - before - full * count
    await evict_every_second(store, written, clock)
    await store.purge()
    churned = (redis.used_bytes() - before - between) / (count - len(written) // 2)
    await store.aclose()
    return full, churned


async def pools_in_redis(redis: BenchmarkRedis, database: int) -> float:
    """Return the bytes a pool of 200 takes, embeddings by photo and all, photos not."""
    clock = SystemClock()
    store = RedisStore(redis.url(database), clock, timeout_s=_TIMEOUT_S)
    memory = _memory(store, "none", clock)
    first, *pools = [make_pool(number, clock) for number in range(_POOLS + 1)]
    await memory.pools.keep(first)  # connections, buffers and scripts are no pools
    before = redis.used_bytes()
    for pool in pools:
        await memory.pools.keep(pool)
    used = redis.used_bytes() - before
    await store.aclose()
    return used / _POOLS


def local_bytes_per_entry(url: str, query_model: str) -> float:
    """Return the resident bytes an entry of a journal costs a process that reads all of it."""
    command = [sys.executable, "-m", "benchmarks.footprint", url, query_model]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300)
    return float(json.loads(told.stdout))


async def _grow(url: str, query_model: str) -> float:
    clock = SystemClock()
    store = RedisStore(url, clock, timeout_s=_TIMEOUT_S)
    memory = _memory(store, query_model, clock)
    await store.read(0, 512)  # connections and buffers are no entries
    gc.collect()
    before = psutil.Process().memory_info().rss
    following = asyncio.create_task(memory.follower.run())
    await memory.follower.reach_end()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    gc.collect()
    grown = psutil.Process().memory_info().rss - before
    await store.aclose()
    return grown / len(memory.entries)


def _memory(store: Store, query_model: str, clock: Clock) -> Memory:
    from index.faiss import FaissIndex  # noqa: PLC0415 - must come after the thread policy

    return Memory(store, FaissIndex(_DIMENSION), query_model, _BOUNDS, clock)


if __name__ == "__main__":
    logs.configure("WARNING")
    sys.stdout.write(json.dumps(asyncio.run(_grow(*sys.argv[1:]))))
