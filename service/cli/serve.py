"""nearhit serve."""

import math
import socket

import structlog
import uvicorn

from service.cli.console import fail, read_settings
from service.encoders import threads
from service.telemetry import logs

__all__ = ["run"]

_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """A server that says where it listens, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit:
            return  # what it would serve cannot run
        for server in self.servers:
            for sock in server.sockets:
                host, port = sock.getsockname()[:2]
                _log.info("listening", url=f"http://{host}:{port}")


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
    server = _Server(config)
    try:
        server.run()
    except SystemExit as exc:
        raise fail(f"Nothing can listen on {settings.host}, port {settings.port}.") from exc
    if service.failure:
        raise fail(str(service.failure))
