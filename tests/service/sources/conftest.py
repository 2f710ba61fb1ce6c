"""What tests of sources share."""

import pytest

from tests.clocks import ManualClock
from tests.servers import serve
from tests.service.sources.doubles import Canned


@pytest.fixture
def clock():
    """A clock that moves when told."""
    return ManualClock()


@pytest.fixture(scope="module")
def canned_server():
    """One server for a module; its answers are set by each test."""
    canned = Canned()
    with serve(canned.app) as base:
        yield canned, base


@pytest.fixture
def canned(canned_server):
    """The server of canned answers, as new."""
    server, _ = canned_server
    server.answer = Canned().answer
    server.requests.clear()
    return server


@pytest.fixture
def base(canned_server):
    """Address of the server of canned answers."""
    return canned_server[1]
