"""Keeping workers alive: one that dies is replaced, ever more slowly where that goes on."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from service.errors import SetupError
from service.workers.messages import News, Order
from service.workers.process import WORKER, WorkerProcess

__all__ = ["Supervisor"]

_LONGEST_PAUSE_S = 30.0
_STEADY_S = 60.0
_MOST_STARTS = 5

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Place:
    """
    What one worker after the other fills.

    Args:
        number: From 1; a worker's successor has the same.
        process: The one that runs now.
        ready_at: Loop time at which it was ready; None until then.
        was_ready: Whether one of them has ever been.
        failures: How many have ended in a row, none of them steady.
        last_words: Why the last one could not go on, in its own words.
    """

    number: int
    process: WorkerProcess | None = None
    ready_at: float | None = None
    was_ready: bool = False
    failures: int = 0
    last_words: str = ""


class Supervisor:
    """
    Keeps workers running until told to stop.

    A worker that cannot start as configured ends them all, unless one in its
    place could before: then the others go on, and it is tried again.

    Args:
        workers: How many.
        order: Returns what a worker is told, given its number and whether it
            should serve at once.
        grace_s: Seconds after which a worker that should end is killed.
        on_listening: Called once, when the first worker serves.
        on_ending: Called once, before the workers are told to end.
        command: Starts a worker.
        first_pause_s: Seconds before the successor of a worker that has died starts;
            twice as long each time, up to half a minute, until one has been ready
            for a minute.
    """

    def __init__(
        self,
        workers: int,
        order: Callable[[int, bool], Order],
        *,
        grace_s: float,
        on_listening: Callable[[], None],
        on_ending: Callable[[], None],
        command: Sequence[str] = WORKER,
        first_pause_s: float = 0.5,
    ) -> None:
        self._places = [_Place(number) for number in range(1, workers + 1)]
        self._order = order
        self._grace_s = grace_s
        self._on_listening = on_listening
        self._on_ending = on_ending
        self._command = command
        self._first_pause_s = first_pause_s
        self._listening = False
        self._told = asyncio.Event()

    def stop(self) -> None:
        """Have `run` end; told once more, workers need not finish what they do."""
        if self._told.is_set():
            for place in self._places:
                if place.process is not None:
                    place.process.hurry()
        self._told.set()

    async def run(self, *besides: Coroutine[Any, Any, object]) -> None:
        """
        Keep all workers running until told to stop; none is left when this returns.

        Args:
            besides: What must not end while they run.

        Raises:
            SetupError: If they cannot be started, or what is besides has ended.
        """
        works = [self._told.wait(), *(self._keep(place) for place in self._places), *besides]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            self._on_ending()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in ended:
            task.result()

    async def _keep(self, place: _Place) -> None:
        """Have one worker after the other fill a place."""
        while True:
            status = await self._fill(place)
            if not place.was_ready and place.last_words:
                raise SetupError(place.last_words)
            if not place.was_ready and place.failures == _MOST_STARTS:
                raise SetupError(
                    f"Worker {place.number} has ended {_MOST_STARTS} times before it was ready, "
                    f"with status {status} at last; the log may say why."
                )
            # Capped twice: after a thousand failures no float holds the power
            grown_s = self._first_pause_s * 2 ** min(place.failures - 1, 9)
            pause_s = min(grown_s, _LONGEST_PAUSE_S)
            _log.warning(
                "worker_ended", worker=place.number, status=status, starting_again_in_s=pause_s
            )
            await asyncio.sleep(pause_s)

    async def _fill(self, place: _Place) -> int:
        """Run one worker; return the status it ended with."""
        # One that still loads would refuse searches that the others can answer.
        at_once = place.number == 1 if self._is_start() else not self._is_one_ready()
        order = self._order(place.number, at_once)
        place.ready_at, place.last_words = None, ""
        try:
            running = WorkerProcess.running(order, grace_s=self._grace_s, command=self._command)
            async with running as process:
                place.process = process
                _log.info("worker_started", worker=place.number, pid=process.pid)
                async for told in process.tidings():
                    self._hear(place, told.news, told.sentence)
                status = await process.wait()
        finally:
            place.process = None
            place.failures = 1 if self._is_steady(place) else place.failures + 1
            place.ready_at = None
        return status

    def _hear(self, place: _Place, news: News, sentence: str) -> None:
        match news:
            case News.LISTENING if not self._listening:
                self._listening = True
                self._on_listening()
            case News.READY:
                place.ready_at, place.was_ready = self._now(), True
            case News.FAILED:
                place.last_words = sentence

    def _is_start(self) -> bool:
        return not any(place.failures or place.was_ready for place in self._places)

    def _is_one_ready(self) -> bool:
        return any(place.ready_at is not None for place in self._places)

    def _is_steady(self, place: _Place) -> bool:
        return place.ready_at is not None and self._now() - place.ready_at >= _STEADY_S

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
