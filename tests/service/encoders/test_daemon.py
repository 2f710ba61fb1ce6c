"""Work in a daemon thread ends where its caller wants it to."""

import asyncio
import threading

import pytest

from service.encoders.daemon import in_daemon_thread

pytestmark = pytest.mark.anyio


async def test_the_work_runs_in_a_named_daemon_thread():
    """The thread is the work's own, by name, and holds no process back."""
    thread = await in_daemon_thread(threading.current_thread, "nearhit-test")

    assert (thread.name, thread.daemon) == ("nearhit-test", True)


async def test_an_error_reaches_the_caller():
    """What the work raises is raised where it is awaited."""

    def work():
        raise LookupError("nothing")

    with pytest.raises(LookupError, match="nothing"):
        await in_daemon_thread(work, "nearhit-test")


async def test_a_cancelled_caller_returns_at_once():
    """A caller that is cancelled leaves the work behind, and the work ends in peace."""
    begun, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def work():
        begun.set()
        gate.wait()
        ended.set()

    task = asyncio.create_task(in_daemon_thread(work, "nearhit-test"))
    await asyncio.to_thread(begun.wait)

    task.cancel()
    await asyncio.wait([task], timeout=5)

    assert task.cancelled()
    assert not ended.is_set()
    gate.set()
    assert await asyncio.to_thread(ended.wait, 5)
