"""A search as it is asked, checked before anything is done for it."""

import unicodedata
from dataclasses import dataclass
from typing import Self

from cache.entries.normalise import normalise
from cache.pools.filters import NO_FILTERS, Filters
from service.errors import BadRequest

__all__ = ["MAX_K", "MAX_QUERY", "MAX_TAG", "SearchRequest"]

MAX_K = 200
"""Most photos one answer holds: as many as a pool."""

MAX_TAG = 100
"""Most characters of a tag: what the Pixabay API takes."""

MAX_QUERY = 1000
"""Most characters of a query; models cut far shorter texts than that."""


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


def _checked(text: str, name: str, longest: int) -> str:
    if len(text) > longest:
        raise BadRequest(f"{name} has {len(text)} characters; at most {longest} are taken.")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise BadRequest(f"{name} has control characters, which cannot be searched for.")
    normal = normalise(text)
    if not any(c.isalnum() for c in normal):
        raise BadRequest(f"{name} is empty: it needs at least one letter or digit.")
    if len(normal) > longest:
        raise BadRequest(f"{name} has {len(normal)} characters; at most {longest} are taken.")
    return normal
