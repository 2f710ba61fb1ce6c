"""nearhit serve."""

import asyncio
import signal
from collections.abc import Sequence
from functools import partial
from urllib.parse import urlencode

import structlog

from service.cli.console import OUT, fail, read_settings, sentences
from service.cli.serving import build_server, decide_threads, hold
from service.listener import Address, url_of
from service.settings import Settings
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


def run(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve until told to stop; exit with status 1 where the service cannot run."""
    settings = read_settings(host=host, port=port, workers=workers)
    logs.configure(settings.log_level)
    if settings.workers == 1:
        _serve_alone(settings)
    else:
        _serve_with_workers(settings)


def _serve_alone(settings: Settings) -> None:
    decide_threads(settings)
    from service.lifecycle import Service  # noqa: PLC0415 - imports NumPy

    def stop() -> None:
        server.should_exit = True

    service = Service(settings, on_loaded=hold, on_failure=stop)
    server = build_server(service, partial(_announce, settings))
    try:
        server.run()
    except SystemExit as exc:
        raise fail(f"Nothing can listen on {settings.host}, port {settings.port}.") from exc
    if service.failure:
        raise fail(str(service.failure))


def _serve_with_workers(settings: Settings) -> None:
    from service.workers import parent  # noqa: PLC0415 - imports NumPy, of no use to one process

    with sentences():
        told = asyncio.run(parent.serve(settings, partial(_announce, settings)))
    # All has been closed; now end as the signal wants it
    signal.raise_signal(told)


def _announce(settings: Settings, addresses: Sequence[Address]) -> None:
    """Say where the service listens: in the log and, if it is the demo, to who has started it."""
    for host, port in addresses:
        _log.info("listening", url=url_of(host, port))
        if settings.chosen_source == "demo":
            _greet(url_of(_HERE.get(host, host), port))


def _greet(url: str) -> None:
    """Tell who has just started the demo what to do with it."""
    lines = [
        f"nearhit is at {url}, searching the demo's drawn pictures. In some seconds, try:",
        *(f"  {url}/?{urlencode({'t': tag, 's_query': query})}" for tag, query in _EXAMPLES),
        "For real photos: NEARHIT_PIXABAY_API_KEY=your-key (https://pixabay.com/api/docs/),",
        "or NEARHIT_FOLDER=folder for your own.",
    ]
    OUT.print("\n".join(lines), soft_wrap=True)
