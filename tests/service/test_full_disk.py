"""A disk without room: SQLite's own limit of pages, which fails as a full disk does."""

import asyncio
from pathlib import Path

import pytest

from service.tiers import Tier
from tests.service.world import World, made

pytestmark = pytest.mark.anyio


async def limit(world: World, more_pages: int) -> None:
    """Let the file grow by so many pages from now on, and no more."""

    def work(db) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + more_pages}")

    await world.file._write(work)


async def test_a_full_disk_fails_no_search(tmp_path: Path):
    """Answers go on unstored, and are counted as such."""
    async with made(tmp_path) as world:
        await world.ask("photo 1")
        await limit(world, 0)

        answers = [await world.ask(f"photo {number} of {'many ' * 50}") for number in range(20)]

        assert all(len(answer.results) == 3 for answer in answers)
        assert not all(answer.found.stored for answer in answers)
        assert world.counters.get("nearhit_unstored_answers") > 0


async def test_room_is_made_on_a_full_disk(tmp_path: Path):
    """A tenth of what is kept goes, and what was learnt meanwhile is stored by itself."""
    async with made(tmp_path) as world:
        for number in range(100):
            await world.ask(f"photo {number}")
        await limit(world, 0)
        number = 100
        async with asyncio.timeout(20):
            while not world.memory.evictor.evicted_entries:
                await world.ask(f"photo {number} of {'many ' * 50}")
                number += 1
            while world.memory.outbox.statistics().waiting:
                world.clock.advance(seconds=700)  # room is made now and then, not at once
                await asyncio.sleep(0.3)

        assert world.memory.outbox.statistics().delivered > 0


async def test_what_was_stored_before_the_disk_was_full_is_there_after(tmp_path: Path):
    """Running out of room spoils nothing that was acknowledged."""
    async with made(tmp_path) as world:
        stored = [f"photo {number}" for number in range(40)]
        for query in stored:
            await world.ask(query)
        await limit(world, 0)
        for number in range(3):
            await world.ask(f"photo {number} of {'many ' * 50}")
        kept = [query for query in stored if (await world.ask(query)).found.tier is Tier.EXACT]
    async with made(tmp_path) as later:
        await later.catch_up()
        again = [query for query in kept if (await later.ask(query)).found.tier is Tier.EXACT]

    assert kept
    assert again == kept
