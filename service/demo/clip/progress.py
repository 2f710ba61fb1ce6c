"""How the steps of the training tell how far they are."""

from typing import Protocol

__all__ = ["Tell"]


class Tell(Protocol):
    """Takes how much more is done, and the loss where there is one."""

    def __call__(self, done: int, loss: float | None = None) -> None:
        """Take in what one step has done."""
        ...
