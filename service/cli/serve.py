"""nearhit serve."""

import math
import socket
from collections.abc import Callable
from urllib.parse import urlencode

import structlog
import uvicorn

from service.cli.console import OUT, fail, read_settings
from service.encoders import threads
from service.telemetry import logs

__all__ = ["run"]

_log = structlog.get_logger(__name__)

# Where a browser on this machine finds what listens everywhere
_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound here
_EXAMPLES = (
    ("mountains", "mountains with dark skies"),
    ("horse", "horses amidst flowers"),
    ("boat", "boats at sunset"),
)


class _Server(uvicorn.Server):
    """A server that says where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, greet: Callable[[str], None]) -> None:
        super().__init__(config)
        self._greet = greet

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit:
            return  # what it would serve cannot run
        for server in self.servers:
            for sock in server.sockets:
                host, port = sock.getsockname()[:2]
                _log.info("listening", url=_url(host, port))
                self._greet(_url(_HERE.get(host, host), port))


def run(host: str | None, port: int | None) -> None:
    """Serve until told to stop; exit with status 1 where the service cannot run."""
    settings = read_settings(host=host, port=port)
    logs.configure(settings.log_level)
    policy = threads.ThreadPolicy.of(threads.usable_cores(), settings.encoder_threads)
    threads.apply(policy)
    # Both import NumPy, whose threads are decided by then.
    from service.app import create_app  # noqa: PLC0415
    from service.lifecycle import Service  # noqa: PLC0415

    def stop() -> None:
        server.should_exit = True

    service = Service(settings, on_failure=stop)
    config = uvicorn.Config(
        create_app(service),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(settings.search_timeout_s),
    )
    server = _Server(config, _greet_demo if settings.chosen_source == "demo" else _say_no_more)
    try:
        server.run()
    except SystemExit as exc:
        raise fail(f"Nothing can listen on {settings.host}, port {settings.port}.") from exc
    if service.failure:
        raise fail(str(service.failure))


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _greet_demo(url: str) -> None:
    """Tell who has just started the demo what to do with it."""
    lines = [
        f"nearhit is at {url}, searching the demo's drawn pictures. In some seconds, try:",
        *(f"  {url}/?{urlencode({'t': tag, 's_query': query})}" for tag, query in _EXAMPLES),
        "For real photos: NEARHIT_PIXABAY_API_KEY=your-key (https://pixabay.com/api/docs/),",
        "or NEARHIT_FOLDER=folder for your own.",
    ]
    OUT.print("\n".join(lines), soft_wrap=True)


def _say_no_more(_: str) -> None:
    """Leave it at the log."""
