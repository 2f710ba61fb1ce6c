"""Single flight across replicas: one leads, the others get what it brings."""

import asyncio
from collections.abc import Callable

import pytest

from cache.errors import LeaseLost
from cache.journal.records import Record
from cache.sharing import lead
from cache.sharing.lead import Lead
from cache.stores.protocol import Lease
from cache.stores.sqlite import SqliteStore
from tests.cache.away import Interruptible
from tests.cache.examples import DAY_S, NOW
from tests.cache.replicas import wait_for

pytestmark = pytest.mark.anyio

TTL_S = 6.0


class Board:
    """Where what was brought is seen by every replica, and work that puts it there when told."""

    def __init__(self) -> None:
        self.brought: str | None = None
        self.error: Exception | None = None
        self.leases: list[Lease | None] = []
        self.finish = asyncio.Event()
        self.finish.set()

    async def arrived(self) -> str | None:
        """Return what was brought, or raise what it came to."""
        if self.error:
            raise self.error
        return self.brought

    def work(self, outcome: str | Exception) -> Callable[[Lease | None], object]:
        """Return work that brings this, or fails with it."""

        async def bring(lease: Lease | None) -> str:
            self.leases.append(lease)
            await self.finish.wait()
            if isinstance(outcome, Exception):
                raise outcome
            self.brought = outcome
            return outcome

        return bring


async def at_once(position: int) -> None:
    """Reach any position."""


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def door(store: SqliteStore) -> Interruptible:
    return Interruptible(store)


@pytest.fixture
def ours(door: Interruptible) -> Lead:
    return Lead(door, at_once, turns=4, ttl_s=TTL_S)


@pytest.fixture
def others(store: SqliteStore) -> Lead:
    """The lead as another replica has it."""
    return Lead(store, at_once, turns=4, ttl_s=TTL_S)


def do(lead: Lead, board: Board, outcome: str | Exception) -> asyncio.Task[str]:
    return asyncio.create_task(lead.do("fetch", board.arrived, board.work(outcome)))


async def test_who_comes_first_works_under_a_lease(ours, board):
    """The work knows the lease, so that what it brings can be fenced."""
    assert await do(ours, board, "mine") == "mine"
    assert [lease.name for lease in board.leases] == ["fetch"]


async def test_the_lease_is_given_back(ours, board, store):
    """The next one need not wait until it runs out."""
    await do(ours, board, "mine")

    assert await store.acquire("fetch", TTL_S)


async def test_what_is_there_is_not_worked_for(ours, board, door):
    """Nor is a lease taken; most of the time the outcome is at hand."""
    board.brought = "there"

    assert await do(ours, board, "mine") == "there"
    assert (board.leases, door.calls["acquire"]) == ([], 0)


async def test_the_others_wait_for_what_the_leader_brings(ours, others, board):
    """One works, all have it."""
    board.finish.clear()
    first = do(ours, board, "mine")
    await wait_for(lambda: board.leases)
    second = do(others, board, "theirs")
    await asyncio.sleep(0.05)

    board.finish.set()

    assert await asyncio.gather(first, second) == ["mine", "mine"]
    assert len(board.leases) == 1


async def test_what_the_work_came_to_elsewhere_is_raised_here(ours, store, board):
    """A refusal of the leader's is a refusal to those who wait."""
    await store.acquire("fetch", TTL_S)
    waiting = do(ours, board, "mine")
    await asyncio.sleep(0.05)

    board.error = OSError("no photos")

    with pytest.raises(OSError, match="no photos"):
        await waiting
    assert board.leases == []


async def test_a_leader_that_fails_is_followed_at_once(ours, others, board):
    """Its caller is told; whoever waits does the work, well before the lease would have ended."""
    board.finish.clear()
    first = do(ours, board, OSError("mine failed"))
    await wait_for(lambda: board.leases)
    second = do(others, board, "theirs")

    board.finish.set()

    with pytest.raises(OSError, match="mine failed"):
        await first
    assert await second == "theirs"


async def test_a_leader_that_dies_is_followed_after_its_lease(ours, store, board, door, clock):
    """Nobody works while it may be alive; then somebody does."""
    dead = await store.acquire("fetch", TTL_S)
    waiting = do(ours, board, "mine")
    clock.advance(seconds=TTL_S - 0.1)
    tries = door.calls["acquire"]
    await wait_for(lambda: door.calls["acquire"] >= tries + 2)
    while_alive = list(board.leases)

    clock.advance(seconds=0.2)

    assert await waiting == "mine"
    assert while_alive == []
    assert board.leases[0].token > dead.token


async def test_a_clock_that_steps_back_does_not_prolong_a_lease(ours, store, board, clock):
    """A dead leader's lease that would end in an hour is no lease."""
    await store.acquire("fetch", TTL_S)

    clock.step_back(seconds=3600)

    async with asyncio.timeout(5):
        assert await do(ours, board, "mine") == "mine"


async def test_a_lease_is_renewed_while_the_work_lasts(store, board, clock, door):
    """Slow work is not taken over, however long it takes."""
    short = Lead(door, at_once, turns=4, ttl_s=0.06)
    board.finish.clear()
    working = do(short, board, "mine")
    await wait_for(lambda: board.leases)
    for _ in range(4):
        renewed = door.calls["renew"]
        await wait_for(lambda seen=renewed: door.calls["renew"] > seen + 1)
        clock.advance(seconds=0.05)

        assert await store.acquire("fetch", TTL_S) is None

    board.finish.set()
    assert await working == "mine"


async def test_who_lost_the_lease_gives_out_what_the_other_brought(ours, board):
    """A replica that was stopped for a while has been replaced, and says what its successor has."""

    async def late(lease: Lease | None) -> str:
        board.brought = "theirs"
        raise LeaseLost("Somebody else has taken over.")

    assert await ours.do("fetch", board.arrived, late) == "theirs"


async def test_who_lost_the_lease_waits_for_whoever_has_it(ours, store, board, clock):
    """Until the successor has brought something there is nothing to give out."""
    taken = []

    async def late(lease: Lease | None) -> str:
        clock.advance(seconds=TTL_S)
        taken.append(await store.acquire("fetch", 1000))
        raise LeaseLost("Somebody else has taken over.")

    waiting = asyncio.create_task(ours.do("fetch", board.arrived, late))
    await wait_for(lambda: taken)
    await asyncio.sleep(0.05)
    waited = not waiting.done()
    board.brought = "theirs"

    assert await waiting == "theirs"
    assert waited


async def test_a_lease_lost_to_nobody_is_taken_again(ours, board, clock):
    """Where the successor has died too, the work is done after all."""
    runs = []

    async def work(lease: Lease | None) -> str:
        runs.append(lease)
        if len(runs) == 1:
            clock.advance(seconds=TTL_S)
            raise LeaseLost("It has run out.")
        return "mine"

    assert await ours.do("fetch", board.arrived, work) == "mine"
    assert runs[1].token > runs[0].token


async def test_without_its_store_every_replica_works_for_itself(ours, board, door):
    """A store that is away costs calls of the source, not answers."""
    door.away = True

    assert await do(ours, board, "mine") == "mine"
    assert board.leases == [None]


async def test_a_store_that_goes_away_meanwhile_does_not_disturb_the_work(door, board):
    """Neither renewing nor giving back is worth an error."""
    short = Lead(door, at_once, turns=4, ttl_s=0.03)
    board.finish.clear()
    working = do(short, board, "mine")
    await wait_for(lambda: board.leases)
    door.away = True
    await wait_for(lambda: door.refused >= 2)

    board.finish.set()

    assert await working == "mine"


async def test_before_working_the_journal_is_read_up_to_the_lease(store, board):
    """What the last holder brought may be on its way; it is not worked for again."""
    await store.append([Record("any", b"", NOW + DAY_S)] * 2)
    reached = []

    async def reach(position: int) -> None:
        reached.append(position)
        board.brought = "the last holder's"

    outcome = await do(Lead(store, reach, turns=4, ttl_s=TTL_S), board, "mine")

    assert (outcome, reached, board.leases) == ("the last holder's", [2], [])


async def test_a_journal_that_cannot_be_read_does_not_hold_up_the_work(store, board, monkeypatch):
    """Reading up to the lease has its time, then the work is done."""
    monkeypatch.setattr(lead, "_CATCH_UP_S", 0.02)

    async def never(position: int) -> None:
        await asyncio.Event().wait()

    assert await do(Lead(store, never, turns=4, ttl_s=TTL_S), board, "mine") == "mine"


async def test_work_that_is_cancelled_gives_its_lease_back(ours, board, store):
    """A replica that shuts down does not keep the others waiting."""
    board.finish.clear()
    working = do(ours, board, "mine")
    await wait_for(lambda: board.leases)

    working.cancel()
    await asyncio.wait([working])

    assert await store.acquire("fetch", TTL_S)


async def test_different_things_are_led_apart(ours, others, board):
    """One name's leader holds up nobody who does another thing."""
    board.finish.clear()
    first = do(ours, board, "mine")
    await wait_for(lambda: board.leases)

    async with asyncio.timeout(5):
        other = Board()
        assert await others.do("another", other.arrived, other.work("theirs")) == "theirs"

    board.finish.set()
    await first
