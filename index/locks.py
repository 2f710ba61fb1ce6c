from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock

__all__ = ["ReadersWriterLock"]


class ReadersWriterLock:
    """
    Many readers at once, or one writer alone; not reentrant.

    A writer that waits keeps new readers outside, so steady reading cannot
    starve it.
    """

    def __init__(self) -> None:
        self._door = Lock()
        self._left = Condition()
        self._readers = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the lock together with other readers."""
        with self._door, self._left:
            self._readers += 1
        try:
            yield
        finally:
            with self._left:
                self._readers -= 1
                self._left.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock alone."""
        with self._door:
            with self._left:
                self._left.wait_for(lambda: self._readers == 0)
            yield
