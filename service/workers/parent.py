"""The parent: it listens, and owns what all workers share."""

import asyncio
import math
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from service.errors import SetupError
from service.listener import Address, listen
from service.settings import Settings
from service.wiring.demo import DemoProcess
from service.workers.messages import Order
from service.workers.supervisor import Supervisor

__all__ = ["serve"]

_MARGIN_S = 5.0

_log = structlog.get_logger(__name__)


async def serve(
    settings: Settings, on_listening: Callable[[Sequence[Address]], None]
) -> signal.Signals:
    """
    Serve with several processes until a signal says to stop; return which.

    Args:
        settings: Of all of them.
        on_listening: Called once with all addresses, when the first worker serves.

    Raises:
        SetupError: If the service cannot start as configured.
    """
    if os.name == "nt":
        raise SetupError("Windows has no several workers: set NEARHIT_WORKERS to 1.")
    async with AsyncExitStack() as stack:
        listeners = listen(settings.host, settings.port)
        stack.callback(_close, listeners)
        addresses = [listener.getsockname()[:2] for listener in listeners]
        board = Path(stack.enter_context(_board()))
        demo = await _demo(settings, stack)
        grace_s = math.ceil(settings.search_timeout_s) + _MARGIN_S

        def order(number: int, at_once: bool) -> Order:
            files = tuple(listener.fileno() for listener in listeners)
            return Order(
                number, files, at_once, board, demo.url if demo else None, grace_s, settings
            )

        supervisor = Supervisor(
            settings.workers,
            order,
            grace_s=grace_s,
            on_listening=partial(on_listening, addresses),
            on_ending=partial(_close, listeners),
        )
        told = _listen_to_signals(supervisor)
        await supervisor.run(*([demo.watch()] if demo else []))
        return told[0]


def _listen_to_signals(supervisor: Supervisor) -> list[signal.Signals]:
    """Stop the supervisor at a signal; return the list of those that will have come."""
    told: list[signal.Signals] = []

    def hear(signum: signal.Signals) -> None:
        _log.info("stopping", signal=signum.name)
        told.append(signum)
        supervisor.stop()

    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, hear, signum)
    return told


async def _demo(settings: Settings, stack: AsyncExitStack) -> DemoProcess | None:
    if settings.chosen_source != "demo":
        return None
    demo = await DemoProcess.start(settings.demo_port)
    stack.push_async_callback(demo.aclose)
    return demo


def _close(listeners: Sequence[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


def _board() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="nearhit-", ignore_cleanup_errors=True)
    except OSError as exc:
        raise SetupError(
            f"No temporary folder for the workers' figures can be made: {exc.strerror}."
        ) from exc
