"""Blocking work in a thread that nobody has to wait for, the interpreter's end included."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["in_daemon_thread", "start"]

T = TypeVar("T")


def start(work: Callable[[], T], name: str) -> Future[T]:
    """Begin work in a daemon thread of its own; its end, good or bad, is the future's."""
    future: Future[T] = Future()

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except BaseException as exc:  # noqa: BLE001 - handed to whoever waits, whatever it is
            future.set_exception(exc)
        else:
            future.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


async def in_daemon_thread(work: Callable[[], T], name: str) -> T:
    """
    Return what blocking work returns, or raise what it raises.

    Unlike with `asyncio.to_thread`, whose threads are joined at exit, a caller
    that is cancelled leaves the work behind, and so may the process.

    Args:
        work: Called once, in a daemon thread of its own.
        name: The thread's name.
    """
    return await asyncio.wrap_future(start(work, name))
