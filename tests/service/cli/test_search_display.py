"""What somebody at a terminal sees of a cold search."""

import io
from typing import Any

from rich.console import Console

from service.cli.search_display import shown

PHOTO = {"score": 31.25, "page_url": "https://a.example/1", "url": "", "author": "Ann", "tags": []}


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, force_interactive=True, width=100)


def screen(console: Console, *events: tuple[str, dict[str, Any]]) -> str:
    """Return all that is written while events come."""
    with shown(console) as show:
        for name, content in events:
            show(name, content)
    return console.file.getvalue()


def test_progress_is_two_bars():
    """Photos fetched and photos ranked, of how many."""
    told = {"photos": 100, "fetched": 31, "encoded": 24, "failed": 0}

    seen = screen(terminal(), ("progress", told))

    assert "fetched" in seen
    assert " 31/100" in seen
    assert " 24/100" in seen


def test_the_best_so_far_stand_above_the_bars():
    """A partial result is a table like the answer's."""
    seen = screen(terminal(), ("partial", {"results": [PHOTO]}))

    assert "31.250" in seen
    assert seen.index("31.250") < seen.rindex("fetched")


def test_nothing_is_written_where_nobody_watches():
    """A pipe gets the answer alone."""
    console = Console(file=io.StringIO(), force_terminal=False)

    assert screen(console, ("partial", {"results": [PHOTO]})) == ""
