"""The demo, as the service starts it: its photo source as a child process, and its model."""

import asyncio
import socket
import sys
from contextlib import suppress
from typing import Self

import structlog
from pydantic import SecretStr

from service.demo.clip.assembly import assemble
from service.demo.scenes.scene import DRAWING
from service.encoders import models
from service.encoders.models import ModelFiles
from service.errors import SetupError
from service.settings import Settings
from service.sources.pixabay_answers import Api

__all__ = ["DEMO", "DemoProcess", "demo_model", "demo_settings"]

DEMO = Api("demo", "The demo", f"demo-{DRAWING}")

_HOST = "127.0.0.1"
_KEY = "demo-key"
_START_S = 30.0
_STOP_S = 3.0

_log = structlog.get_logger(__name__)


class DemoProcess:
    """
    The demo's photo source as a child process; it ends with this one, however this one ends.

    Args:
        process: Stops when its standard input ends.
        url: Where it listens, no slash at the end.
    """

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self._process = process
        self.url = url

    @classmethod
    async def start(cls, port: int) -> Self:
        """
        Start it, and return once it listens.

        Args:
            port: Where it should listen; another free port is taken where this one is not.

        Raises:
            SetupError: If it does not start.
        """
        # Free when probed, a port may be taken a moment later: then any other one
        for attempt in (_free(port), 0):
            process = await _spawn(attempt)
            if url := await _announced(process):
                _log.info("demo_source_listening", url=url)
                return cls(process, url)
            await _end(process)
        raise SetupError("The demo's photo source does not start.")

    async def watch(self) -> None:
        """
        Wait until it ends, which it should not while the service runs.

        Raises:
            SetupError: When it has ended.
        """
        status = await self._process.wait()
        raise SetupError(f"The demo's photo source has ended with status {status}.")

    async def aclose(self) -> None:
        """Stop it; a process that does not stop by itself is killed."""
        await _end(self._process)


def demo_settings(settings: Settings, url: str) -> Settings:
    """Return settings that make the demo's photo source, listening there, the one that is asked."""
    return settings.model_copy(
        update={
            "pixabay_api_key": SecretStr(_KEY),
            "pixabay_url": f"{url}/api/",
            "photo_hosts": [_HOST],
        }
    )


def demo_model(settings: Settings) -> ModelFiles:
    """Return the demo's own ranking model; blocking, a second where it is not there yet."""
    minilm = models.resolve(models.MINILM, kind="query")
    return assemble(minilm, settings.model_folder)


async def _spawn(port: int) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            # Safe path: a folder named `service` where we were started is not ours
            *("-P", "-m", "service.cli", "demo-source", "--announce"),
            *("--host", _HOST, "--port", str(port), "--key", _KEY),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Ctrl-C is ours alone: searches under way still need their photos
            start_new_session=True,
        )
    except OSError as exc:
        raise SetupError(f"The demo's photo source does not start: {exc.strerror}.") from exc


async def _announced(process: asyncio.subprocess.Process) -> str:
    """Return the address it prints once it listens; nothing where it ends or is silent."""
    assert process.stdout is not None, "started with a pipe"
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_S):
            return (await process.stdout.readline()).decode().strip()
    return ""


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None, "started with a pipe"
    process.stdin.close()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _free(port: int) -> int:
    """Return a port if it is free, else 0, which takes any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((_HOST, port))
            return port
    return 0
