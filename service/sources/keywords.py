"""Searching by keyword: which photos a tag finds, and how well it fits them."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from cache.stems import stem

__all__ = ["Keywords", "name_words", "stems"]

_WORD = re.compile(r"[^\W_]+")
_NAME_WORD = re.compile(r"[^\W\d_]{2,}")
_SPREAD = 1_000_000


@dataclass(frozen=True, slots=True)
class Keywords:
    """
    The tags of one photo, ready to be searched.

    Args:
        tags: The stems of each tag's words, in the photo's order of tags.
        words: All those stems.
    """

    tags: tuple[tuple[str, ...], ...]
    words: frozenset[str]

    @classmethod
    def of(cls, tags: Iterable[str]) -> Self:
        """Build from a photo's tags."""
        stemmed = tuple(stems(tag) for tag in tags)
        return cls(stemmed, frozenset(word for tag in stemmed for word in tag))

    def find(self, searched: tuple[str, ...]) -> int | None:
        """
        Return how far down the photo's tags the searched one stands.

        Args:
            searched: The searched tag's `stems`.

        Returns:
            The place of the tag that is the searched one; where its words are
            only spread over several tags, or within a longer one, a number
            larger than any place; None where a word is in no tag.
        """
        if not searched or not self.words.issuperset(searched):
            return None
        return self.tags.index(searched) if searched in self.tags else _SPREAD


def stems(tag: str) -> tuple[str, ...]:
    """Return the stems of a tag's words: `Wild horses` and `wild horse` have the same."""
    return tuple(stem(word) for word in _WORD.findall(_plain(tag)))


def name_words(name: str) -> list[str]:
    """Return the words in a file's or folder's name, without numbers and single letters."""
    return _NAME_WORD.findall(_plain(name))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
