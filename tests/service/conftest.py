"""What tests of the service share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.service.world import World, made


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A search over ten horses and five tigers."""
    async with made(tmp_path) as world:
        yield world


@pytest.fixture
async def other(tmp_path: Path, world: World) -> AsyncIterator[World]:
    """Another replica of the same deployment: one store, one source, one clock."""
    async with made(tmp_path, beside=world) as other:
        yield other
