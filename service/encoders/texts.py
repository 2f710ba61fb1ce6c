"""Queries in the photos' space: each encoded once, however many rank with it at the same time."""

from collections import OrderedDict
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cache.sharing.flight import SingleFlight
from service.encoders.protocol import ClipEncoder

__all__ = ["TextVectors"]

_KEPT = 256

_Vector = NDArray[np.float32]


class TextVectors:
    """
    Vectors of the newest queries, unit length, float32, shape (d,).

    A cold search needs its query's twice, for what is shown while photos arrive
    and for the ranking in the end.

    Args:
        clip: Encodes.
        encoding: Lets equal queries that come at the same time be one.
    """

    def __init__(self, clip: ClipEncoder, encoding: SingleFlight[str, _Vector]) -> None:
        self._clip = clip
        self._encoding = encoding
        self._newest: OrderedDict[str, _Vector] = OrderedDict()

    def known(self, query: str) -> _Vector | None:
        """Return a query's vector if it is at hand."""
        return self._newest.get(query)

    async def of(self, query: str) -> _Vector:
        """
        Return a query's vector.

        Raises:
            EncoderError, FlightsFull: If it cannot be encoded, or not now.
        """
        known = self._newest.get(query)
        if known is not None:
            return known
        return await self._encoding.do(query, partial(self._encode, query))

    async def _encode(self, query: str) -> _Vector:
        vector: _Vector = (await self._clip.encode_texts([query]))[0]
        self._newest[query] = vector
        if len(self._newest) > _KEPT:
            self._newest.popitem(last=False)
        return vector
