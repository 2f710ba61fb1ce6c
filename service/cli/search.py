"""nearhit search."""

from typing import Any

from rich.table import Column, Table
from rich.text import Text

from service.cli.client import get
from service.cli.console import OUT, harmless, read_settings, sentences

__all__ = ["run"]


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
    """Search a running service and print its answer."""
    parameters: dict[str, Any] = {"t": tag, "s_query": query, "k": k}
    if fresh:
        parameters["fresh"] = "true"
    if min_similarity is not None:
        parameters["min_similarity"] = min_similarity
    with sentences():
        answer = get("/search", parameters, url, read_settings())
    if as_json:
        OUT.print_json(data=answer)
        return
    if answer["results"]:
        OUT.print(_table(answer))
    else:
        OUT.print(f"The source has no photos for the tag “{harmless(tag)}”.")
    OUT.print(_way(answer["cache"], answer["timings_ms"]["total"]))


def _table(answer: dict[str, Any]) -> Table:
    photo = Column("photo", overflow="fold")
    table = Table("", "score", photo, "author", "tags")
    for place, result in enumerate(answer["results"], 1):
        row = (result["page_url"] or result["url"], result["author"], ", ".join(result["tags"][:5]))
        table.add_row(str(place), f"{result['score']:.3f}", *map(harmless, row))
    return table


def _way(cache: dict[str, Any], total_ms: float) -> Text:
    matched = cache["matched"]
    like = ""
    if cache["tier"] == "semantic":
        like = f" of “{matched['query']}” ({matched['tag']}), similarity {cache['similarity']:.3f}"
    tier = (cache["tier"], "bold")
    return Text.assemble("Answered from tier ", tier, f"{harmless(like)} in {total_ms:.1f} ms.")
