"""Running a tower: at once, or as a repetition of what was recorded of the same shapes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from traceback import clear_frames
from typing import Protocol

import structlog
import torch

__all__ = ["Forward", "Inputs", "Replays", "Runner", "freeing_memory", "run_here"]

Inputs = Mapping[str, torch.Tensor]
Forward = Callable[[Inputs], torch.Tensor]
"""Inputs on the model's device to unit rows, float32, shape (n, d), on that device."""


class Runner(Protocol):
    """Runs batches of one tower."""

    def __call__(self, batches: Iterable[Inputs]) -> list[torch.Tensor]:
        """Return the rows of each batch, on the CPU as the batches are."""
        ...


_log = structlog.get_logger(__name__)


def run_here(
    forward: Forward, device: torch.device, batches: Iterable[Inputs]
) -> list[torch.Tensor]:
    """Run batches one after the other."""
    return [
        forward({name: tensor.to(device) for name, tensor in batch.items()}).cpu()
        for batch in batches
    ]


class Replays:
    """
    A tower that is recorded once a shape, then repeated without Python's share of the time.

    Args:
        forward: The tower.
        record: Records it for inputs of these shapes, and returns what repeats it.
        most: Shapes recorded; others run as they come.
    """

    def __init__(
        self, forward: Forward, record: Callable[[Forward, Inputs], Forward], most: int
    ) -> None:
        self._forward = forward
        self._record = record
        self._most = most
        self._recorded: dict[tuple[tuple[str, torch.Size], ...], Forward] = {}

    def __call__(self, inputs: Inputs) -> torch.Tensor:
        """Return the rows of one batch."""
        shapes = tuple(sorted((name, tensor.shape) for name, tensor in inputs.items()))
        if shapes not in self._recorded and len(self._recorded) < self._most:
            self._recorded[shapes] = self._recording(inputs)
        return self._recorded.get(shapes, self._forward)(inputs)

    def _recording(self, inputs: Inputs) -> Forward:
        try:
            return self._record(self._forward, inputs)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as exc:
            # A model that looks at its own numbers on the way cannot be recorded
            _log.warning("not_recorded", reason=str(exc).split("\n")[0])
            self._most = len(self._recorded)
            return self._forward


@contextmanager
def freeing_memory(device: torch.device) -> Iterator[None]:
    """
    Have nothing left on the device of a run inside that ran out of its memory.

    The error goes on to whoever tries again with less; its frames hold the
    tensors of the failed run, and would for as long as the error is kept.
    """
    try:
        yield
    except torch.OutOfMemoryError as exc:
        clear_frames(exc.__traceback__)
        if device.type == "cuda":
            torch.cuda.empty_cache()
        raise
