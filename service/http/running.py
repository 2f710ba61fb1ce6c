"""What the routes need of the running service."""

from collections.abc import Mapping
from typing import Any, Protocol

from starlette.requests import HTTPConnection

from cache.memory import Memory
from service.errors import NotReady
from service.origin.shelf import PhotoShelf
from service.search import Search
from service.settings import Settings
from service.streaming import Streaming
from service.warming import Warming

__all__ = ["Running", "State", "running", "state"]


class Running(Protocol):
    """The service once its models are loaded."""

    @property
    def search(self) -> Search:
        """Answers searches."""
        ...

    @property
    def streaming(self) -> Streaming:
        """Answers searches as they go on."""
        ...

    @property
    def warming(self) -> Warming:
        """Runs searches ahead of time."""
        ...

    @property
    def memory(self) -> Memory:
        """All that is remembered."""
        ...

    @property
    def shelf(self) -> PhotoShelf[Any]:
        """Hands out photos."""
        ...


class State(Protocol):
    """The service from its first moment on; the app keeps it as `app.state.service`."""

    @property
    def running(self) -> Running | None:
        """The service, or None while it starts."""
        ...

    @property
    def settings(self) -> Settings:
        """What it was started with."""
        ...

    async def metrics(self) -> bytes:
        """Return what `/metrics` shows."""
        ...

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        """Return whether traffic may come, and why or why not."""
        ...

    async def statistics(self) -> Mapping[str, Any]:
        """Return what `/cache/stats` shows."""
        ...


# Async without waiting for anything: FastAPI would send plain functions to a thread.
async def state(connection: HTTPConnection) -> State:
    """Return the service of the app behind a request."""
    service: State = connection.app.state.service
    return service


async def running(connection: HTTPConnection) -> Running:
    """
    Return the service once it runs.

    Raises:
        NotReady: If its models are still loading.
    """
    service = (await state(connection)).running
    if service is None:
        raise NotReady("The models are still loading; try again in a few seconds.", retry_after_s=2)
    return service
