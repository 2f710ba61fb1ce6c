"""Words held out of the captions, so that a model can be asked about words of no caption."""

import csv
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from service.demo.captions.words import stems

__all__ = ["content_stems", "digest", "read_held_out"]

# Words that say how others belong together, and are in all texts
_FUNCTION_WORDS = frozenset(
    "a above amid amidst among an and around at below beneath by for from full in into near no "
    "of off on over s the to under up with without".split()
)


def content_stems(texts: Iterable[str]) -> frozenset[str]:
    """Return the stems of all words of texts but of those that only join others."""
    found = frozenset[str]().union(*map(stems, texts))
    return found - stems(" ".join(_FUNCTION_WORDS))


def read_held_out(tables: Iterable[Path]) -> frozenset[str]:
    """Return the content stems of the column `query` of tables with tabs between columns."""
    texts: list[str] = []
    for table in tables:
        with table.open(newline="") as file:
            texts += (row["query"] for row in csv.DictReader(file, delimiter="\t"))
    return content_stems(texts)


def digest(words: Iterable[str]) -> str:
    """Return a short hash of a set of words, to tell which were held out."""
    return blake2b(" ".join(sorted(words)).encode(), digest_size=8).hexdigest()
