"""Keeping workers alive, with small scripts in their place."""

import asyncio
import json
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from service.errors import SetupError
from service.settings import Settings
from service.workers.messages import Order
from service.workers.supervisor import Supervisor

pytestmark = pytest.mark.anyio

START = """
import json, os, signal, sys, time
order = json.loads(sys.stdin.readline())
folder, number = order["board"], order["number"]
def tell(news, sentence=""):
    print(json.dumps({"news": news, "sentence": sentence}), flush=True)
def note(text):
    with open(f"{folder}/notes", "a") as notes:
        notes.write(json.dumps([number, order["at_once"], text, time.monotonic()]) + "\\n")
starts = sum(json.loads(line)[:3:2] == [number, "started"] for line in open(f"{folder}/notes"))
note("started")
"""
SERVE = """
signal.signal(signal.SIGTERM, lambda *_: (note("told to end"), sys.exit()))
tell("listening")
tell("ready")
note("serves")
while True:
    time.sleep(60)
"""


class Watched:
    """
    A supervisor of scripts, and the notes they take.

    Args:
        folder: Where they are.
        script: What each worker does once it has noted that it has started.
    """

    def __init__(
        self, folder: Path, script: str, *, workers: int, grace_s: float, first_pause_s: float
    ) -> None:
        self._notes = folder / "notes"
        self._notes.touch()
        self._folder = folder
        self.told: list[str] = []
        self.supervisor = Supervisor(
            workers,
            self._order,
            grace_s=grace_s,
            on_listening=lambda: self.told.append("listening"),
            on_ending=lambda: self.told.append("ending"),
            command=(sys.executable, "-c", START + script),
            first_pause_s=first_pause_s,
        )

    def _order(self, number: int, at_once: bool) -> Order:
        return Order(number, (), at_once, self._folder, None, 1.0, Settings(_env_file=None))

    def notes(self, text: str) -> list[tuple[int, bool, float]]:
        """Return who noted a text, whether it was to serve at once, and when."""
        lines = [json.loads(line) for line in self._notes.read_text().splitlines()]
        return [(number, at_once, at) for number, at_once, noted, at in lines if noted == text]

    async def run_until(self, text: str, times: int) -> None:
        """Run the supervisor until something has been noted so often; then stop it."""
        running = asyncio.create_task(self.supervisor.run())
        async with asyncio.timeout(20):
            while len(self.notes(text)) < times:
                await asyncio.sleep(0.01)
                assert not running.done(), running.exception()
            self.supervisor.stop()
            await running


@pytest.fixture
def watched(tmp_path: Path):
    """Return what makes a supervisor that is watched."""

    def watch(script: str, *, workers: int = 2, grace_s: float = 10, first_pause_s: float = 0.01):
        return Watched(
            tmp_path, script, workers=workers, grace_s=grace_s, first_pause_s=first_pause_s
        )

    return watch


async def test_all_workers_run_until_it_is_told_to_stop(watched):
    """Each is started once and told to end; that they listen is told once."""
    workers = watched(SERVE, workers=3)

    await workers.run_until("serves", 3)

    assert sorted(number for number, _, _ in workers.notes("started")) == [1, 2, 3]
    assert sorted(number for number, _, _ in workers.notes("told to end")) == [1, 2, 3]
    assert workers.told == ["listening", "ending"]


async def test_at_the_start_only_the_first_serves_before_its_models_are_loaded(watched):
    """Somebody answers that the service is alive; the others wait until they can search."""
    workers = watched(SERVE, workers=3)

    await workers.run_until("started", 3)

    at_once = {number: at_once for number, at_once, _ in workers.notes("started")}
    assert at_once == {1: True, 2: False, 3: False}


async def test_a_worker_that_dies_is_replaced(watched):
    """Its successor has its number, and serves once it can search, as others can meanwhile."""
    dies = "tell('ready'); time.sleep(0.3); os.kill(os.getpid(), signal.SIGKILL)"
    workers = watched(f"if number == 2 and not starts: {dies}\n{SERVE}")

    await workers.run_until("started", 3)

    successor = workers.notes("started")[-1]
    assert successor[:2] == (2, False)


async def test_where_none_is_left_a_successor_serves_at_once(watched):
    """Nobody else can say that the service is alive."""
    workers = watched(f"tell('ready')\nif not starts: sys.exit(1)\n{SERVE}", workers=1)

    await workers.run_until("started", 2)

    assert workers.notes("started")[-1][:2] == (1, True)


async def test_the_pause_before_a_successor_grows(watched):
    """A worker that dies again and again does not keep the machine busy."""
    workers = watched("tell('ready')\nsys.exit(1)", workers=1, first_pause_s=0.1)

    await workers.run_until("started", 5)

    at = [at for _, _, at in workers.notes("started")]
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert all(pause >= least for pause, least in zip(pauses, (0.1, 0.2, 0.4, 0.8), strict=True))


async def test_a_worker_that_cannot_start_as_configured_ends_all(watched):
    """Its own sentence is the error, and it is not tried again."""
    workers = watched(f"if number == 2: tell('failed', 'No key.'); sys.exit(1)\n{SERVE}")

    with pytest.raises(SetupError, match=r"^No key\.$"):
        await workers.supervisor.run()

    assert [number for number, _, _ in workers.notes("started")].count(2) == 1
    assert workers.told[-1] == "ending"


async def test_a_successor_that_cannot_start_does_not_end_the_others(watched):
    """One in its place could before, so what has changed may change again."""
    fails = "tell('failed', 'The store failed.'); sys.exit(1)"
    workers = watched(
        f"if number == 2 and 0 < starts < 4: {fails}\n"
        f"if number == 2 and not starts: tell('ready'); sys.exit(1)\n{SERVE}"
    )

    await workers.run_until("started", 6)

    assert [number for number, _, _ in workers.notes("started")].count(1) == 1


async def test_a_worker_that_never_gets_ready_ends_all_at_last(watched):
    """Five deaths without a word are enough."""
    workers = watched("sys.exit(7)", workers=1)

    with pytest.raises(SetupError, match="Worker 1 has ended 5 times before it was ready, with s"):
        await workers.supervisor.run()

    assert len(workers.notes("started")) == 5


async def test_what_must_not_end_ends_all(watched):
    """The demo's photo source, say: when it has ended, so has the service."""

    async def ends() -> None:
        raise SetupError("It has ended.")

    workers = watched(SERVE)

    with pytest.raises(SetupError, match="It has ended"):
        await workers.supervisor.run(ends())


async def test_a_worker_that_does_not_end_is_killed(watched):
    """After the grace nobody waits any longer."""
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN); note('deaf')\n"
    workers = watched(f"{stubborn}{SERVE.replace('SIGTERM', 'SIGUSR1')}", workers=1, grace_s=0.3)

    began = time.monotonic()
    await workers.run_until("deaf", 1)

    assert time.monotonic() - began < 5


async def test_told_twice_workers_need_not_finish(watched):
    """The second signal is passed on as an interrupt, at which a server drops what it does."""
    slow = "signal.signal(signal.SIGTERM, lambda *_: note('finishes'))\n"
    hurried = "signal.signal(signal.SIGINT, lambda *_: sys.exit())\nnote('set up')\n"
    workers = watched(f"{slow}{hurried}while True: time.sleep(60)", workers=1, grace_s=60)

    running = asyncio.create_task(workers.run_until("set up", 1))
    async with asyncio.timeout(20):
        while not workers.notes("finishes"):
            await asyncio.sleep(0.01)
        workers.supervisor.stop()
        await running


async def test_what_a_library_prints_is_no_news(watched):
    """Lines that are none of ours, however long, are passed over."""
    prints = "print('Loading...'); print('[1]'); print('x' * 100_000); note('printed')\n"
    workers = watched(f"{prints}tell('listening')\ntell('ready'); note('told'){SERVE}", workers=1)

    await workers.run_until("told", 1)

    assert workers.told == ["listening", "ending"]
