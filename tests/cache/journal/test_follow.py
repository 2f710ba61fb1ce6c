"""Following a journal: everything once, in order, whatever happens to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cache.journal.follow import Follower
from cache.journal.protocol import Journal
from cache.journal.records import NOWHERE, Mark, Positioned, Record
from cache.stores.sqlite import SqliteStore
from tests.cache.away import Interruptible
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

PATIENCE_S = 10


class Applied:
    """What a follower has applied, and a word of every reset."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.log: list[str] = []
        self.positions: list[int] = []
        self.generations: list[str] = []
        self.on_apply: Callable[[], None] = lambda: None

    def apply(self, records: Sequence[Positioned]) -> None:
        """Take in a batch."""
        if records:
            self.on_apply()
        bodies = [one.record.body.decode() for one in records]
        self.batches.append(bodies)
        self.log.extend(bodies)
        self.positions.extend(one.position for one in records)

    def reset(self, generation: str) -> None:
        """Note a reset."""
        self.log.append("reset")
        self.generations.append(generation)


@pytest.fixture
def applied() -> Applied:
    return Applied()


@pytest.fixture
def records(clock: ManualClock) -> Callable[..., list[Record]]:
    """Make records of these bodies that live for some time."""

    def make(*bodies: object, lifetime_s: float = 3600) -> list[Record]:
        return [Record("entry", str(body).encode(), clock.now() + lifetime_s) for body in bodies]

    return make


@asynccontextmanager
async def following(journal: Journal, applied: Applied) -> AsyncIterator[Follower]:
    """Run a follower; whatever ends it ends the test."""
    follower = Follower(journal, applied, ManualClock())
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        running = group.create_task(follower.run())
        yield follower
        running.cancel()


async def opened(path: Path, clock: ManualClock) -> SqliteStore:
    store = SqliteStore(path, clock, timeout_s=1.0)
    await store.open()
    return store


async def test_an_empty_journal_is_caught_up_at_once(store, applied):
    """Where there is nothing to read the end is reached, in a journal that has a name."""
    async with following(store, applied) as follower:
        await follower.reach_end()

        assert follower.caught_up
        assert (follower.position, follower.lag) == (0, 0)
    assert applied.log == ["reset"]


async def test_a_follower_not_run_has_not_caught_up(store, applied):
    """Before the first read nothing is known of the journal."""
    follower = Follower(store, applied, ManualClock())

    assert not follower.caught_up
    assert follower.mark == NOWHERE


async def test_a_long_journal_is_applied_in_order_over_pages(store, applied, records):
    """Every record comes once, in order of position, in batches of a bounded size."""
    end = await store.append(records(*range(1300)))

    async with following(store, applied) as follower:
        await follower.reach_end()

        assert (follower.position, follower.lag) == (end, 0)
    assert applied.log == ["reset", *(str(n) for n in range(1300))]
    assert applied.positions == sorted(applied.positions)
    assert max(map(len, applied.batches)) < 1300


@pytest.mark.parametrize("count", [511, 512, 513, 1024])
async def test_a_page_exactly_full_is_not_the_end_missed(store, applied, records, count):
    """The end is reached wherever it falls among the pages."""
    await store.append(records(*range(count)))

    async with following(store, applied) as follower:
        await follower.reach_end()

        assert follower.position == count
    assert len(applied.positions) == count


async def test_what_another_process_appends_arrives(store, applied, records, clock, tmp_path):
    """A follower applies what others append, without being told."""
    other = await opened(tmp_path / "nearhit.db", clock)
    async with following(store, applied) as follower:
        await follower.reach_end()

        position = await other.append(records("theirs"))
        await follower.reach(position)

    await other.aclose()
    assert applied.log == ["reset", "theirs"]


async def test_what_is_appended_later_arrives_once(store, applied, records):
    """Records before and after the first read are all applied, none twice."""
    await store.append(records("one", "two"))
    async with following(store, applied) as follower:
        await follower.reach_end()

        await follower.reach(await store.append(records("three")))

    assert applied.log == ["reset", "one", "two", "three"]


async def test_expired_records_are_passed(store, applied, records, clock):
    """What has ended is not applied, and the position passes it."""
    await store.append(records("short", lifetime_s=10))
    await store.append(records("long"))
    end = await store.append(records("short too", lifetime_s=10))
    clock.advance(seconds=10)

    async with following(store, applied) as follower:
        await follower.reach_end()

        assert (follower.position, follower.lag) == (end, 0)
    assert applied.log == ["reset", "long"]


async def test_a_purged_journal_is_passed_to_its_end(store, applied, records, clock):
    """Where everything was trimmed the end is still reached."""
    end = await store.append(records(*range(600), lifetime_s=10))
    clock.advance(seconds=10)
    await store.purge()

    async with following(store, applied) as follower:
        await follower.reach_end()

        assert follower.position == end


async def test_another_generation_is_read_from_its_start(store, applied, records, clock, tmp_path):
    """Another journal resets once, then is applied from its first record."""
    journal = Interruptible(store)
    other = await opened(tmp_path / "another.db", clock)
    await store.append(records("old"))
    end = await other.append(records("new one", "new two", "new three"))
    async with following(journal, applied) as follower:
        await follower.reach_end()

        journal.store = other
        await follower.reach(end)

        assert follower.rebuilds == 1
        assert follower.mark == Mark((await other.read(0, 1)).generation, end)
    await other.aclose()
    assert applied.log == ["reset", "old", "reset", "new one", "new two", "new three"]


async def test_a_journal_that_ends_before_our_position_is_read_anew(
    store, applied, records, clock, tmp_path
):
    """A copy put back with the same generation resets once, then is applied from its start."""
    await store.append(records("kept"))
    await store.aclose()
    copy = store.path.with_name(store.path.name.replace("nearhit", "copy"))
    copy.write_bytes(store.path.read_bytes())
    grown = await opened(tmp_path / "nearhit.db", clock)
    restored = await opened(tmp_path / "copy.db", clock)
    await grown.append(records("lost", "lost too"))
    journal = Interruptible(grown)
    async with following(journal, applied) as follower:
        await follower.reach_end()

        journal.store = restored
        await wait_for(lambda: applied.log[-2:] == ["reset", "kept"])

        assert (follower.position, follower.lag, follower.caught_up) == (1, 0, True)
    await grown.aclose()
    await restored.aclose()
    assert applied.log == ["reset", "kept", "lost", "lost too", "reset", "kept"]


async def test_the_view_is_told_the_name_before_the_records(store, applied, records):
    """Parts know which journal a position is of before they see the first one."""
    await store.append(records("one"))
    async with following(store, applied) as follower:
        await follower.reach_end()

    assert applied.generations == [(await store.read(0, 1)).generation]
    assert applied.log[0] == "reset"


async def test_a_journal_read_for_the_first_time_is_no_rebuild(store, applied, records):
    """Only a journal in place of another one is counted."""
    await store.append(records("one"))
    async with following(store, applied) as follower:
        await follower.reach_end()

        assert follower.rebuilds == 0


async def test_another_journal_has_to_be_caught_up_with(store, applied, records, clock, tmp_path):
    """Until the new journal's end the view is not whole, whatever was whole before."""
    door = Interruptible(store)
    other = await opened(tmp_path / "another.db", clock)
    await store.append(records("old"))
    await other.append(records(*range(600)))
    whole = []
    async with following(door, applied) as follower:
        await follower.reach_end()

        applied.on_apply = lambda: whole.append(follower.caught_up)
        door.store = other
        await follower.reach(600)

        assert follower.caught_up
    await other.aclose()
    assert whole == [False, False]


async def test_a_follower_tells_whether_its_store_answers(store, applied):
    """Readiness shows it; a search need not ask the store for that."""
    door = Interruptible(store)
    async with following(door, applied) as follower:
        await follower.reach_end()
        door.away = True
        await wait_for(lambda: not follower.reachable)
        door.away = False

        await wait_for(lambda: follower.reachable)


async def test_a_store_that_comes_back_is_followed_again(store, applied, records):
    """While the store is away nothing is lost, and afterwards nothing comes twice."""
    door = Interruptible(store)
    await store.append(records("before"))
    async with following(door, applied) as follower:
        await follower.reach_end()
        door.away = True
        position = await store.append(records("meanwhile"))
        await wait_for(lambda: door.refused > 0)
        door.away = False

        await follower.reach(position)

    assert applied.log == ["reset", "before", "meanwhile"]


async def test_a_store_away_from_the_start_is_followed_once_it_is_there(store, applied, records):
    """A follower may start before its store, and has not caught up until then."""
    door = Interruptible(store)
    door.away = True
    await store.append(records("one"))
    async with following(door, applied) as follower:
        await wait_for(lambda: door.refused > 0)
        assert not follower.caught_up
        door.away = False

        await follower.reach_end()

    assert applied.log == ["reset", "one"]


async def test_reach_waits_until_a_position_is_applied(store, applied, records):
    """Reach returns no sooner than the record can be seen."""
    async with following(store, applied) as follower:
        await follower.reach_end()
        waiting = asyncio.create_task(follower.reach(1))
        await asyncio.sleep(0)
        assert not waiting.done()

        await store.append(records("one"))
        await waiting

        assert applied.log == ["reset", "one"]


async def test_reach_of_a_position_already_applied_returns(store, applied, records):
    """What has been applied need not be waited for."""
    position = await store.append(records("one"))
    async with following(store, applied) as follower:
        await follower.reach_end()

        await follower.reach(position)


@pytest.mark.parametrize("turns", range(6))
async def test_a_follower_woken_and_cancelled_at_once_ends(store, applied, turns):
    """A cancellation is never lost, at whatever moment it meets a wake-up."""
    async with asyncio.timeout(PATIENCE_S):
        follower = Follower(store, applied, ManualClock())
        running = asyncio.create_task(follower.run())
        await follower.reach_end()
        await asyncio.sleep(0.005)
        await asyncio.gather(follower.reach(0))
        for _ in range(turns):
            await asyncio.sleep(0)

        running.cancel()
        done, _ = await asyncio.wait([running], timeout=1)

        assert done


async def wait_for(reached: Callable[[], bool]) -> None:
    """Return once a state is reached; whoever calls bounds the wait."""
    while not reached():
        await asyncio.sleep(0.001)
