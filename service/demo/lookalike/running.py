"""Running the look-alike as a process of its own."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from service import lifeline
from service.listener import listen, url_of

__all__ = ["run"]


class _Server(uvicorn.Server):
    """A server that calls back once it listens."""

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._on_listening()


def run(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    on_listening: Callable[[str], None],
    while_stdin: bool = False,
) -> None:
    """
    Serve until told to stop.

    Args:
        app: The look-alike.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        on_listening: Called with the address, no slash at its end, once it answers.
        while_stdin: Stop also when standard input ends, as it does when the
            process that started this one has died.

    Raises:
        SetupError: If nothing can listen there.
    """
    listeners = listen(host, port)
    # No access log: it would hold the key and what people search for.
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    url = url_of(*listeners[0].getsockname()[:2])
    server = _Server(config, lambda: on_listening(url))

    if while_stdin:
        # At once: whoever was being answered has gone, and nothing here outlives the process.
        lifeline.hold(partial(os._exit, 0))
    with suppress(KeyboardInterrupt):  # how people stop it
        server.run(listeners)
