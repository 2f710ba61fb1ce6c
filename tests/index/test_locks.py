"""Who may hold a ReadersWriterLock together with whom."""

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier, Event
from time import monotonic, sleep

import pytest

from index.locks import ReadersWriterLock

WAIT_S = 5.0
MOMENT_S = 0.05


@pytest.fixture
def lock() -> ReadersWriterLock:
    """A lock nobody holds."""
    return ReadersWriterLock()


@pytest.fixture
def threads():
    """Threads that have ended when the test has."""
    with ThreadPoolExecutor() as pool:
        yield pool


def wait_for(state) -> None:
    """Return when a state is reached."""
    end = monotonic() + WAIT_S
    while not state():
        assert monotonic() < end
        sleep(0.001)


def test_readers_hold_it_together(lock, threads):
    """Readers meet inside."""
    meeting = Barrier(3)

    def read():
        with lock.reading():
            meeting.wait(WAIT_S)

    for reader in [threads.submit(read) for _ in range(3)]:
        reader.result()


def test_writer_waits_for_readers(lock, threads):
    """A writer enters when the last reader has left, not before."""
    written = Event()

    def write():
        with lock.writing():
            written.set()

    with lock.reading():
        threads.submit(write)
        assert not written.wait(MOMENT_S)

    assert written.wait(WAIT_S)


@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_writer_is_alone(lock, threads, kind):
    """Neither a reader nor another writer enters while a writer is inside."""
    entered = Event()

    def enter():
        with getattr(lock, kind)():
            entered.set()

    with lock.writing():
        threads.submit(enter)
        assert not entered.wait(MOMENT_S)

    assert entered.wait(WAIT_S)


def test_steady_reading_does_not_starve_a_writer(lock, threads):
    """A reader who comes after a waiting writer enters after it."""
    order = []

    def enter(kind):
        with getattr(lock, kind)():
            order.append(kind)

    with lock.reading():
        writer = threads.submit(enter, "writing")
        wait_for(lock._door.locked)
        reader = threads.submit(enter, "reading")
        assert not wait([writer, reader], MOMENT_S).done

    assert not wait([writer, reader], WAIT_S).not_done
    assert order == ["writing", "reading"]


@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_error_inside_lets_go(lock, kind):
    """Whoever leaves by an exception leaves the lock free."""
    with pytest.raises(ZeroDivisionError), getattr(lock, kind)():
        raise ZeroDivisionError

    assert not lock._door.locked()
    assert lock._readers == 0
