"""Clients that go before their answer comes: what is done for nobody is given up."""

import asyncio
from types import TracebackType

from starlette.types import Receive

__all__ = ["ClientGone", "WhileConnected"]

_SHORT_S = 0.1
"""What is done by then is not worth a task that watches the client."""


class ClientGone(Exception):
    """Nobody is left to answer."""


class WhileConnected:
    """
    Cancels a block once the client behind it has gone; the block then ends with `ClientGone`.

    Args:
        receive: The request's own, which nobody else reads from meanwhile.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._start = asyncio.get_running_loop().call_later(_SHORT_S, self._begin)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._start.cancel()
        if self._watch is not None:
            self._watch.cancel()
        ours = self._gone and kind is asyncio.CancelledError
        # Where somebody else cancels too, as a server that ends, theirs counts.
        if ours and self._task and not self._task.uncancel():
            raise ClientGone from error

    def _begin(self) -> None:
        self._watch = asyncio.create_task(self._wait_for_the_end())

    async def _wait_for_the_end(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass  # a body, which no search has
        self._gone = True
        if self._task:
            self._task.cancel()
