"""Photos to vectors: those that are known from the store, the others encoded, each once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from cache.clock import Clock
from cache.errors import StoreUnavailable
from cache.pools.embeddings import Embeddings
from cache.pools.pool import POOL_LIFETIME_S, Candidate, PoolKey
from cache.sharing.flight import SingleFlight
from service.errors import (
    EncoderClosed,
    EncoderFailed,
    PhotoRejected,
    PhotoUnavailable,
    ServiceError,
)
from service.origin.progress import Fetching
from service.telemetry.counters import Counters
from service.telemetry.failures import StoreFailures

__all__ = ["PhotoVectors", "Vectors"]

_RECENT_KEPT = 4096

_FOR_NOW = (PhotoUnavailable, EncoderFailed)
"""Why a photo may be missing from a pool, and be there the next time."""

_Vector = NDArray[np.float16]
_Prepared = TypeVar("_Prepared")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """
    What became of a tag's photos.

    Args:
        by_photo: Embeddings by the photo's id, unit length, float16, shape (d,) each.
        encoded: How many of them were encoded just now.
        missing: Why others cannot be had for now.
        rejected: Why others never can.
        are_stored: Whether all embeddings are in the store.
    """

    by_photo: Mapping[str, _Vector]
    encoded: int
    missing: Sequence[ServiceError]
    rejected: Sequence[ServiceError]
    are_stored: bool


class PhotoVectors(Generic[_Prepared]):
    """
    Turns candidates into embeddings.

    Args:
        prepared: Returns what a candidate is encoded from.
        encode: Turns that into unit rows, float32, shape (n, dimension).
        dimension: Length of a row.
        embeddings: Where embeddings are kept.
        encoding: Runs the photos, by photo: as many are in memory at the same time as it runs.
        counters: Counts photos.
        failures: Told when it goes on without the store.
        clock: Says until when an embedding must be good.
    """

    def __init__(
        self,
        *,
        prepared: Callable[[Candidate], Awaitable[_Prepared]],
        encode: Callable[[Sequence[_Prepared]], Awaitable[NDArray[np.float32]]],
        dimension: int,
        embeddings: Embeddings,
        encoding: SingleFlight[str, NDArray[np.float16]],
        counters: Counters,
        failures: StoreFailures,
        clock: Clock,
    ) -> None:
        self._prepared = prepared
        self._encode = encode
        self._dimension = dimension
        self._embeddings = embeddings
        self._encoding = encoding
        self._counters = counters
        self._failures = failures
        self._clock = clock
        self._recent: OrderedDict[str, _Vector] = OrderedDict()

    async def of(
        self, key: PoolKey, candidates: Sequence[Candidate], fetching: Fetching
    ) -> Vectors:
        """
        Return the embeddings of a pool's candidates, as far as they can be had.

        Args:
            key: The pool.
            candidates: What the source has listed.
            fetching: Told of each photo as it comes along.

        Raises:
            EncoderClosed: If the service is shutting down.
        """
        known = await self._known(key, candidates)
        for candidate in candidates:
            if candidate.id in known:
                fetching.photo_encoded(candidate, known[candidate.id])
        unknown = [c for c in candidates if c.id not in known]
        new, missing, rejected = await self._embed(key, unknown, fetching)
        are_stored = await self._keep(key, new)
        return Vectors({**known, **new}, len(new), missing, rejected, are_stored)

    def stack(self, vectors: Sequence[_Vector]) -> _Vector:
        """Return vectors as rows, float16, shape (n, dimension), read-only; n may be 0."""
        rows = np.array(vectors, dtype=np.float16).reshape(len(vectors), self._dimension)
        rows.flags.writeable = False
        return rows

    async def _known(self, key: PoolKey, candidates: Sequence[Candidate]) -> dict[str, _Vector]:
        names = {key.photo(c.id): c.id for c in candidates}
        outlive = self._clock.now() + POOL_LIFETIME_S
        try:
            found = await self._embeddings.get(
                key.clip, list(names), self._dimension, until=outlive
            )
        except StoreUnavailable as exc:
            self._failures.note("embeddings", exc)
            return {}
        self._count_photos("known", len(found))
        return {names[name]: vector for name, vector in found.items()}

    async def _embed(
        self, key: PoolKey, candidates: Sequence[Candidate], fetching: Fetching
    ) -> tuple[dict[str, _Vector], Sequence[ServiceError], Sequence[ServiceError]]:
        """Return the vectors of photos, why others cannot be had for now, and why some never."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    c.id: group.create_task(self._outcome(key, c, fetching)) for c in candidates
                }
        except* EncoderClosed as closed:
            raise closed.exceptions[0] from closed
        outcomes = {photo: task.result() for photo, task in tasks.items()}
        vectors = {p: o for p, o in outcomes.items() if isinstance(o, np.ndarray)}
        rejected = [o for o in outcomes.values() if isinstance(o, PhotoRejected)]
        missing = [o for o in outcomes.values() if isinstance(o, _FOR_NOW)]
        self._count_photos("encoded", len(vectors))
        self._count_photos("unavailable", len(missing))
        self._count_photos("rejected", len(rejected))
        return vectors, missing, rejected

    async def _outcome(
        self, key: PoolKey, candidate: Candidate, fetching: Fetching
    ) -> _Vector | ServiceError:
        """Encode a photo, once for all tags that are being fetched; an error is an outcome."""
        name = f"{key.clip}/{key.photo(candidate.id)}"
        try:
            vector = self._recent.get(name)
            if vector is None:
                work = partial(self._vector, name, candidate, fetching)
                vector = await self._encoding.do(name, work)
        except (PhotoRejected, *_FOR_NOW) as exc:
            fetching.photo_failed(candidate)
            _log.info("photo_skipped", photo=candidate.id, reason=str(exc))
            # As an outcome it must not hold the frames it came through, and with them the fetch.
            return exc.with_traceback(None)
        fetching.photo_encoded(candidate, vector)
        return vector

    async def _vector(self, name: str, candidate: Candidate, fetching: Fetching) -> _Vector:
        prepared = await self._prepared(candidate)
        fetching.photo_fetched(candidate)
        # The encoder's worker batches whatever photos wait for it.
        rows = await self._encode([prepared])
        vector: _Vector = rows[0].astype(np.float16)
        # Before the flight ends: from then on whoever comes finds it here.
        self._remember(name, vector)
        return vector

    def _remember(self, name: str, vector: _Vector) -> None:
        """Hold a vector until the store surely has it, for tags that were fetched meanwhile."""
        self._recent[name] = vector
        while len(self._recent) > _RECENT_KEPT:
            self._recent.popitem(last=False)

    async def _keep(self, key: PoolKey, vectors: Mapping[str, _Vector]) -> bool:
        if not vectors:
            return True
        names = [key.photo(photo) for photo in vectors]
        try:
            await self._embeddings.put(key.clip, names, self.stack(list(vectors.values())))
        except StoreUnavailable as exc:
            self._failures.note("embeddings", exc)
            return False
        return True

    def _count_photos(self, outcome: str, count: int) -> None:
        if count:
            self._counters.add("nearhit_photos", outcome, count)
