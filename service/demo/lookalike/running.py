"""Running the look-alike as a process of its own."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from service.errors import SetupError

__all__ = ["run"]

_STDIN = 0


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
    with _listener(host, port) as listener:
        url = _url(listener)
        # No access log: it would hold the key and what people search for.
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=1,
        )
        server = _Server(config, lambda: on_listening(url))
        if while_stdin:
            _stop_with_stdin(server)
        with suppress(KeyboardInterrupt):  # how people stop it
            server.run([listener])


def _listener(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )[0]
        # Named as TCP: on other sockets asyncio leaves Nagle's algorithm on, 40 ms an answer.
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as exc:
        raise _nothing_listens(host, port) from exc
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as exc:
        listener.close()
        raise _nothing_listens(host, port) from exc
    return listener


def _nothing_listens(host: str, port: int) -> SetupError:
    return SetupError(f"Nothing can listen on {host}, port {port}.")


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _stop_with_stdin(server: uvicorn.Server) -> None:
    def wait() -> None:
        # Not through sys.stdin: its lock, held while this waits, would stop the process
        # from ending in another way.
        with suppress(OSError):  # raised where there is none
            while os.read(_STDIN, 4096):
                pass
        server.should_exit = True

    threading.Thread(target=wait, name="demo-stdin", daemon=True).start()
