"""What serves: uvicorn with the application, alone or in each of several workers."""

import gc
import math
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Literal

import structlog
import uvicorn
from starlette.types import ASGIApp

from service.encoders import threads
from service.listener import Address
from service.settings import Settings

if TYPE_CHECKING:
    # Imports NumPy, whose threads must be decided by then.
    from service.lifecycle import Service

__all__ = ["Server", "build_server", "decide_threads", "hold", "server_config"]


_log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """A server that says where it listens, once it does, and that it stops, before it has."""

    def __init__(
        self, config: uvicorn.Config, on_listening: Callable[[Sequence[Address]], None]
    ) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        if self.should_exit:
            return  # what it would serve cannot run
        listeners = [sock for server in self.servers for sock in server.sockets]
        self._on_listening([sock.getsockname()[:2] for sock in listeners])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Finish what is being answered, then stop; that may take as long as a search may."""
        _log.info("stopping", signal=signal.Signals(sig).name)
        super().handle_exit(sig, frame)


def decide_threads(settings: Settings) -> None:
    """Decide the threads of all numeric libraries; must come before any of them is imported."""
    cores = threads.usable_cores()
    policy = threads.ThreadPolicy.of(cores, settings.encoder_threads, settings.workers)
    threads.apply(policy)


def hold() -> None:
    """
    Have Python's collector pass over all there is now, as models and libraries last.

    It would look through half a million objects each time, in the middle of a search.
    """
    gc.collect()  # or what loading has left over would stay for ever
    gc.freeze()


def build_server(
    service: "Service",
    on_listening: Callable[[Sequence[Address]], None],
    *,
    lifespan: Literal["auto", "off"] = "auto",
) -> Server:
    """
    Return a server of a service.

    Args:
        service: Not started yet.
        on_listening: Called with all addresses once the server listens.
        lifespan: Whether the server starts and ends the service.
    """
    from service.app import create_app  # noqa: PLC0415 - imports NumPy, as above

    config = server_config(create_app(service), service.settings, lifespan=lifespan)
    return Server(config, on_listening)


def server_config(
    app: ASGIApp, settings: Settings, *, lifespan: Literal["auto", "off"] = "auto"
) -> uvicorn.Config:
    """Return how an application is served, which does not depend on what it is."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(settings.search_timeout_s),
    )
