"""nearhit warm."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from itertools import islice
from typing import Any, BinaryIO

import typer
from rich.table import Table

from service.cli.client import Remote
from service.cli.console import OUT, fail, harmless, read_settings, sentences
from service.cli.rows import Row, Rows, read_rows
from service.cli.warm_display import Display, display
from service.errors import ServiceError

__all__ = ["run"]

_ATTEMPTS = 3
_LEAST_PAUSE_S = 0.5
_LISTED = 10
_STOPPED = 130
"""Exit status of what Ctrl-C has ended, as shells have it."""

_SAID = {
    "stored": "stored now",
    "known": "known already",
    "empty": "tag without photos",
    "failed": "failed",
}
_Warmed = dict[str, Any]


class _WarmUp:
    """
    Rows on their way into a service, and what became of them.

    Args:
        remote: The service.
        rows: All of them.
        batch: How many are sent with one call.
        timeout_s: Longest wait without a row being done with.
    """

    def __init__(self, remote: Remote, rows: Sequence[Row], batch: int, timeout_s: float) -> None:
        self._remote = remote
        self._batch = batch
        self._timeout_s = timeout_s
        self._attempts = Counter[Row]()
        self._moved_at = time.monotonic()
        self.left = deque(rows)
        self.counts = dict.fromkeys(_SAID, 0)
        self.failures: list[tuple[Row, str]] = []
        self.empty_tags: dict[str, None] = {}

    def go(self, shown: Display) -> None:
        """
        Send all rows, waiting where the service asks for it.

        Raises:
            ServiceError: If there is no service, it refuses, or nothing moves for too long.
        """
        while self.left:
            pause = self._step()
            shown.show(self.counts)
            if pause is not None:
                shown.wait(self._bounded_s(pause), str(pause))

    def _step(self) -> ServiceError | None:
        """Send some rows; return what to wait for where none of them is done with."""
        batch = list(islice(self.left, self._batch))
        searches = [row._asdict() for row in batch]
        try:
            answer = self._remote.ask("POST", "/cache/warm", body={"searches": searches})
        except ServiceError as exc:
            if exc.retry_after_s is None:
                raise
            return exc
        return self._take_in(batch, answer["searches"])

    def _take_in(self, batch: Sequence[Row], warmed: Sequence[_Warmed]) -> ServiceError | None:
        by_fate: dict[str, list[tuple[Row, _Warmed]]] = defaultdict(list)
        for row, one in zip(batch, warmed, strict=True):
            self.left.popleft()
            by_fate[self._fate(row, one)].append((row, one))
        waiting, again = by_fate.pop("waiting", []), by_fate.pop("again", [])
        self.left.extendleft(row for row, _ in reversed(waiting))
        self.left.extend(row for row, _ in again)
        self.failures += [(row, one["detail"]) for row, one in by_fate["failed"]]
        self.empty_tags |= {row.tag: None for row, _ in by_fate["empty"]}
        for outcome, rows in by_fate.items():
            self.counts[outcome] += len(rows)
        if len(waiting) + len(again) < len(batch):
            self._moved_at = time.monotonic()
            return None
        return min((_problem(one) for _, one in waiting + again), key=_wait_s)

    def _fate(self, row: Row, warmed: _Warmed) -> str:
        """Return a row's outcome, or `again` where a failure may pass."""
        if warmed["outcome"] != "failed":
            return str(warmed["outcome"])
        self._attempts[row] += 1
        is_last = warmed["retry_after_s"] is None or self._attempts[row] == _ATTEMPTS
        return "failed" if is_last else "again"

    def _bounded_s(self, pause: ServiceError) -> float:
        wait_s = _wait_s(pause)
        if time.monotonic() + wait_s > self._moved_at + self._timeout_s:
            raise ServiceError(
                f"Given up: to wait on would take longer than --timeout-s ({self._timeout_s:g}). "
                f"{pause}"
            )
        return wait_s


def run(file: BinaryIO, url: str | None, *, batch: int, timeout_s: float) -> None:
    """Warm the searches of a file; exit with status 1 where some are not in."""
    with sentences(), Remote(url, read_settings(), as_admin=True) as remote:
        rows = read_rows(file.read())
        _tell_bad_lines(rows)
        if not rows.searches:
            raise ServiceError("There is no search in this file that could be used.")
        _carry_out(_WarmUp(remote, rows.searches, batch, timeout_s), rows)


def _carry_out(warming: _WarmUp, rows: Rows) -> None:
    try:
        with display(OUT, len(rows.searches)) as shown:
            warming.go(shown)
    except KeyboardInterrupt as exc:
        _tell(warming, rows)
        OUT.print("Stopped. Run it again to go on: what is in is passed over.")
        raise typer.Exit(_STOPPED) from exc
    except ServiceError:
        # Of use only where something has been done.
        if any(warming.counts.values()):
            _tell(warming, rows)
        raise
    _tell(warming, rows)
    if warming.failures:
        raise fail(f"{len(warming.failures)} of {len(rows.searches)} searches have failed.")


def _problem(warmed: _Warmed) -> ServiceError:
    return ServiceError(str(warmed["detail"]), retry_after_s=warmed["retry_after_s"])


def _wait_s(problem: ServiceError) -> float:
    return max(_LEAST_PAUSE_S, problem.retry_after_s or 0.0)


def _tell_bad_lines(rows: Rows) -> None:
    for bad in rows.bad[:_LISTED]:
        OUT.print(f"Line {bad.number} is passed over: {harmless(bad.reason)}", soft_wrap=True)
    _tell_of_more(len(rows.bad), "lines cannot be used")


def _tell(warming: _WarmUp, rows: Rows) -> None:
    table = Table("searches", "")
    for outcome, number in warming.counts.items():
        table.add_row(_SAID.get(outcome, harmless(outcome)), f"{number}")
    more = {
        "not done yet": len(warming.left),
        "lines that cannot be used": len(rows.bad),
        "lines that repeat another": rows.repeated,
    }
    for name, number in more.items():
        if number:
            table.add_row(name, f"{number}")
    OUT.print(table)
    if warming.empty_tags:
        tags = ", ".join(islice(warming.empty_tags, _LISTED))
        OUT.print(f"Tags without photos: {harmless(tags)}", soft_wrap=True)
    for row, reason in warming.failures[:_LISTED]:
        OUT.print(harmless(f"Failed: {row.tag}, “{row.query}”: {reason}"), soft_wrap=True)
    _tell_of_more(len(warming.failures), "searches have failed")


def _tell_of_more(number: int, what: str) -> None:
    if number > _LISTED:
        OUT.print(f"In all, {number} {what}.")
