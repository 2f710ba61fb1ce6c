"""The outbox: fresh rankings reach the store, now or when it is back."""

from dataclasses import replace

import pytest

from cache.errors import JournalReplaced, StoreFull, StoreUnavailable
from cache.journal.notices import Deletion
from cache.journal.records import Mark, RecordKind
from cache.sharing.outbox import Outbox, OutboxStatistics
from tests.cache.examples import SCOPE, draft, pool
from tests.cache.replicas import Replica, replica, running, wait_for

pytestmark = pytest.mark.anyio


@pytest.fixture
def outbox(ours: Replica) -> Outbox:
    return ours.memory.outbox


async def refused(outbox: Outbox, *drafts: object) -> None:
    """Have the store refuse drafts, so that they wait."""
    for one in drafts:
        with pytest.raises(StoreUnavailable):
            await outbox.write(one)


async def delivered(one: Replica) -> None:
    """Run a replica's outbox until nothing waits any more."""
    outbox = one.memory.outbox
    async with running(outbox.run()):
        await wait_for(lambda: outbox.statistics().waiting == 0)
    await one.catch_up()


async def test_a_ranking_is_written_at_once(ours, others, outbox):
    """Where the store is there, nothing waits, and the position tells where it stands."""
    position = await outbox.write(draft())

    await others.catch_up()
    assert position == others.memory.mark().position
    assert others.queries() == {"a tiger"}
    assert outbox.statistics() == OutboxStatistics(waiting=0, delivered=0, dropped=0)


async def test_the_pool_goes_first(ours, outbox):
    """No replica ever reads of an entry whose pool it cannot have."""
    await outbox.write(draft())

    page = await ours.file.read(0, 10)
    assert [one.record.kind for one in page.records] == [RecordKind.POOL, RecordKind.ENTRY]


async def test_a_pool_that_does_not_get_there_holds_its_entry_back(ours, outbox):
    """An entry without its pool would be a hit that cannot be served."""

    async def take_away() -> None:
        ours.door.read_only = True

    ours.door.before("put", take_away)

    await refused(outbox, draft())

    assert (await ours.file.read(0, 10)).end == 0


async def test_what_the_store_refused_is_delivered_when_it_is_back(ours, others, outbox):
    """An outage costs the other replicas time, not the answers of this one."""
    ours.door.away = True
    await refused(outbox, draft("one"), draft("two"))
    ours.door.away = False

    await delivered(ours)

    await others.catch_up()
    assert others.queries() == {"one", "two"}
    assert await others.memory.pools.current(pool().key)
    assert outbox.statistics() == OutboxStatistics(waiting=0, delivered=2, dropped=0)


async def test_an_outbox_keeps_trying(ours, others, outbox):
    """However late the store comes back, it is tried again and again."""
    ours.door.away = True
    await refused(outbox, draft())
    tried = ours.door.calls["get"]

    async with running(outbox.run()):
        await wait_for(lambda: ours.door.calls["get"] >= tried + 3)
        ours.door.away = False
        await wait_for(lambda: outbox.statistics().delivered == 1)

    await others.catch_up()
    assert others.queries() == {"a tiger"}


async def test_what_was_delivered_is_not_delivered_again(ours, outbox):
    """Each answer makes one entry."""
    ours.door.away = True
    await refused(outbox, draft())
    ours.door.away = False

    await delivered(ours)
    end = (await ours.file.read(0, 10)).end
    await delivered(ours)

    assert (await ours.file.read(0, 10)).end == end


async def test_beyond_its_bound_the_oldest_goes(ours, others):
    """An outage of hours must not fill memory."""
    memory = ours.memory
    outbox = memory.outbox = Outbox(memory.entries, memory.pools, ours.clock, most=2)
    ours.door.away = True
    await refused(outbox, *(draft(query) for query in ("one", "two", "three")))
    statistics = outbox.statistics()
    ours.door.away = False

    await delivered(ours)

    await others.catch_up()
    assert statistics == OutboxStatistics(waiting=2, delivered=0, dropped=1)
    assert others.queries() == {"two", "three"}


async def test_a_query_ranked_again_waits_once(ours, others, outbox):
    """The newer of two rankings is the one to be remembered."""
    ours.door.away = True
    await refused(outbox, draft(created_at=1.0), draft(created_at=2.0))
    waiting = outbox.statistics().waiting
    ours.door.away = False

    await delivered(ours)

    await others.catch_up()
    assert waiting == 1
    assert others.memory.entries.exact(SCOPE, "tiger", "a tiger").created_at == 2.0


async def test_a_ranking_made_while_an_older_one_is_delivered_follows_it(ours, others, outbox):
    """What is offered meanwhile is not mistaken for what has just been delivered."""

    async def rank_again() -> None:
        ours.door.away = True
        await refused(outbox, draft(created_at=2.0))
        ours.door.away = False

    ours.door.away = True
    await refused(outbox, draft(created_at=1.0))
    ours.door.away = False
    await ours.fetch(pool())
    ours.door.before("append", rank_again)

    await delivered(ours)

    await others.catch_up()
    assert others.memory.entries.exact(SCOPE, "tiger", "a tiger").created_at == 2.0


async def test_what_has_ended_is_dropped(ours, outbox, clock):
    """A ranking whose pool is over is no use to anybody."""
    ours.door.away = True
    await refused(outbox, draft(of=pool(lifetime_s=60)))
    clock.advance(seconds=60)
    ours.door.away = False

    await delivered(ours)

    assert (await ours.file.read(0, 10)).end == 0
    assert outbox.statistics() == OutboxStatistics(waiting=0, delivered=0, dropped=1)


async def test_what_was_deleted_meanwhile_is_not_delivered(ours, others, outbox):
    """An outbox must not bring back what somebody deleted during the outage."""
    ours.door.read_only = True
    begun = ours.memory.mark()
    await refused(outbox, draft("deleted", begun=begun), draft("other", tag="cat", begun=begun))
    await others.memory.delete(Deletion(tag="tiger"))
    await ours.catch_up()
    ours.door.read_only = False

    await delivered(ours)

    await others.catch_up()
    assert others.queries() == ours.queries() == {"other"}
    assert outbox.statistics() == OutboxStatistics(waiting=0, delivered=1, dropped=0)


async def test_what_was_made_under_an_old_journal_is_delivered_into_the_new(
    ours, outbox, tmp_path, clock
):
    """A store that comes back empty gets what this replica has."""
    ours.door.away = True
    await refused(outbox, draft(begun=Mark("some older journal", 99)))
    async with replica(tmp_path, clock, name="another") as others:
        ours.door.store = others.file
        ours.door.away = False

        await delivered(ours)

        await others.catch_up()
        assert others.memory.entries.exact(SCOPE, "tiger", "a tiger").since == 0
        assert await others.memory.pools.current(pool().key)


async def test_a_full_store_is_told_of(ours, outbox):
    """Somebody has to make room; until then the ranking waits."""
    told = []
    outbox._on_full = lambda: told.append(True)
    ours.door.full = True

    with pytest.raises(StoreFull):
        await outbox.write(draft())

    assert told == [True]
    assert outbox.statistics().waiting == 1


async def test_a_journal_that_is_replaced_again_and_again_is_an_outage(ours, outbox):
    """The caller knows one kind of trouble, and the ranking waits as in any other."""

    async def replaced(*_: object, **__: object) -> int:
        raise JournalReplaced("yet another")

    ours.door.append = replaced

    await refused(outbox, replace(draft(), begun=ours.memory.mark()))

    assert outbox.statistics().waiting == 1


async def test_what_is_stored_meanwhile_is_not_replaced_by_what_waited(ours, others, outbox):
    """An older ranking of the same query, refused earlier, has had its day."""
    ours.door.away = True
    await refused(outbox, draft(created_at=1.0))
    ours.door.away = False

    await outbox.write(draft(created_at=2.0))
    await delivered(ours)

    await others.catch_up()
    assert others.memory.entries.exact(SCOPE, "tiger", "a tiger").created_at == 2.0
    assert outbox.statistics() == OutboxStatistics(waiting=0, delivered=0, dropped=0)
