"""A search as it comes along: a bar and the best photos so far, then the answer's table."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from service.cli.console import harmless

__all__ = ["photos_table", "shown", "way"]

_REFRESHES_A_SECOND = 10


def photos_table(results: Sequence[dict[str, Any]]) -> Table:
    """Return photos as a table, best first."""
    photo = Column("photo", overflow="fold")
    table = Table("", "score", photo, "author", "tags")
    for place, result in enumerate(results, 1):
        row = (result["page_url"] or result["url"], result["author"], ", ".join(result["tags"][:5]))
        table.add_row(str(place), f"{result['score']:.3f}", *map(harmless, row))
    return table


def way(cache: dict[str, Any], total_ms: float) -> Text:
    """Return in a sentence how an answer was come by."""
    matched = cache["matched"]
    like = ""
    if cache["tier"] == "semantic":
        like = f" of “{matched['query']}” ({matched['tag']}), similarity {cache['similarity']:.3f}"
    tier = (cache["tier"], "bold")
    return Text.assemble("Answered from tier ", tier, f"{harmless(like)} in {total_ms:.1f} ms.")


@contextmanager
def shown(console: Console) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """
    Show events while the block runs, and leave nothing of them behind.

    Yields what takes an event's name and content; where nobody watches, as in
    a pipe, it does nothing.
    """
    if not console.is_interactive:
        yield lambda _name, _content: None
        return
    search = _Search(console)
    with Live(search, console=console, refresh_per_second=_REFRESHES_A_SECOND, transient=True):
        yield search.take


class _Search:
    """What is known of a search under way."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._fetched = self._bar.add_task("fetched", total=None)
        self._encoded = self._bar.add_task("ranked", total=None)
        self._best: list[dict[str, Any]] = []

    def take(self, name: str, content: dict[str, Any]) -> None:
        """Take in an event."""
        if name == "progress":
            for task, of in ((self._fetched, "fetched"), (self._encoded, "encoded")):
                self._bar.update(task, total=content["photos"], completed=content[of])
        elif name == "partial":
            self._best = content["results"]

    def __rich__(self) -> Group:
        """Draw it."""
        return Group(*([photos_table(self._best)] if self._best else []), self._bar)
