"""What tests of the look-alike share: a folder of photos, and the look-alike over it."""

import httpx
import pytest

from service.demo.lookalike import lookalike
from tests.clocks import ManualClock
from tests.servers import serve
from tests.service.sources.doubles import jpeg, picture


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Twelve photos: ten horses, a tall tree, a wide sea."""
    folder = tmp_path_factory.mktemp("stock")
    for number in range(10):
        (folder / f"horse_meadow_{number}.jpg").write_bytes(jpeg(600, 400))
    (folder / "tree.png").write_bytes(picture("PNG", size=(800, 1600)))
    (folder / "sea_animals.jpg").write_bytes(jpeg(1600, 800))
    return folder


@pytest.fixture(scope="module")
def running(folder):
    """The look-alike with its address and its clock."""
    clock = ManualClock()
    app = lookalike(folder, clock=clock, rate_limit=50)
    with serve(app) as base:
        yield app, base, clock


@pytest.fixture
def faults(running):
    """What goes wrong; nothing at first, and in a window of its own."""
    app, _, clock = running
    clock.advance(seconds=60)
    faults = app.state.faults
    faults.api, faults.others, faults.share = None, None, 0.0
    faults.api_latency_s = faults.photo_latency_s = 0.0
    faults.photos.clear()
    return faults


@pytest.fixture
def client(running, faults):
    """A client with the right key."""
    with httpx.Client(base_url=running[1], params={"key": "demo-key"}) as client:
        yield client


@pytest.fixture
def clock():
    """A clock that moves when told."""
    return ManualClock()
