"""nearhit worker: one of the processes that `nearhit serve` starts for itself."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
from contextlib import suppress
from functools import partial

import structlog

from cache.clock import SystemClock
from cache.errors import CacheError
from service import lifeline
from service.cli.console import fail
from service.cli.serving import build_server, decide_threads, hold
from service.errors import ServiceError
from service.telemetry import logs
from service.workers.messages import News, Order, Tidings

__all__ = ["run"]

_STDOUT = 1

_log = structlog.get_logger(__name__)


def run() -> None:
    """Serve as the parent has ordered until told to stop, or the parent has gone."""
    line = sys.stdin.buffer.readline()
    if not line:
        return  # it has gone already
    try:
        order = Order.of(line)
    except (ValueError, KeyError, TypeError) as exc:
        raise fail("`nearhit worker` is for `nearhit serve` to start.") from exc
    logs.configure(order.settings.log_level, worker=order.number)
    decide_threads(order.settings)
    status = _Worker(order).run()
    logging.shutdown()
    # Python would take seconds to take torch to pieces, and nothing is left to do.
    os._exit(status)


class _Worker:
    """
    The service and its server, told what to do by a parent.

    Args:
        order: What it has told.
    """

    def __init__(self, order: Order) -> None:
        # Both import NumPy, whose threads are decided by now.
        from service.lifecycle import Service  # noqa: PLC0415
        from service.telemetry.board import Board  # noqa: PLC0415

        self._order = order
        self._service = Service(
            order.settings,
            on_loaded=hold,
            on_failure=self._stop,
            board=Board(order.board, order.number, SystemClock()),
            demo_url=order.demo_url,
        )
        self._server = build_server(
            self._service, lambda _: _tell(Tidings(News.LISTENING)), lifespan="off"
        )
        self._may_go_on = asyncio.Event()
        self._is_orphan = False

    def run(self) -> int:
        """Serve; return the exit status: 1 where that cannot be, which the parent is told."""
        with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
            runner.run(self._serve())
        if self._is_orphan:
            shutil.rmtree(self._order.board, ignore_errors=True)  # nobody else will
        if self._service.failure is None:
            return 0
        _tell(Tidings(News.FAILED, str(self._service.failure)))
        return 1

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, self._stop)
        orphaned = partial(loop.call_soon_threadsafe, self._orphaned)
        lifeline.hold(orphaned, grace_s=self._order.grace_s)
        async with self._service:
            telling = asyncio.create_task(self._tell_when_ready())
            if not self._order.at_once:
                await self._may_go_on.wait()
            if not self._server.should_exit:
                await self._server.serve([_socket(file) for file in self._order.listeners])
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell_when_ready(self) -> None:
        with suppress(ServiceError, CacheError):  # which `on_failure` is told
            await self._service.started()
            _tell(Tidings(News.READY))
            self._may_go_on.set()

    def _orphaned(self) -> None:
        _log.warning("parent_has_gone")
        self._is_orphan = True
        self._stop()

    def _stop(self) -> None:
        self._server.should_exit = True
        self._may_go_on.set()


def _socket(file: int) -> socket.socket:
    # Named as TCP: on other sockets asyncio leaves Nagle's algorithm on, 40 ms an answer.
    sock = socket.socket(proto=socket.IPPROTO_TCP, fileno=file)
    sock.set_inheritable(False)
    return sock


def _tell(tidings: Tidings) -> None:
    with suppress(OSError):  # the parent has gone
        os.write(_STDOUT, tidings.line())
