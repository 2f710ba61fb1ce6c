"""What is asked, checked before anything is done for it."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from cache.entries.normalise import normalise
from cache.journal.notices import Deletion
from cache.pools.filters import NO_FILTERS, Filters
from service.errors import BadRequest

__all__ = ["MAX_K", "MAX_QUERY", "MAX_TAG", "SearchRequest", "checked_deletion"]

MAX_K = 200
"""Most photos one answer holds: as many as a pool."""

MAX_TAG = 100
"""Most characters of a tag: what the Pixabay API takes."""

MAX_QUERY = 1000
"""Most characters of a query; models cut far shorter texts than that."""

_TEXTS = 4096
"""That are known to be valid: what is asked again need not be checked again."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """
    A valid search; build it with `checked`.

    Args:
        tag: Normalised tag, not empty.
        query: Normalised query, not empty.
        k: Most photos wanted, 1 to `MAX_K`.
        filters: What narrows the pool.
        min_similarity: Threshold of this request instead of the service's, or None.
        fresh: Whether to pass over remembered answers.
    """

    tag: str
    query: str
    k: int
    filters: Filters = NO_FILTERS
    min_similarity: float | None = None
    fresh: bool = False

    @classmethod
    def checked(
        cls,
        tag: str,
        query: str,
        k: int,
        *,
        filters: Filters = NO_FILTERS,
        min_similarity: float | None = None,
        fresh: bool = False,
    ) -> Self:
        """
        Normalise and check what a user asks.

        Raises:
            BadRequest: If a text is empty, too long or has control characters, if k or
                min_similarity is out of range.
        """
        if not 1 <= k <= MAX_K:
            raise BadRequest(f"`k` is {k}; it must be between 1 and {MAX_K}.")
        if min_similarity is not None and not -1 <= min_similarity <= 1:
            raise BadRequest("`min_similarity` is a cosine; it must be between -1 and 1.")
        return cls(
            _checked(tag, "The tag `t`", MAX_TAG),
            _checked(query, "The query `s_query`", MAX_QUERY),
            k,
            filters,
            min_similarity,
            fresh,
        )


def checked_deletion(tag: str | None, query: str | None, *, everything: bool) -> Deletion:
    """
    Normalise and check what an admin asks to delete.

    Args:
        tag: Delete what was found under this tag, or None.
        query: Delete what was asked with these words, or None.
        everything: Delete all there is.

    Raises:
        BadRequest: If it is neither everything nor something, or both, or a text is one
            that nobody can search for.
    """
    if everything == (tag is not None or query is not None):
        raise BadRequest("Say what to delete: `tag`, `query`, both of them, or `all=true` alone.")
    return Deletion(
        None if tag is None else _checked(tag, "The tag `tag`", MAX_TAG),
        None if query is None else _checked(query, "The query `query`", MAX_QUERY),
    )


@lru_cache(_TEXTS)
def _checked(text: str, name: str, longest: int) -> str:
    if len(text) > longest:
        raise BadRequest(f"{name} has {len(text)} characters; at most {longest} are taken.")
    # What is printable has none of them, which is quick to see.
    if not text.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise BadRequest(f"{name} has control characters, which cannot be searched for.")
    normal = normalise(text)
    if not any(c.isalnum() for c in normal):
        raise BadRequest(f"{name} is empty: it needs at least one letter or digit.")
    if len(normal) > longest:
        raise BadRequest(f"{name} has {len(normal)} characters; at most {longest} are taken.")
    return normal
