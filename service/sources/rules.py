"""What the filters of each source may be, checked before anything is asked."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from cache.pools.filters import Filters
from service.errors import BadRequest, UnknownFilter

__all__ = ["FOLDER_RULES", "PIXABAY_RULES", "Rule", "canonical", "fits"]


class Rule(NamedTuple):
    """
    What a filter's value may be.

    Args:
        pattern: Of all values.
        hint: The same in words, for the user.
        default: What is meant where the filter is not asked for.
        many: Whether the value is a list, of which order does not matter.
    """

    pattern: re.Pattern[str]
    hint: str
    default: str | None = None
    many: bool = False

    def allows(self, value: str) -> bool:
        """Whether a value is one the source knows."""
        return self.pattern.fullmatch(value) is not None

    def canonical(self, value: str) -> str | None:
        """Return the one spelling of a value; None where it asks for the default."""
        if self.many:
            value = ",".join(sorted(set(value.split(","))))
        elif value.isdigit():
            value = str(int(value))
        return None if value == self.default else value


def _one_of(words: str, default: str | None = None) -> Rule:
    names = words.split()
    return Rule(re.compile("|".join(names)), f"one of {', '.join(names)}", default)


def _some_of(words: str) -> Rule:
    names = words.split()
    one = f"(?:{'|'.join(names)})"
    hint = f"one or more, with commas, of {', '.join(names)}"
    return Rule(re.compile(f"{one}(?:,{one})*"), hint, many=True)


_PIXELS = Rule(re.compile("[0-9]{1,6}"), "a whole number of pixels", "0")
_ORIENTATION = _one_of("all horizontal vertical", "all")

PIXABAY_RULES: Mapping[str, Rule] = {
    "category": _one_of(
        "backgrounds fashion nature science education feelings health people religion places "
        "animals industry computer food sports transportation travel buildings business music"
    ),
    "colors": _some_of(
        "grayscale transparent red orange yellow green turquoise blue lilac pink white gray "
        "black brown"
    ),
    "editors_choice": _one_of("true false", "false"),
    "image_type": _one_of("all photo illustration vector", "photo"),
    "lang": _one_of(
        "cs da de en es fr id it hu nl no pl pt ro sk fi sv tr vi th bg ru el ja ko zh", "en"
    ),
    "min_height": _PIXELS,
    "min_width": _PIXELS,
    "order": _one_of("popular latest", "popular"),
    "orientation": _ORIENTATION,
}
FOLDER_RULES: Mapping[str, Rule] = {
    "min_height": _PIXELS,
    "min_width": _PIXELS,
    "orientation": _ORIENTATION,
}


def canonical(filters: Filters, rules: Mapping[str, Rule], *, source: str) -> Filters:
    """
    Return filters in their one spelling, without those that ask for the defaults.

    Raises:
        UnknownFilter: If the source has no such filter.
        BadRequest: If the filter cannot have this value.
    """
    return Filters.of({name: _value(name, v, rules, source) for name, v in filters.pairs})


def _value(name: str, value: str, rules: Mapping[str, Rule], source: str) -> str | None:
    rule = rules.get(name)
    if rule is None:
        known = ", ".join(sorted(rules))
        raise UnknownFilter(f"{source} has no filter `{name}`; it has {known}.")
    if not rule.allows(value):
        raise BadRequest(f"The filter `{name}` must be {rule.hint}.")
    return rule.canonical(value)


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
