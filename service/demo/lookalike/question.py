"""What is asked of the API: its parameters, checked as it checks them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cache.pools.filters import Filters
from service.sources.rules import PIXABAY_RULES

__all__ = ["MAX_HITS", "Question", "Refusal"]

MAX_HITS = 500
"""So many hits of one search can be had, on all its pages."""

_MAX_QUERY = 100  # characters of `q`
_CALLBACK = re.compile(r"[A-Za-z_$][\w$.]{0,99}", re.ASCII)
_WHOLE = re.compile("[0-9]{1,10}")


class Refusal(Exception):
    """A question the API answers with a plain-text error."""

    @classmethod
    def of(cls, name: str) -> Self:
        """Refuse the value of a parameter."""
        return cls(f'"{name}" is out of valid range.')


@dataclass(frozen=True, slots=True)
class Question:
    """
    One call of the API.

    Args:
        tag: What is searched; nothing finds everything.
        filters: Checked, of the API's own names.
        id: The one photo that is asked for, if any.
        page: From 1.
        per_page: Hits on a page.
        callback: Name of the JavaScript function the answer is handed to.
        pretty: Whether people will read the answer.
    """

    tag: str
    filters: Filters
    id: int | None
    page: int
    per_page: int
    callback: str | None
    pretty: bool

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> Self:
        """
        Read and check a call's parameters; those the API does not know are passed over.

        Raises:
            Refusal: If a value is not one the API takes.
        """
        given = {name: value for name, value in parameters.items() if value}
        tag = given.get("q", "")
        if len(tag) > _MAX_QUERY:
            raise Refusal.of("q")
        _flag(given, "safesearch")  # nothing here is unsafe
        return cls(
            tag=tag,
            filters=_filters(given),
            id=_whole(given, "id", least=1, most=2**31) if "id" in given else None,
            page=_whole(given, "page", least=1, most=MAX_HITS, default=1),
            per_page=_whole(given, "per_page", least=3, most=200, default=20),
            callback=_callback(given),
            pretty=_flag(given, "pretty"),
        )


def _filters(given: Mapping[str, str]) -> Filters:
    asked = {name: given[name] for name in PIXABAY_RULES if name in given}
    for name, value in asked.items():
        if not PIXABAY_RULES[name].allows(value):
            raise Refusal.of(name)
    return Filters.of(asked)


def _whole(
    given: Mapping[str, str], name: str, *, least: int, most: int, default: int | None = None
) -> int:
    text = given.get(name, str(default))
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise Refusal.of(name)
    return int(text)


def _flag(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "false")
    if value not in ("true", "false"):
        raise Refusal.of(name)
    return value == "true"


def _callback(given: Mapping[str, str]) -> str | None:
    name = given.get("callback")
    if name is not None and not _CALLBACK.fullmatch(name):
        raise Refusal.of("callback")
    return name
