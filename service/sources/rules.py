"""What the filters of each source may be, checked before anything is asked."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from cache.pools.filters import Filters
from service.errors import BadRequest, UnknownFilter

__all__ = ["FOLDER_RULES", "PIXABAY_RULES", "Rule", "check", "fits"]


class Rule(NamedTuple):
    """What a filter's value may be: as a pattern, and in words for the user."""

    pattern: re.Pattern[str]
    hint: str

    def allows(self, value: str) -> bool:
        """Whether a value is one the source knows."""
        return self.pattern.fullmatch(value) is not None


def _one_of(words: str) -> Rule:
    names = words.split()
    return Rule(re.compile("|".join(names)), f"one of {', '.join(names)}")


def _some_of(words: str) -> Rule:
    names = words.split()
    one = f"(?:{'|'.join(names)})"
    return Rule(re.compile(f"{one}(?:,{one})*"), f"one or more, with commas, of {', '.join(names)}")


_PIXELS = Rule(re.compile("[0-9]{1,6}"), "a whole number of pixels")
_ORIENTATION = _one_of("all horizontal vertical")

PIXABAY_RULES: Mapping[str, Rule] = {
    "category": _one_of(
        "backgrounds fashion nature science education feelings health people religion places "
        "animals industry computer food sports transportation travel buildings business music"
    ),
    "colors": _some_of(
        "grayscale transparent red orange yellow green turquoise blue lilac pink white gray "
        "black brown"
    ),
    "editors_choice": _one_of("true false"),
    "image_type": _one_of("all photo illustration vector"),
    "lang": _one_of(
        "cs da de en es fr id it hu nl no pl pt ro sk fi sv tr vi th bg ru el ja ko zh"
    ),
    "min_height": _PIXELS,
    "min_width": _PIXELS,
    "order": _one_of("popular latest"),
    "orientation": _ORIENTATION,
}
FOLDER_RULES: Mapping[str, Rule] = {
    "min_height": _PIXELS,
    "min_width": _PIXELS,
    "orientation": _ORIENTATION,
}


def check(filters: Filters, rules: Mapping[str, Rule], *, source: str) -> None:
    """
    Raise unless a source can apply every filter as asked.

    Raises:
        UnknownFilter: If the source has no such filter.
        BadRequest: If the filter cannot have this value.
    """
    for name, value in filters.pairs:
        rule = rules.get(name)
        if rule is None:
            known = ", ".join(sorted(rules))
            raise UnknownFilter(f"{source} has no filter “{name}”; it has {known}.")
        if not rule.allows(value):
            raise BadRequest(f"The filter “{name}” must be {rule.hint}.")


def fits(size: tuple[int, int], filters: Filters) -> bool:
    """Whether a photo of this width and height passes the checked filters that speak of it."""
    width, height = size
    if width < int(filters.get("min_width") or 0) or height < int(filters.get("min_height") or 0):
        return False
    match filters.get("orientation"):
        case "horizontal":
            return width > height
        case "vertical":
            return height > width
    return True
