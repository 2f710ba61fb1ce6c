"""What encoders have in common: a model's identity and the worker that owns it."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from service.encoders.figures import Spent
from service.encoders.worker import EncoderWorker, Work, WorkerStatistics

__all__ = ["Encoder"]


class Encoder:
    """
    A model behind a worker; an async context manager that takes calls while entered.

    Args:
        name: Part of the worker's thread's name.
        fingerprint: Identity of the model.
        dimension: Length of a vector.
        kinds: What the model does; this encoder's worker is the only one to do it.
        threads: Batches that may run at the same time.
        on_thread: Called first thing in each of the worker's threads.
    """

    def __init__(
        self,
        name: str,
        *,
        fingerprint: str,
        dimension: int,
        kinds: Mapping[str, Work],
        threads: int = 1,
        on_thread: Callable[[], None] | None = None,
    ) -> None:
        self._fingerprint = fingerprint
        self._dimension = dimension
        self._worker = EncoderWorker(name, kinds, threads=threads, on_thread=on_thread)

    async def __aenter__(self) -> Self:
        """Begin to take calls."""
        await self._worker.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Take no more calls and end those that wait."""
        await self._worker.aclose()

    @property
    def fingerprint(self) -> str:
        """Short hash of what makes the model's vectors."""
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    @property
    def idle(self) -> bool:
        """Whether a call made now would start at once."""
        return self._worker.idle

    def spent(self, kind: str) -> Spent:
        """Return what a kind of work has cost so far; it goes on counting."""
        return self._worker.spent(kind)

    def statistics(self) -> WorkerStatistics:
        """Return the worker's state, kind by kind."""
        return self._worker.statistics()

    async def _encode(self, kind: str, items: Sequence[Any]) -> NDArray[np.float32]:
        if not items:
            return np.empty((0, self._dimension), np.float32)
        return np.stack(await self._worker.submit(kind, items))
