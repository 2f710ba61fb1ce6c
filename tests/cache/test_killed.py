"""Replicas on one file, killed again and again while they write."""

import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cache.examples import SCOPE
from tests.cache.remembering import memory_over

pytestmark = pytest.mark.anyio

KILLS = 50
LONGEST_S = 0.25


def start(path: Path, name: str) -> subprocess.Popen[str]:
    """Start a replica that remembers queries of its own name."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cache.remembering", str(path), name],
        stdout=subprocess.PIPE,
        text=True,
    )


def kill(replica: subprocess.Popen[str], lines: list[str]) -> list[str]:
    """Kill a replica; return every query it had acknowledged."""
    replica.kill()
    rest, _ = replica.communicate(timeout=30)
    # The last line may have been cut short by the kill.
    return lines + rest.split("\n")[:-1]


@pytest.mark.timeout(300)
async def test_no_kill_loses_what_was_acknowledged(tmp_path: Path):
    """Fifty kill -9 of one replica while another writes on: every acknowledged entry is served."""
    path, chance = tmp_path / "nearhit.db", random.Random(50)
    steady = start(path, "steady")
    acknowledged = [steady.stdout.readline().rstrip()]
    for number in range(KILLS):
        victim = start(path, f"victim{number}")
        first = victim.stdout.readline().rstrip()
        time.sleep(chance.random() * LONGEST_S)
        acknowledged += kill(victim, [first])
        assert steady.poll() is None, "the other replica writes on"
    acknowledged = kill(steady, acknowledged)

    memory = memory_over(path)
    await memory.store.open()
    following = asyncio.create_task(memory.follower.run())
    await memory.follower.reach_end()
    lost = [query for query in acknowledged if not await is_served(memory, query)]
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await memory.store.aclose()

    assert not lost
    assert len(acknowledged) > 10 * KILLS
    assert memory.entries.invalid_records == 0


async def is_served(memory, query: str) -> bool:
    """Whether an entry is there, with its ranking and its pool."""
    entry = memory.entries.exact(SCOPE, query.split(maxsplit=1)[0], query)
    if entry is None:
        return False
    ranking, pool = await memory.entries.ranking(entry), await memory.pools.get(entry.pool_id)
    return ranking is not None and pool is not None and len(ranking) == len(pool)
