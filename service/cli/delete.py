"""nearhit delete."""

import sys
from typing import Any

import typer

from service.cli.client import Remote
from service.cli.console import OUT, fail, read_settings, sentences

__all__ = ["run"]


def run(
    tag: str | None, query: str | None, *, everything: bool, yes: bool, url: str | None
) -> None:
    """Delete what a running service remembers, and print how much that was."""
    given = {"tag": tag, "query": query, "all": "true" if everything else None}
    parameters: dict[str, Any] = {name: text for name, text in given.items() if text is not None}
    if not parameters:
        raise fail("Say what to delete: --tag, --query, both of them, or --all alone.")
    if everything and not yes:
        _confirm()
    with sentences(), Remote(url, read_settings(), as_admin=True) as remote:
        deleted = remote.ask("DELETE", "/cache/entries", parameters=parameters)
    entries, pools = _count(deleted["entries"], "entry"), _count(deleted["pools"], "pool")
    OUT.print(f"Deleted {entries} and {pools} here; other replicas follow.")


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise fail("To delete all there is without being asked, add --yes.")
    typer.confirm("Delete all entries and pools, on every replica?", abort=True)


def _count(number: int, one: str) -> str:
    many = {"entry": "entries", "pool": "pools"}
    return f"{number} {one if number == 1 else many[one]}"
