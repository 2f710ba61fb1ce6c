"""Queries by meaning: a sentence encoder, the index it searches, and the worker that owns both."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index import FlatIndex, Neighbour, VectorIndex
from service.encoders.backends import SentenceModel, load_sentences
from service.encoders.encoder import Encoder
from service.encoders.lanes import has_direction
from service.encoders.models import ModelFiles
from service.encoders.protocol import Placed
from service.encoders.worker import Work
from service.settings import QueryBackend

__all__ = ["SentenceEncoder"]

_Asked = tuple[str, str]
"""A scope and a query."""


class SentenceEncoder(Encoder):
    """
    A `QueryEncoder` over a loaded model; its kinds are `queries`, which are placed, and `texts`.

    A batch of queries is encoded and searched for in one step of the worker's
    thread: the event loop is asked once for both, and the index sees a batch.

    Args:
        model: The model; this encoder's worker is the only one to call it.
        index: Where queries are placed.
        batch: Most texts of one batch.
        queue: Texts of a kind that may wait; more are refused.
        on_thread: Called first thing in the worker's thread.
    """

    def __init__(
        self,
        model: SentenceModel,
        index: VectorIndex,
        *,
        batch: int,
        queue: int,
        on_thread: Callable[[], None] | None = None,
    ) -> None:
        self._model = model
        self._index = index
        kinds = {
            "queries": Work(self._place, batch, queue, "query", valid=_has_place),
            "texts": Work(model.encode, batch, queue, "text"),
        }
        super().__init__(
            "query",
            fingerprint=model.fingerprint,
            dimension=model.dimension,
            kinds=kinds,
            on_thread=on_thread,
        )

    @classmethod
    def load(
        cls,
        files: ModelFiles,
        *,
        index: VectorIndex | None = None,
        backend: QueryBackend,
        folder: Path,
        device: str = "auto",
        threads: int = 1,
        batch: int = 32,
        queue: int = 1024,
    ) -> Self:
        """
        Load the model as `load_sentences` does; blocking, so call it in a thread.

        Where no index is given, there is an empty one, for encoding alone.

        Raises:
            SetupError: If the files are no such model, if the backend cannot run
                it, or if the device is not there.
        """
        model = load_sentences(
            files, backend=backend, device=device, folder=folder, threads=threads
        )
        index = FlatIndex(model.dimension) if index is None else index
        return cls(model, index, batch=batch, queue=queue)

    async def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """
        Return unit vectors, float32, shape (len(texts), dimension).

        Raises:
            Overloaded: If the queue is full.
            EncoderFailed: If one of the texts cannot be encoded.
            EncoderClosed: If the encoder shuts down before the answer.
        """
        return await self._encode("texts", texts)

    async def place(self, scope: str, query: str) -> Placed:
        """
        Encode a query and find the 16 nearest of a scope, in one step with those of others.

        Raises:
            Overloaded: If the queue is full.
            EncoderFailed: If the query cannot be encoded.
            EncoderClosed: If the encoder shuts down before the answer.
        """
        placed: Placed = (await self._worker.submit("queries", [(scope, query)]))[0]
        return placed

    def _place(self, asked: Sequence[_Asked]) -> list[Placed]:
        """Encode queries, and search each scope once for all of them that ask it."""
        rows = self._model.encode([query for _, query in asked])
        neighbours: dict[int, Sequence[Neighbour]] = {}
        for scope in dict.fromkeys(scope for scope, _ in asked):
            places = [at for at, (own, _) in enumerate(asked) if own == scope]
            neighbours |= zip(places, self._index.search(scope, rows[places]), strict=True)
        return [Placed(row, neighbours[at]) for at, row in enumerate(rows)]


def _has_place(placed: Placed) -> bool:
    return has_direction(placed.embedding)
