"""Where the workers of one service lay out their figures for each other: a file each."""

import asyncio
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeGuard, TypeVar

import structlog

from cache.clock import Clock
from service.telemetry.figures import Figures, Readings, join

__all__ = ["Board"]

_VERSION = 1
_EVERY_S = 1.0
_FRESH_S = 5.0
_QUIET_S = 60.0

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class Board:
    """
    One worker's place at the board, and its view of the others'.

    A worker's file outlives it, and its successor in the same place goes on
    from there: so sums never go down, whoever is asked and whoever has died.
    What a worker shows it has written before; so the next one asked knows it.
    One thread does all file work, in the order in which it was asked to.

    Args:
        folder: Shared by the workers, and by nobody else.
        number: The worker's own; no two that live have the same.
        clock: Decides whose gauges still count: those of a process that lives and has
            written within the last five seconds.
    """

    def __init__(self, folder: Path, number: int, clock: Clock) -> None:
        self._folder = folder
        self._path = folder / f"{number}.json"
        self._clock = clock
        self._before = Figures({})
        self._failures: Counter[str] = Counter()
        self._quiet_until = float("-inf")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="figures")

    async def open(self) -> None:
        """Take over the sums of the worker that had this place before, if there was one."""
        left = await self._run(partial(self._read, self._path))
        self._before = left.figures.growing() if left else Figures({})

    async def run(self, figures: Callable[[], Figures]) -> None:
        """Write every second until cancelled."""
        while True:
            await self.publish(figures())
            await asyncio.sleep(_EVERY_S)

    async def publish(self, own: Figures) -> Figures:
        """Write this worker's figures; return what was written: those of its place."""
        mine = join([self._before, own])
        await self._run(partial(self._write, _Sheet(os.getpid(), self._clock.now(), mine)))
        return mine

    async def joined(self, own: Figures) -> Figures:
        """Return the figures of all workers, after having written this one's."""
        mine = await self.publish(own)
        return join([mine, *await self._run(self._others)])

    def readings(self) -> Readings:
        """Return how often a file could not be written or read."""
        return {("nearhit_figure_failures", call): n for call, n in self._failures.items()}

    async def aclose(self) -> None:
        """End the thread once its current work is done."""
        await asyncio.to_thread(self._thread.shutdown)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _write(self, sheet: "_Sheet") -> None:
        part = self._path.with_suffix(".part")
        try:
            part.write_text(sheet.text())
            part.replace(self._path)
        except OSError as exc:
            self._failed("write", exc)

    def _others(self) -> list[Figures]:
        now = self._clock.now()
        return [
            sheet.figures if sheet.is_of_the_living(now) else sheet.figures.growing()
            for sheet in self._sheets()
        ]

    def _sheets(self) -> Iterator["_Sheet"]:
        for path in sorted(self._folder.glob("*.json")):
            if path != self._path and (sheet := self._read(path)):
                yield sheet

    def _read(self, path: Path) -> "_Sheet | None":
        try:
            return _Sheet.of(path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as exc:
            self._failed("read", exc)
            return None

    def _failed(self, call: str, reason: Exception) -> None:
        """Count a failure, and log it unless one was logged within the last minute."""
        self._failures[call] += 1
        now = self._clock.monotonic()
        log = _log.debug if now < self._quiet_until else _log.warning
        self._quiet_until = max(self._quiet_until, now + _QUIET_S)
        log("figures_not_shared", call=call, reason=str(reason))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What stands in a file: the figures, and which process has written them at what wall time."""

    pid: int
    at: float
    figures: Figures

    def text(self) -> str:
        figures = dict(self.figures.values)
        body = {"version": _VERSION, "pid": self.pid, "at": self.at, "figures": figures}
        return json.dumps(body)

    def is_of_the_living(self, now: float) -> bool:
        """Return whether its process still runs; one that got its id since writes nothing here."""
        if abs(now - self.at) >= _FRESH_S:
            return False
        try:
            os.kill(self.pid, 0)
        except OSError:  # there is none, or it is somebody else's
            return False
        return True

    @classmethod
    def of(cls, text: str) -> "_Sheet":
        """Raise ValueError where the text is no sheet of this version."""
        body = json.loads(text)
        if not isinstance(body, dict) or body.get("version") != _VERSION:
            raise ValueError("no figures of this version")
        values = body.get("figures")
        if not isinstance(values, dict) or not all(map(_is_number, values.values())):
            raise ValueError("figures that are no numbers")
        pid, at = body.get("pid"), body.get("at")
        if not isinstance(pid, int) or pid <= 0 or not _is_number(at):
            raise ValueError("figures without a process and a time")
        return cls(pid, at, Figures(values))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value)
