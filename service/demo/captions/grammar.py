"""A little English grammar: articles, plurals, and the bare words of a search."""

import re

__all__ = ["bare", "indefinite", "plural", "qualified"]

_SAID_OTHERWISE = re.compile(r"(?:one\b|once|uni(?!n)|use|usual|euro|ewe)")
_SAID_WITH_VOWEL = re.compile(r"(?:[aeiou]|hour|honest|heir)")
_ARTICLES = re.compile(r"\b(?:a|an|the|some) ")
_LEADING = re.compile(r"(?P<article>a|an|the|some) (?P<rest>.+)")


def indefinite(noun: str) -> str:
    """Put `a` or `an` before a noun."""
    vowel = _SAID_WITH_VOWEL.match(noun) and not _SAID_OTHERWISE.match(noun)
    return f"{'an' if vowel else 'a'} {noun}"


def plural(noun: str) -> str:
    """Return the plural of a regular noun."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(?:s|x|z|ch|sh)$", noun) else "s")


def qualified(adjective: str, noun: str) -> str:
    """Put an adjective before a noun, behind its article."""
    found = _LEADING.fullmatch(noun)
    if not found:
        return f"{adjective} {noun}"
    if found["article"] in {"the", "some"}:
        return f"{found['article']} {adjective} {found['rest']}"
    return indefinite(f"{adjective} {found['rest']}")


def bare(text: str) -> str:
    """Leave out all articles."""
    return _ARTICLES.sub("", text)
