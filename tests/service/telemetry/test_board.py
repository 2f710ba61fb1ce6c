"""Workers that share their figures through a folder."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from service.telemetry.board import Board
from service.telemetry.figures import Figures
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

EXACT = "nearhit_searches:exact"
WORKERS = "nearhit_workers"
FAILED = ("nearhit_figure_failures", "read")


def answered(searches: int) -> Figures:
    """Return the figures of a worker that lives and has answered searches."""
    return Figures({EXACT: searches, WORKERS: 1})


class Boards:
    """Makes boards over one folder, and closes them."""

    def __init__(self, folder: Path, clock: ManualClock, stack: AsyncExitStack) -> None:
        self.folder = folder
        self.clock = clock
        self._stack = stack

    async def open(self, number: int) -> Board:
        """Return the board of a worker that has just started."""
        board = Board(self.folder, number, self.clock)
        self._stack.push_async_callback(board.aclose)
        await board.open()
        return board


@pytest.fixture
async def boards(tmp_path: Path) -> AsyncIterator[Boards]:
    async with AsyncExitStack() as stack:
        yield Boards(tmp_path, ManualClock(), stack)


async def test_whoever_is_asked_shows_all(boards: Boards):
    """Two workers show the same sums, and how many they are."""
    one, other = await boards.open(1), await boards.open(2)
    await one.publish(answered(2))

    by_other = await other.joined(answered(3))
    by_one = await one.joined(answered(2))

    assert by_other.values == by_one.values == {EXACT: 5, WORKERS: 2}


async def test_what_one_has_shown_the_next_one_shows_too(boards: Boards):
    """A worker writes before it answers, so no sum goes down from scrape to scrape."""
    one, other = await boards.open(1), await boards.open(2)

    shown = await one.joined(answered(7))
    then = await other.joined(answered(0))

    assert (shown.get("nearhit_searches", "exact"), then.get("nearhit_searches", "exact")) == (7, 7)


async def test_of_a_dead_worker_only_its_sums_are_shown(boards: Boards):
    """What has been answered stays answered; a process that has ended holds nothing."""
    one = await boards.open(1)
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    values = dict(answered(2).values)
    sheet = {"version": 1, "pid": dead.pid, "at": boards.clock.now(), "figures": values}
    (boards.folder / "2.json").write_text(json.dumps(sheet))

    assert (await one.joined(answered(3))).values == {EXACT: 5, WORKERS: 1}


async def test_of_a_stuck_worker_only_its_sums_are_shown(boards: Boards):
    """Who has written nothing for five seconds answers nothing either."""
    one, other = await boards.open(1), await boards.open(2)
    await one.publish(answered(2))
    boards.clock.advance(seconds=6)

    assert (await other.joined(answered(3))).values == {EXACT: 5, WORKERS: 1}


async def test_a_successor_goes_on_from_where_the_dead_one_was(boards: Boards):
    """The second worker in a place adds to the first one's sums, for itself and for others."""
    first, other = await boards.open(1), await boards.open(2)
    await first.publish(answered(2))

    second = await boards.open(1)
    await second.publish(answered(1))

    assert (await other.joined(answered(0))).values == {EXACT: 3, WORKERS: 2}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        '{"version": 2, "pid": 1, "at": 0, "figures": {}}',
        '{"version": 1, "pid": 1, "at": 0, "figures": []}',
        '{"version": 1, "pid": 1, "at": 0, "figures": {"nearhit_searches:exact": "many"}}',
        '{"version": 1, "pid": 1, "at": 0, "figures": {"nearhit_searches:exact": NaN}}',
        '{"version": 1, "pid": 1, "figures": {}}',
        '{"version": 1, "pid": 0, "at": 0, "figures": {}}',
        "\xff",
    ],
)
async def test_a_broken_file_is_passed_over_and_counted(boards: Boards, body: str):
    """The others' figures are shown without it."""
    one = await boards.open(1)
    (boards.folder / "2.json").write_bytes(body.encode("latin-1"))

    shown = await one.joined(answered(3))

    assert shown.get("nearhit_searches", "exact") == 3
    assert one.readings()[FAILED] == 1


async def test_a_folder_that_is_gone_hides_the_others_only(boards: Boards):
    """Where nothing can be written, a worker still shows itself, and counts that."""
    one = await boards.open(1)
    boards.folder.rmdir()

    shown = await one.joined(answered(3))

    assert shown.values == answered(3).values
    assert one.readings() == {("nearhit_figure_failures", "write"): 1}
