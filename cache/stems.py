"""Stems of words, so that inflected forms compare equal."""

from functools import lru_cache

import snowballstemmer

__all__ = ["stem"]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return the stem of a lower-case English word (Snowball's "english", Porter2)."""
    # A stemmer keeps the word it works on in itself, so each call has its own.
    return str(snowballstemmer.stemmer("english").stemWord(word))
