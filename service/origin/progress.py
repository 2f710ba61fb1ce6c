"""How far a fetch has come, for whoever wants to see a cold search live."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from cache.pools.pool import Candidate, PoolKey

__all__ = ["Fetching", "Progress", "Progresses"]


@dataclass(frozen=True, slots=True)
class Progress:
    """
    Photos of one fetch.

    Args:
        photos: How many there are in all; None until the source has answered.
        fetched: Those that have arrived and could be read, or were known before.
        encoded: Those of them that have an embedding by now.
        failed: Those that cannot be had.
    """

    photos: int | None = None
    fetched: int = 0
    encoded: int = 0
    failed: int = 0


class Fetching:
    """
    One key's fetch as it goes on: told by the fetch, watched by any number of searches.

    Where another replica fetches, only numbers are known of it.
    """

    def __init__(self) -> None:
        self._heard = Progress()
        self._ours = False
        self._watchers = 0
        self._photos: int | None = None
        self._fetched: set[str] = set()
        self._failed: set[str] = set()
        self._encoded: dict[str, tuple[Candidate, NDArray[np.float16]]] = {}
        self._begun = 0
        self._news = asyncio.Event()

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        if not self._ours:
            return self._heard
        encoded, failed = len(self._encoded), len(self._failed)
        return Progress(self._photos, len(self._fetched), encoded, failed)

    @property
    def begun(self) -> int:
        """How often it has begun anew: what was encoded before is another fetch's."""
        return self._begun

    def encoded(self, since: int) -> list[tuple[Candidate, NDArray[np.float16]]]:
        """Return candidates with embeddings, shape (d,) each, in order of arrival from one on."""
        return list(islice(self._encoded.values(), since, None))

    @property
    def is_ours(self) -> bool:
        """Whether this replica fetches, or has tried to."""
        return self._ours

    @property
    def is_watched(self) -> bool:
        """Whether anybody wants to know."""
        return self._watchers > 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Want to know, while the block runs."""
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1

    def changed(self) -> Coroutine[Any, Any, object]:
        """Return what ends once there is more than now, that is when this is called."""
        return self._news.wait()

    def hear(self, progress: Progress) -> None:
        """Take in how far another replica is."""
        self._heard = progress
        self._tell()

    def begin(self, photos: int | None) -> None:
        """Begin anew: the source has told how many photos there are, or is about to be asked."""
        self._ours = True
        self._photos = photos
        self._fetched.clear()
        self._failed.clear()
        self._encoded.clear()
        self._begun += 1
        self._tell()

    def photo_fetched(self, candidate: Candidate) -> None:
        """Take in that a photo has arrived."""
        self._fetched.add(candidate.id)
        self._tell()

    def photo_encoded(self, candidate: Candidate, vector: NDArray[np.float16]) -> None:
        """Take in a photo's embedding, float16, shape (d,)."""
        self._fetched.add(candidate.id)
        self._encoded[candidate.id] = candidate, vector
        self._tell()

    def photo_failed(self, candidate: Candidate) -> None:
        """Take in that a photo cannot be had."""
        self._fetched.discard(candidate.id)
        self._failed.add(candidate.id)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Progresses:
    """Where fetches and those who watch them meet, by key; forgotten when nobody holds it."""

    def __init__(self) -> None:
        self._fetching: WeakValueDictionary[str, Fetching] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._fetching)

    def of(self, key: PoolKey) -> Fetching:
        """Return the one of a key, whether or not it is being fetched already."""
        digest = key.digest
        fetching = self._fetching.get(digest)
        if fetching is None:
            fetching = self._fetching[digest] = Fetching()
        return fetching
