"""The whole service over tiny models and a look-alike of the API."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from service.app import create_app
from service.demo.lookalike import lookalike
from service.lifecycle import Service
from service.settings import Settings
from tests.clocks import ManualClock
from tests.servers import serve
from tests.settings import make_settings


@pytest.fixture
def source(drawn_photos: Path) -> Iterator[tuple[Starlette, str]]:
    """A look-alike that serves the drawn photos, and its address."""
    app = lookalike(drawn_photos)
    with serve(app) as url:
        yield app, url


@pytest.fixture
def settings(
    source: tuple[Starlette, str], tiny_models: dict[str, Path], tmp_path: Path
) -> Settings:
    """Settings of a service that searches the look-alike with tiny models."""
    return make_settings(source[1], tiny_models, tmp_path)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def service(settings: Settings, clock: ManualClock) -> AsyncIterator[Service]:
    """A service that is ready."""
    async with Service(settings, clock=clock) as service:
        await service.started()
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service's routes, without a socket between."""
    transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://nearhit") as client:
        yield client
