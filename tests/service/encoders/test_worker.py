"""The worker: every accepted call ends, kinds take turns, the queue is bounded."""

import asyncio
import queue
import threading

import anyio
import numpy as np
import pytest

from service.encoders.figures import Times
from service.encoders.lanes import Call, Lane
from service.encoders.worker import EncoderWorker, KindStatistics, Work
from service.errors import EncoderClosed, EncoderFailed, Overloaded
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

PATIENCE_S = 10


class Steps:
    """A batch function that waits in each batch until the test lets it go on."""

    def __init__(self, clock):
        self._clock = clock
        self._begun = queue.SimpleQueue()
        self._gate = threading.Semaphore(0)
        self.seconds = 0.0
        self.threads = set()

    def __call__(self, items):
        """Run a batch; an item that is an exception is raised."""
        self.threads.add(threading.current_thread().name)
        self._begun.put(list(items))
        assert self._gate.acquire(timeout=PATIENCE_S)
        self._clock.advance(seconds=self.seconds)
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


@pytest.fixture
def clock():
    """The worker's time."""
    return ManualClock()


@pytest.fixture
def steps(clock):
    """The batch function of both kinds."""
    return Steps(clock)


@pytest.fixture
async def worker(steps, clock):
    """A worker of texts (three a batch, four waiting at most) and images (two a batch)."""
    kinds = {"texts": Work(steps, 3, 4, "text"), "images": Work(steps, 2, None, "photo")}
    async with EncoderWorker("test", kinds, clock=clock) as worker:
        yield worker
        steps.let(100)


@pytest.fixture
async def broad(steps, clock):
    """A worker that runs two batches of images (four each) and one of texts at the same time."""
    kinds = {"texts": Work(steps, 3, 4, "text"), "images": Work(steps, 4, None, "photo", at_once=2)}
    async with EncoderWorker("broad", kinds, threads=3, clock=clock) as worker:
        yield worker
        steps.let(100)


def listed(results):
    """Return results as lists."""
    return [result.tolist() for result in results]


async def call(worker, kind, *items):
    """Submit in a task of its own, and go on when it waits."""
    task = asyncio.create_task(worker.submit(kind, items))
    await anyio.wait_all_tasks_blocked()
    return task


async def test_a_call_gets_its_rows(worker, steps):
    """A call's answer has one row an item, in order."""
    task = await call(worker, "texts", 1, 2, 3)
    steps.let()

    assert listed(await task) == [[1], [2], [3]]


async def test_waiting_callers_share_a_batch_and_get_their_own_rows(worker, steps):
    """What waits runs together; each caller gets what it asked for."""
    first = await call(worker, "texts", 10)
    await steps.begun()
    pair = await call(worker, "texts", 1, 2)
    single = await call(worker, "texts", 3)
    steps.let(2)

    assert await steps.begun() == [1, 2, 3]
    assert [listed(await task) for task in (first, pair, single)] == [[[10]], [[1], [2]], [[3]]]


async def test_a_call_beyond_a_batch_is_split(worker, steps):
    """A call larger than a batch runs in several and is answered whole."""
    task = await call(worker, "images", 1, 2, 3, 4, 5)
    steps.let(3)

    assert [await steps.begun() for _ in range(3)] == [[1, 2], [3, 4], [5]]
    assert listed(await task) == [[1], [2], [3], [4], [5]]


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
    running = await call(worker, "texts", 10)
    await steps.begun()
    waiting = await call(worker, "texts", 1, 2, 3)

    with pytest.raises(Overloaded) as refused:
        await worker.submit("texts", [6, 7])

    assert refused.value.retry_after_s == 1
    steps.let(2)
    await asyncio.gather(running, waiting)


async def test_a_call_beyond_the_queue_is_taken_where_nothing_waits(worker, steps):
    """More texts than the queue has room for are encoded all the same, or never could be."""
    task = await call(worker, "texts", *range(1, 9))
    steps.let(3)

    assert len(await task) == 8


async def test_images_wait_for_room_and_refuse_no_texts(worker, steps):
    """However many images wait, none is refused, and the texts' room is their own."""
    images = [await call(worker, "images", *range(1, 9)) for _ in range(3)]
    texts = await call(worker, "texts", 1, 2, 3, 4)
    steps.let(14)

    assert [len(rows) for rows in await asyncio.gather(*images, texts)] == [8, 8, 8, 4]


async def test_a_failure_reaches_its_caller_with_the_cause(worker, steps):
    """What the model raises reaches the item's caller as EncoderFailed, with the cause."""
    cause = MemoryError("no room")
    task = await call(worker, "texts", cause)
    steps.let()

    with pytest.raises(EncoderFailed, match="The model failed on this text") as failed:
        await task

    assert failed.value.__cause__ is cause


async def test_a_bad_item_fails_its_own_caller_only(worker, steps):
    """A failed batch is run again in halves, so that the others in it get their rows."""
    running = await call(worker, "texts", 10)
    await steps.begun()
    bad = ValueError("bad")
    good, failing, fine = [await call(worker, "texts", item) for item in (1, bad, 3)]
    steps.let(6)

    assert [await steps.begun() for _ in range(5)] == [[1, bad, 3], [1], [bad, 3], [bad], [3]]
    assert (listed(await good), listed(await fine)) == ([[1]], [[3]])
    await asyncio.wait([failing])
    assert failing.exception().__cause__ is bad
    await running


async def test_a_batch_without_memory_runs_in_halves():
    """Where the device has no memory for a batch, smaller ones are tried unheard."""
    tried = []

    def run(items):
        tried.append(len(items))
        if len(items) > 2:
            raise MemoryError
        return np.array([[item] for item in items], np.float32)

    async with EncoderWorker("test", {"images": Work(run, 8, None, "photo")}) as worker:
        rows = await worker.submit("images", [1, 2, 3, 4, 5])

    assert listed(rows) == [[1], [2], [3], [4], [5]]
    assert tried == [5, 2, 3, 1, 2]


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
async def test_a_row_without_direction_fails_its_own_caller_only(worker, steps, value):
    """A row that is not finite or has no length is one item's failure, and nothing runs again."""
    running = await call(worker, "images", 10)
    await steps.begun()
    failing = await call(worker, "images", value)
    good = await call(worker, "images", 2)
    steps.let(2)

    with pytest.raises(EncoderFailed, match="finds no direction for this photo"):
        await failing

    assert listed(await good) == [[2]]
    await running


async def test_the_rest_of_a_failed_call_is_not_computed(worker, steps):
    """A split call that failed leaves no further batches."""
    bad = await call(worker, "images", ValueError("bad"), 2, 3, 4)
    await steps.begun()
    good = await call(worker, "images", 9)
    steps.let(4)

    await asyncio.wait([bad])
    assert listed(await good) == [[9]]
    assert isinstance(bad.exception(), EncoderFailed)
    assert worker.statistics().kinds["images"].items == 2


async def test_even_an_exit_in_a_batch_leaves_the_worker_alive(worker, steps):
    """What would end a thread ends only its batch."""
    bad = await call(worker, "texts", SystemExit(1))
    steps.let(2)

    await asyncio.wait([bad])
    assert isinstance(bad.exception(), EncoderFailed)
    assert listed(await worker.submit("texts", [1])) == [[1]]


async def test_a_batch_of_another_number_of_rows_fails():
    """Rows that cannot be told apart are nobody's."""
    kinds = {"texts": Work(lambda _: np.ones((3, 2), np.float32), 4, 4, "text")}
    async with EncoderWorker("test", kinds) as worker:
        with pytest.raises(EncoderFailed):
            await worker.submit("texts", ["a", "b"])


async def test_what_work_has_cost_is_told_as_it_goes_on():
    """Who keeps what `spent` returns sees later batches too."""
    kinds = {"texts": Work(lambda texts: np.ones((len(texts), 2), np.float32), 4, 4, "text")}
    async with EncoderWorker("test", kinds) as worker:
        spent = worker.spent("texts")
        before = (spent.items, spent.mean_s)
        await worker.submit("texts", ["a", "b"])

        assert before == (0, 0)
        assert spent.items == 2
        assert spent.mean_s == worker.statistics().kinds["texts"].encode_s / 2


async def test_a_cancelled_call_is_not_computed(worker, steps):
    """A caller that goes before its turn costs nothing and leaves its room."""
    running = await call(worker, "texts", 10)
    await steps.begun()
    gone = await call(worker, "texts", 1, 2, 3)
    later = await call(worker, "texts", 4)

    gone.cancel()
    await anyio.wait_all_tasks_blocked()

    assert worker.statistics().kinds["texts"].waiting == 1
    steps.let(2)
    assert await steps.begun() == [4]
    await asyncio.gather(running, later)


async def test_a_call_cancelled_in_its_batch_harms_nobody(worker, steps):
    """A caller that goes while its batch runs takes nothing from the others in it."""
    first = await call(worker, "texts", 10)
    await steps.begun()
    gone = await call(worker, "texts", 1)
    stays = await call(worker, "texts", 2)
    steps.let()
    await steps.begun()

    gone.cancel()
    steps.let()

    assert listed(await stays) == [[2]]
    await asyncio.gather(first)


async def test_closing_ends_callers_that_wait(worker, steps):
    """At shutdown the running batch is finished and everybody else is told."""
    running = await call(worker, "texts", 10)
    await steps.begun()
    waiting = await call(worker, "texts", 1)
    steps.let()

    await worker.aclose()

    assert listed(await running) == [[10]]
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
    worker = EncoderWorker("test", {"texts": Work(np.zeros, 1, 1, "text")})

    with pytest.raises(EncoderClosed):
        await worker.submit("texts", [1])


async def test_a_lost_thread_ends_everybody(worker, steps):
    """Where the thread takes no more work, no caller waits for it for ever."""
    first = await call(worker, "texts", 10)
    await steps.begun()
    second = await call(worker, "texts", 1, 2, 3)
    third = await call(worker, "images", 4)
    worker._executor.shutdown(wait=False)
    steps.let()

    await asyncio.wait([first, second, third], timeout=PATIENCE_S)

    assert listed(await first) == [[10]]
    assert {type(second.exception()), type(third.exception())} == {EncoderClosed}
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
    """Batches with their sizes, encoded items and waiting items are counted by kind."""
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

    images = KindStatistics(waiting=2, batches=2, items=3, sizes={1: 1, 2: 1})
    texts = KindStatistics(waiting=0, batches=1, items=0, sizes={1: 1})
    assert statistics.kinds == {"images": images, "texts": texts}
    steps.let(2)
    await asyncio.gather(running, waiting)


async def test_statistics_tell_how_long_items_wait_and_batches_take(worker, steps):
    """An item waits while another's batch runs; both times are shown as percentiles."""
    steps.seconds = 4.0
    running = await call(worker, "texts", 1)
    await steps.begun()
    waiting = await call(worker, "texts", 2)
    steps.let(2)
    await asyncio.gather(running, waiting)

    texts = worker.statistics().kinds["texts"]

    assert texts.encode_s == 8
    assert texts.runs == Times(p50_s=4, p99_s=4)
    assert texts.waits == Times(p50_s=2, p99_s=pytest.approx(3.96))


async def test_nothing_is_held_back_while_idle(worker, steps, clock):
    """A text that comes to a worker at rest begins at once, whatever ran long ago."""
    steps.seconds = 4.0
    steps.let()
    await worker.submit("texts", [1, 2, 3])
    await steps.begun()
    clock.advance(seconds=1.0)

    task = await call(worker, "texts", 4)

    assert await steps.begun() == [4]
    steps.let()
    await task


async def test_a_small_batch_under_load_waits_for_more(worker, steps):
    """Right after a batch of three, a text waits until three are there."""
    steps.seconds = 4.0
    steps.let()
    await worker.submit("texts", [1, 2, 3])
    await steps.begun()

    few = [await call(worker, "texts", item) for item in (4, 5)]
    assert not worker.idle
    last = await call(worker, "texts", 6)

    assert await steps.begun() == [4, 5, 6]
    steps.let()
    await asyncio.gather(*few, last)


async def test_a_batch_is_held_back_for_a_quarter_of_the_last_one(worker, steps, clock):
    """Where no more come, what waits begins by itself when that time is over."""
    steps.seconds = 0.004
    steps.let()
    await worker.submit("texts", [1, 2, 3])
    await steps.begun()
    task = await call(worker, "texts", 4)
    held = worker.statistics().kinds["texts"].waiting

    clock.advance(seconds=0.001)

    assert (held, await steps.begun()) == (1, [4])
    steps.let()
    await task


async def test_what_is_held_back_holds_up_no_other_kind(worker, steps):
    """While texts wait for more of them, a photo begins."""
    steps.seconds = 4.0
    steps.let()
    await worker.submit("texts", [1, 2, 3])
    await steps.begun()
    text = await call(worker, "texts", 4)

    image = await call(worker, "images", 7)

    assert await steps.begun() == [7]
    steps.let(2)
    await asyncio.gather(text, image)


async def test_batches_of_one_kind_run_side_by_side(broad, steps):
    """What waits is shared out evenly among the threads, as many as the kind may have."""
    task = await call(broad, "images", 1, 2, 3, 4, 5, 6)
    begun = sorted([await steps.begun(), await steps.begun()])
    running = broad.statistics().kinds["images"].waiting

    assert (begun, running) == ([[1, 2, 3], [4, 5, 6]], 0)
    steps.let(2)
    assert listed(await task) == [[1], [2], [3], [4], [5], [6]]


async def test_a_text_begins_while_photos_run(broad, steps):
    """Photos leave a thread to texts, however many wait."""
    images = await call(broad, "images", *range(1, 21))
    photos = [await steps.begun(), await steps.begun()]

    text = await call(broad, "texts", 99)

    assert await steps.begun() == [99]
    assert [len(batch) for batch in photos] == [4, 4]
    steps.let(6)
    await asyncio.gather(images, text)


async def test_results_keep_their_order_though_batches_end_in_any(clock):
    """A call whose second batch ends before its first gets each item its own result."""
    second_is_done = threading.Event()

    def run(items):
        if 1 in items:
            assert second_is_done.wait(PATIENCE_S)
        else:
            second_is_done.set()
        return np.array([[item] for item in items], np.float32)

    kinds = {"images": Work(run, 2, None, "photo", at_once=2)}
    async with EncoderWorker("test", kinds, threads=2, clock=clock) as worker:
        results = await worker.submit("images", [1, 2, 3, 4])

    assert listed(results) == [[1], [2], [3], [4]]


async def test_a_caller_that_has_just_gone_is_not_computed(steps):
    """Between a caller's cancellation and its next step, a batch passes it over."""
    lane = Lane(Work(steps, 3, None, "text"))
    first, gone, last = [Call([n], asyncio.Future(), 0.0) for n in range(3)]
    for one in (first, gone, last):
        lane.join(one)
    first.answer.cancel()
    gone.answer.cancel()

    assert lane.may_run()
    assert lane.begin(0.0).items == [2]
    assert not lane.may_run()


async def test_a_thread_that_cannot_be_prepared_ends_everybody(clock):
    """No caller waits for threads that do not come."""

    def fail():
        raise OSError("no thread for you")

    kinds = {"texts": Work(lambda items: np.ones((len(items), 1), np.float32), 1, 9, "text")}
    async with EncoderWorker("test", kinds, on_thread=fail, clock=clock) as worker:
        calls = [asyncio.create_task(worker.submit("texts", [n])) for n in range(3)]
        await asyncio.wait(calls, timeout=PATIENCE_S)

    assert {type(one.exception()) for one in calls} == {EncoderClosed}


async def test_each_thread_is_prepared(clock):
    """What a thread needs once is done first thing in it."""
    prepared = []
    kinds = {"texts": Work(lambda items: np.ones((len(items), 1), np.float32), 1, 1, "text")}
    on_thread = lambda: prepared.append(threading.current_thread().name)  # noqa: E731

    async with EncoderWorker("test", kinds, on_thread=on_thread, clock=clock) as worker:
        await worker.submit("texts", [1])

    assert prepared == ["nearhit-test_0"]
