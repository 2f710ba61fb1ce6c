"""Single flight: one run for one key, however many ask."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from cache.errors import FlightsFull
from cache.sharing.flight import SingleFlight

pytestmark = pytest.mark.anyio

PATIENCE_S = 5


class Work:
    """Work that counts its runs and ends when told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.started = 0
        self.ended = 0
        self.finish = asyncio.Event()
        self._failure = failure

    async def __call__(self) -> int:
        """Return the number of this run, or fail."""
        self.started += 1
        await self.finish.wait()
        self.ended += 1
        if self._failure:
            raise self._failure
        return self.started


@pytest.fixture
async def complaints() -> AsyncIterator[list[dict[str, object]]]:
    """What the event loop complains about, as of an exception nobody has seen."""
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    seen: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: seen.append(context))
    yield seen
    loop.set_exception_handler(handler)


async def settle() -> None:
    """Let every task run as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


def ask(flights: SingleFlight[str, int], key: str, work: Work) -> asyncio.Task[int]:
    return asyncio.create_task(flights.do(key, work))


async def test_callers_of_one_key_share_one_run():
    """However many ask, the work runs once and all get its outcome."""
    work = Work()
    async with SingleFlight[str, int](running=1, waiting=0) as flights:
        callers = [ask(flights, "tiger", work) for _ in range(50)]
        await settle()

        work.finish.set()

        assert await asyncio.gather(*callers) == [1] * 50
    assert work.started == 1


async def test_two_keys_run_beside_each_other():
    """Different keys do not wait for each other within the limit."""
    tiger, horse = Work(), Work()
    async with SingleFlight[str, int](running=2, waiting=0) as flights:
        first, second = ask(flights, "tiger", tiger), ask(flights, "horse", horse)
        await settle()

        horse.finish.set()
        assert await second == 1

        assert not first.done()
        tiger.finish.set()
        await first


async def test_an_outcome_is_not_kept():
    """Who asks after the end starts another run."""
    work = Work()
    work.finish.set()
    async with SingleFlight[str, int](running=1, waiting=0) as flights:
        await flights.do("tiger", work)

        assert await flights.do("tiger", work) == 2
        assert len(flights) == 0


async def test_work_is_finished_when_all_callers_have_gone():
    """Work once started is not wasted because nobody waits any more."""
    work = Work()
    async with SingleFlight[str, int](running=1, waiting=0) as flights:
        caller = ask(flights, "tiger", work)
        await settle()
        caller.cancel()
        await settle()

        work.finish.set()
        await settle()

        assert work.ended == 1
        assert len(flights) == 0


async def test_work_that_need_not_be_finished_ends_with_its_last_caller():
    """Nothing is computed for nobody, and the place is free at once."""
    work, next_work = Work(), Work()
    next_work.finish.set()
    async with SingleFlight[str, int](running=1, waiting=0, finish=False) as flights:
        callers = [ask(flights, "tiger", work) for _ in range(2)]
        await settle()
        for caller in callers:
            caller.cancel()
        await settle()

        assert (work.started, work.ended, len(flights)) == (1, 0, 0)
        assert await flights.do("tiger", next_work) == 1


async def test_who_asks_while_work_is_given_up_begins_anew():
    """A flight its last caller has cancelled is nobody's to join, though it has not ended yet."""
    given_up, anew = Work(), Work()
    anew.finish.set()
    async with SingleFlight[str, int](running=2, waiting=0, finish=False) as flights:
        leaver = ask(flights, "tiger", given_up)
        await settle()
        leaver.cancel()
        await asyncio.sleep(0)

        assert await flights.do("tiger", anew) == 1
        assert len(flights) == 0


@pytest.mark.parametrize("finish", [True, False])
async def test_a_caller_that_leaves_does_not_disturb_the_others(finish):
    """Cancelling one caller leaves the outcome to the rest."""
    work = Work()
    async with SingleFlight[str, int](running=1, waiting=0, finish=finish) as flights:
        leaver, stayer = ask(flights, "tiger", work), ask(flights, "tiger", work)
        await settle()
        leaver.cancel()
        work.finish.set()

        assert await stayer == 1
        assert leaver.cancelled()


async def test_a_failure_reaches_every_caller():
    """All who asked are told what went wrong."""
    work = Work(OSError("no network"))
    async with SingleFlight[str, int](running=1, waiting=0) as flights:
        callers = [ask(flights, "tiger", work) for _ in range(3)]
        await settle()
        work.finish.set()

        outcomes = await asyncio.gather(*callers, return_exceptions=True)

        assert [str(one) for one in outcomes] == ["no network"] * 3


async def test_a_failure_is_not_kept():
    """Who asks after a failure starts another run."""
    failing, sound = Work(OSError("no network")), Work()
    failing.finish.set()
    sound.finish.set()
    async with SingleFlight[str, int](running=1, waiting=0) as flights:
        with pytest.raises(OSError, match="no network"):
            await flights.do("tiger", failing)

        assert await flights.do("tiger", sound) == 1


async def test_a_failure_nobody_waits_for_is_no_complaint(complaints):
    """Work that fails after its callers have gone fails in silence."""
    work = Work(OSError("no network"))
    async with SingleFlight[str, int](running=1, waiting=0) as flights:
        caller = ask(flights, "tiger", work)
        await settle()
        caller.cancel()
        work.finish.set()
        await settle()

    del caller
    gc.collect()
    assert work.ended == 1
    assert complaints == []


async def test_one_key_too_many_is_refused_at_once():
    """Beyond running and waiting a new key is refused, not queued."""
    work = Work()
    async with SingleFlight[str, int](running=1, waiting=1) as flights:
        for key in ("tiger", "horse"):
            ask(flights, key, work)
        await settle()

        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(FlightsFull):
                await flights.do("cat", work)
        assert len(flights) == 2
        work.finish.set()


async def test_joining_works_where_starting_is_refused():
    """A key that is under way or waiting takes callers without bound."""
    work = Work()
    async with SingleFlight[str, int](running=1, waiting=1) as flights:
        for key in ("tiger", "horse"):
            ask(flights, key, work)
        await settle()
        joined = [ask(flights, key, work) for key in ("tiger", "horse") for _ in range(10)]
        await settle()

        work.finish.set()

        assert sorted(await asyncio.gather(*joined)) == [1] * 10 + [2] * 10


async def test_places_become_free_again():
    """After an end, or a failure, another key may start."""
    work = Work(OSError("no network"))
    work.finish.set()
    async with SingleFlight[str, int](running=1, waiting=0) as flights:
        for key in ("tiger", "horse", "cat"):
            with pytest.raises(OSError, match="no network"):
                await flights.do(key, work)

    assert work.started == 3


async def test_no_more_keys_run_than_may():
    """What waits for its turn has not started, and starts when a place is free."""
    works = [Work() for _ in range(3)]
    async with SingleFlight[str, int](running=1, waiting=2) as flights:
        callers = [ask(flights, str(n), work) for n, work in enumerate(works)]
        await settle()
        assert [work.started for work in works] == [1, 0, 0]

        works[0].finish.set()
        await callers[0]
        await settle()

        assert [work.started for work in works] == [1, 1, 0]
        for work in works:
            work.finish.set()


@pytest.mark.parametrize("turns", [1, 2, 10])
async def test_leaving_cancels_and_leaves_nothing(turns):
    """Whoever still waits is told at once, however far the work had come."""
    work, before = Work(), asyncio.all_tasks()
    async with (
        asyncio.timeout(PATIENCE_S),
        SingleFlight[str, int](running=1, waiting=1) as flights,
    ):
        callers = [ask(flights, key, work) for key in ("tiger", "tiger", "horse")]
        for _ in range(turns):
            await asyncio.sleep(0)

    done, _ = await asyncio.wait(callers, timeout=PATIENCE_S)
    assert len(done) == 3
    assert all(caller.cancelled() for caller in callers)
    assert work.ended == len(flights) == 0
    assert asyncio.all_tasks() == before
