"""Pictures of a stock, made when first asked for: on few threads, once each, remembered."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import NamedTuple, Self

from service.demo.lookalike.stock import Stock, StockPhoto

__all__ = ["Pictures", "TooManyPictures"]

_MOST_WAITING = 1000


class TooManyPictures(Exception):
    """More pictures wait to be made than is sensible."""


class _Wanted(NamedTuple):
    photo_id: int
    edge: int


class Pictures:
    """
    Makes and keeps pictures; belongs to one event loop.

    Args:
        stock: Where the photos are.
        executor: Makes them; not closed here.
        max_bytes: So much is kept of what was made, the last asked for.
    """

    def __init__(self, stock: Stock, executor: ThreadPoolExecutor, *, max_bytes: int) -> None:
        self._stock = stock
        self._executor = executor
        self._max_bytes = max_bytes
        self._kept: OrderedDict[_Wanted, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._making: dict[_Wanted, asyncio.Future[bytes]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, stock: Stock, *, threads: int, max_bytes: int) -> AsyncIterator[Self]:
        """Yield pictures with threads of their own; on leaving, those end."""
        executor = ThreadPoolExecutor(threads, "demo-pictures")
        try:
            yield cls(stock, executor, max_bytes=max_bytes)
        finally:
            await asyncio.to_thread(executor.shutdown, cancel_futures=True)

    async def get(self, photo: StockPhoto, edge: int) -> bytes:
        """
        Return a photo's picture, at most `edge` pixels wide and high.

        Raises:
            PhotoError: If the stock cannot make it.
            TooManyPictures: If too many wait to be made.
        """
        wanted = _Wanted(photo.id, edge)
        if wanted in self._kept:
            self._kept.move_to_end(wanted)
            return self._kept[wanted]
        if wanted not in self._making:
            self._make(wanted, photo)
        # Others may wait for the same picture, so one that gives up must not end its making.
        return await asyncio.shield(self._making[wanted])

    def _make(self, wanted: _Wanted, photo: StockPhoto) -> None:
        if len(self._making) >= _MOST_WAITING:
            raise TooManyPictures
        loop = asyncio.get_running_loop()
        making = loop.run_in_executor(self._executor, self._stock.picture, photo, wanted.edge)
        self._making[wanted] = making
        making.add_done_callback(lambda made: self._done(wanted, made))

    def _done(self, wanted: _Wanted, made: asyncio.Future[bytes]) -> None:
        del self._making[wanted]
        if made.cancelled() or made.exception():
            return
        self._kept[wanted] = made.result()
        self._kept_bytes += len(made.result())
        while self._kept_bytes > self._max_bytes:
            _, data = self._kept.popitem(last=False)
            self._kept_bytes -= len(data)
