"""A search as it goes on: how far the fetch is, what is best so far, and the answer."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cache.pools.pool import PoolKey
from service.answers import Scored, SearchAnswer
from service.encoders.texts import TextVectors
from service.origin.progress import Fetching, Progress
from service.requests import SearchRequest
from service.search import Search

__all__ = ["Event", "Partial", "Streaming"]

_LEAST_ENCODED = 24
"""Photos from which on the best so far are worth showing."""

_PAUSE_S = 0.1
"""Between two looks at a fetch: ten a second are as many as anybody needs."""


@dataclass(frozen=True, slots=True)
class Partial:
    """
    The best photos among those encoded so far.

    Args:
        results: Up to k photos, best first.
        encoded: Photos they are the best of.
    """

    results: Sequence[Scored]
    encoded: int


Event = Progress | Partial | SearchAnswer


class Streaming:
    """
    Runs searches that tell how they come along.

    Args:
        search: Answers.
        fetching: Returns a key's fetch, under way or about to be.
        texts: Vectors of queries, for what is best so far.
        logit_scale: The ranking model's factor from cosine to score.
    """

    def __init__(
        self,
        search: Search,
        fetching: Callable[[PoolKey], Fetching],
        texts: TextVectors,
        logit_scale: float,
    ) -> None:
        self._search = search
        self._fetching = fetching
        self._texts = texts
        self._logit_scale = logit_scale

    def run(self, request: SearchRequest) -> AsyncGenerator[Event, None]:
        """
        Return the events of a search; the last is its answer.

        Whoever goes before that leaves the search, which goes on for others who
        ask the same; a fetch under way is finished in any case.

        Raises:
            UnknownFilter, BadRequest: At once, if the source cannot apply a filter.
            ServiceError, CacheError: From the events, as `Search.run`.
        """
        return self._events(request, self._search.pool_key(request))

    async def _events(self, request: SearchRequest, key: PoolKey) -> AsyncGenerator[Event, None]:
        # Held from before the search begins, so that the fetch it leads to is this one.
        fetching = self._fetching(key)
        search = asyncio.create_task(self._search.run(request))
        try:
            with fetching.watched():
                async with aclosing(self._meanwhile(request, fetching, search)) as events:
                    async for event in events:
                        yield event
            yield await search
        finally:
            search.cancel()
            await asyncio.gather(search, return_exceptions=True)

    async def _meanwhile(
        self, request: SearchRequest, fetching: Fetching, search: asyncio.Task[SearchAnswer]
    ) -> AsyncGenerator[Progress | Partial, None]:
        """
        Yield what is new until the search has ended, and how far the fetch has got by then.

        What came in between two looks is passed over.
        """
        told, best = Progress(), _Best(fetching, self._logit_scale, request.k)
        while True:
            await _changed(fetching, search, told)
            if fetching.progress != told:
                told = fetching.progress
                yield told
            if search.done():
                return
            # The search has it encoded while the source is asked; where it was not, none is shown.
            text = self._texts.known(request.query)
            if text is not None and (partial := best.changed(text)) is not None:
                yield partial
            await asyncio.wait([search], timeout=_PAUSE_S)


class _Best:
    """The best of what a fetch has encoded so far."""

    def __init__(self, fetching: Fetching, logit_scale: float, k: int) -> None:
        self._fetching = fetching
        self._logit_scale = logit_scale
        self._k = k
        self._begun = fetching.begun
        self._seen = 0
        self._best: list[Scored] = []

    def changed(self, text: NDArray[np.float32]) -> Partial | None:
        """Return the best photos for a query's vector, shape (d,), if they are others by now."""
        if self._fetching.progress.encoded < _LEAST_ENCODED or not self._fetching.is_ours:
            return None
        if self._fetching.begun != self._begun:
            self._begun, self._seen, self._best = self._fetching.begun, 0, []
        encoded = self._fetching.encoded(self._seen)
        if not encoded:
            return None
        self._seen += len(encoded)
        candidates, vectors = zip(*encoded, strict=True)
        rows = np.stack(vectors).astype(np.float32)
        scores = (rows @ text * np.float32(self._logit_scale)).tolist()
        best = [*self._best, *map(Scored, candidates, scores)]
        best = sorted(best, key=_score, reverse=True)[: self._k]
        if best == self._best:
            return None
        self._best = best
        return Partial(best, self._seen)


def _score(scored: Scored) -> float:
    return scored.score


async def _changed(fetching: Fetching, search: asyncio.Task[SearchAnswer], told: Progress) -> None:
    """Return once a fetch is further than was told, or the search has ended."""
    while fetching.progress == told and not search.done():
        news = asyncio.create_task(fetching.changed())
        try:
            await asyncio.wait([search, news], return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
