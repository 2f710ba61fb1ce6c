"""How far warming has got: a bar in a terminal, lines elsewhere."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.cli.console import harmless

__all__ = ["Bar", "Display", "Lines", "display"]

_STEP_S = 0.2
_QUIET_S = 5.0


class Display(Protocol):
    """Shows counts by outcome, and waits visibly."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Show no more."""
        ...

    def show(self, counts: Mapping[str, int]) -> None:
        """Show how many rows came to what so far."""
        ...

    def wait(self, seconds: float, reason: str) -> None:
        """Wait, and show for how long and why."""
        ...


def display(console: Console, total: int) -> Display:
    """Return what suits where the output goes, for so many rows."""
    return Bar(console, total) if console.is_interactive else Lines(console, total)


class Bar:
    """
    A progress bar.

    Args:
        console: A terminal.
        total: Rows in all.
    """

    def __init__(self, console: Console, total: int) -> None:
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
        )
        self._task = self._bar.add_task("", total=total)
        self._counts = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, counts: Mapping[str, int]) -> None:
        """Move the bar."""
        self._counts = _told(counts)
        self._bar.update(self._task, completed=sum(counts.values()), description=self._counts)

    def wait(self, seconds: float, reason: str) -> None:
        """Count down beside the bar; why, if it is for long, is said above it."""
        if seconds >= _QUIET_S:
            self._bar.console.print(harmless(reason), soft_wrap=True)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            told = f"{self._counts}, waiting {left:.0f} s"
            self._bar.update(self._task, description=told.removeprefix(", "))
            time.sleep(min(_STEP_S, left))
        self._bar.update(self._task, description=self._counts)


class Lines:
    """
    A line every few seconds, as a log wants it.

    Args:
        console: No terminal.
        total: Rows in all.
    """

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def show(self, counts: Mapping[str, int]) -> None:
        """Print a line, unless one has just been printed."""
        done = sum(counts.values())
        self._say(f"{done} of {self._total} rows: {_told(counts)}", now=done == self._total)

    def wait(self, seconds: float, reason: str) -> None:
        """Print a line, unless one has just been printed and it is not for long."""
        self._say(f"Waiting {seconds:.0f} s: {harmless(reason)}", now=seconds >= _QUIET_S)
        time.sleep(seconds)

    def _say(self, line: str, *, now: bool) -> None:
        if now or time.monotonic() >= self._next:
            self._console.print(line, soft_wrap=True)
            self._next = time.monotonic() + _QUIET_S


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number)
