"""What a look-alike of a photo API has to serve: photos found by tag, in every size."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from cache.pools.filters import Filters

__all__ = ["LARGE", "PREVIEW", "WEB", "Stock", "StockPhoto", "chance"]

PREVIEW, WEB, LARGE = 150, 640, 1280

_SLUG_TAGS = 3


@dataclass(frozen=True, slots=True)
class StockPhoto:
    """
    One photo of the stock.

    Args:
        id: The same in every run.
        size: Width and height of the original.
        tags: Those that say most about it first.
        author: Who made it.
        bytes: Size of the original's file.
        views: How often it was looked at; its other figures follow from this one.
    """

    id: int
    size: tuple[int, int]
    tags: tuple[str, ...]
    author: str
    bytes: int
    views: int

    @property
    def slug(self) -> str:
        """The first tags, as the photo's addresses show them."""
        words = " ".join(self.tags[:_SLUG_TAGS]).split()
        return "-".join(filter(None, map(_letters, words))) or "photo"


class Stock(Protocol):
    """Photos; all calls block, and may come from several threads."""

    def search(self, tag: str, filters: Filters) -> Sequence[StockPhoto]:
        """
        Return all photos of a tag and of the checked filters; of an empty tag all photos.

        Raises:
            SourceError: If the photos are gone.
        """
        ...

    def by_id(self, id_: int) -> StockPhoto | None:
        """Return the photo of a number, or None where there is none."""
        ...

    def picture(self, photo: StockPhoto, edge: int) -> bytes:
        """
        Return a photo's encoded bytes, at most `edge` pixels wide and high, never enlarged.

        Raises:
            PhotoError: If the photo is gone or broken.
        """
        ...


def chance(name: str) -> float:
    """Return a number in [0, 1) made from a name, the same in every run."""
    return int.from_bytes(blake2b(name.encode(), digest_size=6).digest()) / 2**48


def _letters(word: str) -> str:
    return "".join(char for char in word.lower() if char.isascii() and char.isalnum())
