"""nearhit search."""

from collections.abc import Iterator
from typing import Any

from service.cli.client import Remote
from service.cli.console import OUT, harmless, read_settings, sentences
from service.cli.search_display import photos_table, shown, way
from service.errors import ServiceError

__all__ = ["run"]

_Event = tuple[str, dict[str, Any]]


def run(
    tag: str,
    query: str,
    k: int,
    *,
    fresh: bool,
    min_similarity: float | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Search a running service, show how a cold search comes along, and print its answer."""
    parameters: dict[str, Any] = {"t": tag, "s_query": query, "k": k}
    if fresh:
        parameters["fresh"] = "true"
    if min_similarity is not None:
        parameters["min_similarity"] = min_similarity
    with sentences(), Remote(url, read_settings()) as remote:
        if as_json:
            OUT.print_json(data=remote.ask("GET", "/search", parameters=parameters))
            return
        answer = _followed(remote.events("/search/stream", parameters))
    if answer["results"]:
        OUT.print(photos_table(answer["results"]))
    else:
        OUT.print(f"The source has no photos for the tag “{harmless(tag)}”.")
    OUT.print(way(answer["cache"], answer["timings_ms"]["total"]))


def _followed(events: Iterator[_Event]) -> dict[str, Any]:
    """
    Show events as they come, where somebody watches; return the answer.

    Raises:
        ServiceError: If the stream ends without one.
    """
    with shown(OUT) as show:
        for name, content in events:
            if name == "result":
                return content
            show(name, content)
    raise ServiceError("The service has ended the search without an answer; try again.")
