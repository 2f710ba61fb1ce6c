"""The worker: every accepted call ends, kinds take turns, the queue is bounded."""

import asyncio
import queue
import threading

import anyio
import numpy as np
import pytest

from service.encoders.worker import EncoderWorker, KindStatistics, Work
from service.errors import EncoderClosed, EncoderFailed, Overloaded

pytestmark = pytest.mark.anyio

PATIENCE_S = 10


class Steps:
    """A batch function that waits in each batch until the test lets it go on."""

    def __init__(self):
        self._begun = queue.SimpleQueue()
        self._gate = threading.Semaphore(0)
        self.threads = set()

    def __call__(self, items):
        """Run a batch; an item that is an exception is raised."""
        self.threads.add(threading.current_thread().name)
        self._begun.put(list(items))
        assert self._gate.acquire(timeout=PATIENCE_S)
        for item in items:
            if isinstance(item, BaseException):
                raise item
        return np.array([[item] for item in items], np.float32)

    def let(self, batches=1):
        """Let batches go on."""
        self._gate.release(batches)

    async def begun(self):
        """Return the items of the next batch as it begins."""
        return await asyncio.to_thread(self._begun.get, timeout=PATIENCE_S)


class Ticks:
    """A clock that a second passes at each look."""

    def __init__(self):
        self._time = 0.0

    def now(self):
        """Return the time without looking."""
        return self._time

    def monotonic(self):
        """Return the time a second on."""
        self._time += 1
        return self._time


@pytest.fixture
def steps():
    """The batch function of both kinds."""
    return Steps()


@pytest.fixture
async def worker(steps):
    """A worker of texts (three a batch) and images (two a batch), six waiting at most."""
    kinds = {"texts": Work(steps, 3), "images": Work(steps, 2)}
    async with EncoderWorker("test", kinds, queue=6, clock=Ticks()) as worker:
        yield worker
        steps.let(100)


async def call(worker, kind, *items):
    """Submit in a task of its own, and go on when it waits."""
    task = asyncio.create_task(worker.submit(kind, items))
    await anyio.wait_all_tasks_blocked()
    return task


async def test_a_call_gets_its_rows(worker, steps):
    """A call's answer has one row an item, in order."""
    task = await call(worker, "texts", 1, 2, 3)
    steps.let()

    assert (await task).tolist() == [[1], [2], [3]]


async def test_waiting_callers_share_a_batch_and_get_their_own_rows(worker, steps):
    """What waits runs together; each caller gets what it asked for."""
    first = await call(worker, "texts", 0)
    await steps.begun()
    pair = await call(worker, "texts", 1, 2)
    single = await call(worker, "texts", 3)
    steps.let(2)

    assert await steps.begun() == [1, 2, 3]
    assert [(await task).tolist() for task in (first, pair, single)] == [[[0]], [[1], [2]], [[3]]]


async def test_a_call_beyond_a_batch_is_split(worker, steps):
    """A call larger than a batch runs in several and is answered whole."""
    task = await call(worker, "images", 1, 2, 3, 4, 5)
    steps.let(3)

    assert [await steps.begun() for _ in range(3)] == [[1, 2], [3, 4], [5]]
    assert (await task).tolist() == [[1], [2], [3], [4], [5]]


async def test_texts_wait_behind_one_batch_of_images_at_most(worker, steps):
    """Kinds take turns: a text is next, however many images wait."""
    images = await call(worker, "images", 1, 2, 3, 4, 5, 6)
    await steps.begun()
    text = await call(worker, "texts", 9)
    steps.let(4)

    assert await steps.begun() == [9]
    await asyncio.gather(images, text)


async def test_images_are_not_starved_by_texts(worker, steps):
    """Taking turns works the other way round too."""
    first = await call(worker, "texts", 1, 2, 3)
    await steps.begun()
    second = await call(worker, "texts", 4, 5, 6)
    images = await call(worker, "images", 7)
    steps.let(3)

    assert await steps.begun() == [7]
    await asyncio.gather(first, second, images)


async def test_a_full_queue_refuses_at_once(worker, steps):
    """A call the queue has no room for is refused, and told when to come again."""
    running = await call(worker, "texts", 0)
    await steps.begun()
    waiting = await call(worker, "images", 1, 2, 3, 4, 5)

    with pytest.raises(Overloaded) as refused:
        await worker.submit("texts", [6, 7])

    assert refused.value.retry_after_s == 1
    steps.let(4)
    await asyncio.gather(running, waiting)


async def test_a_call_beyond_the_queue_is_taken_where_nothing_waits(worker, steps):
    """A pool larger than the queue is encoded all the same, or it never could be."""
    task = await call(worker, "images", *range(10))
    steps.let(5)

    assert len(await task) == 10


async def test_a_failed_batch_ends_its_calls_with_the_cause(worker, steps):
    """A batch's failure reaches its callers as EncoderFailed, with the cause."""
    cause = MemoryError("no room")
    task = await call(worker, "texts", cause)
    steps.let()

    with pytest.raises(EncoderFailed) as failed:
        await task

    assert failed.value.__cause__ is cause


async def test_a_failed_batch_does_not_poison_the_next(worker, steps):
    """The batch after a failed one runs as if nothing had been."""
    bad = await call(worker, "texts", ValueError("bad"))
    await steps.begun()
    good = await call(worker, "texts", 1)
    steps.let(2)

    await asyncio.wait([bad])
    assert (await good).tolist() == [[1]]
    assert isinstance(bad.exception(), EncoderFailed)


async def test_the_rest_of_a_failed_call_is_not_computed(worker, steps):
    """A split call that failed leaves no further batches."""
    bad = await call(worker, "images", ValueError("bad"), 2, 3, 4)
    await steps.begun()
    good = await call(worker, "images", 9)
    steps.let(2)

    assert await steps.begun() == [9]
    assert (await good).tolist() == [[9]]
    assert isinstance(bad.exception(), EncoderFailed)


async def test_even_an_exit_in_a_batch_leaves_the_worker_alive(worker, steps):
    """What would end a thread ends only its batch."""
    bad = await call(worker, "texts", SystemExit(1))
    steps.let(2)

    await asyncio.wait([bad])
    assert isinstance(bad.exception(), EncoderFailed)
    assert (await worker.submit("texts", [1])).tolist() == [[1]]


async def test_a_batch_of_too_few_rows_fails():
    """Rows that cannot be told apart are nobody's."""
    kinds = {"texts": Work(lambda _: np.zeros((1, 2), np.float32), 4)}
    async with EncoderWorker("test", kinds, queue=4) as worker:
        with pytest.raises(EncoderFailed):
            await worker.submit("texts", ["a", "b"])


async def test_a_cancelled_call_is_not_computed(worker, steps):
    """A caller that goes before its turn costs nothing and leaves its room."""
    running = await call(worker, "texts", 0)
    await steps.begun()
    gone = await call(worker, "texts", 1, 2, 3)
    later = await call(worker, "texts", 4)

    gone.cancel()
    await anyio.wait_all_tasks_blocked()

    assert worker.statistics().waiting == 1
    steps.let(2)
    assert await steps.begun() == [4]
    await asyncio.gather(running, later)


async def test_a_call_cancelled_in_its_batch_harms_nobody(worker, steps):
    """A caller that goes while its batch runs takes nothing from the others in it."""
    first = await call(worker, "texts", 0)
    await steps.begun()
    gone = await call(worker, "texts", 1)
    stays = await call(worker, "texts", 2)
    steps.let()
    await steps.begun()

    gone.cancel()
    steps.let()

    assert (await stays).tolist() == [[2]]
    await asyncio.gather(first)


async def test_closing_ends_callers_that_wait(worker, steps):
    """At shutdown the running batch is finished and everybody else is told."""
    running = await call(worker, "texts", 0)
    await steps.begun()
    waiting = await call(worker, "texts", 1)
    steps.let()

    await worker.aclose()

    assert (await running).tolist() == [[0]]
    with pytest.raises(EncoderClosed):
        await asyncio.wait_for(waiting, PATIENCE_S)


async def test_closing_ends_a_call_that_has_begun_but_not_all(worker, steps):
    """A split call is not left waiting for batches that never come."""
    task = await call(worker, "images", 1, 2, 3)
    await steps.begun()
    steps.let()

    await worker.aclose()

    with pytest.raises(EncoderClosed):
        await asyncio.wait_for(task, PATIENCE_S)


async def test_a_closed_worker_takes_no_calls(worker):
    """After closing, a call is refused at once."""
    await worker.aclose()

    with pytest.raises(EncoderClosed):
        await worker.submit("texts", [1])


async def test_a_worker_not_begun_takes_no_calls():
    """Nothing runs before the owner has begun it."""
    worker = EncoderWorker("test", {"texts": Work(np.zeros, 1)}, queue=1)

    with pytest.raises(EncoderClosed):
        await worker.submit("texts", [1])


async def test_a_lost_thread_ends_everybody(worker, steps):
    """Where the thread takes no more work, no caller waits for it for ever."""
    first = await call(worker, "texts", 0)
    await steps.begun()
    second = await call(worker, "texts", 1, 2, 3)
    third = await call(worker, "images", 4)
    worker._executor.shutdown(wait=False)
    steps.let()

    await asyncio.wait([first, second, third], timeout=PATIENCE_S)

    assert (await first).tolist() == [[0]]
    assert {type(second.exception()), type(third.exception())} == {EncoderFailed, EncoderClosed}
    with pytest.raises(EncoderClosed):
        await worker.submit("texts", [1])


async def test_batches_run_in_one_named_thread(worker, steps):
    """All batches of all kinds run in the worker's own thread."""
    steps.let(2)
    await worker.submit("texts", [1])
    await worker.submit("images", [1])

    assert steps.threads == {"nearhit-test_0"}


async def test_idle_says_whether_a_call_would_start_at_once(worker, steps):
    """The worker is idle but while a batch runs, and not after it has closed."""
    before = worker.idle
    task = await call(worker, "texts", 1)
    during = worker.idle
    steps.let()
    await task
    after = worker.idle
    await worker.aclose()

    assert (before, during, after, worker.idle) == (True, False, True, False)


async def test_statistics_count_what_ran_and_what_waits(worker, steps):
    """Batches, items, failures and seconds are counted by kind, waiting items in all."""
    steps.let(3)
    await worker.submit("images", [1, 2, 3])
    with pytest.raises(EncoderFailed):
        await worker.submit("texts", [ValueError("bad")])
    for _ in range(3):
        await steps.begun()
    running = await call(worker, "texts", 1)
    await steps.begun()
    waiting = await call(worker, "images", 2, 3)

    statistics = worker.statistics()

    assert (statistics.waiting, statistics.busy) == (2, True)
    assert statistics.kinds["images"] == KindStatistics(
        waiting=2, batches=2, items=3, failed_batches=0, encode_s=2
    )
    assert statistics.kinds["texts"] == KindStatistics(
        waiting=0, batches=0, items=0, failed_batches=1, encode_s=1
    )
    steps.let(2)
    await asyncio.gather(running, waiting)
