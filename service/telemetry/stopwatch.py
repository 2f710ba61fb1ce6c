"""Where the time of one request goes."""

from collections.abc import Iterator
from contextlib import contextmanager

from cache.clock import Clock

__all__ = ["Stopwatch"]


class Stopwatch:
    """Milliseconds by stage, from the moment it is made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self.timings_ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        began = self._clock.monotonic()
        try:
            yield
        finally:
            spent_ms = (self._clock.monotonic() - began) * 1000
            self.timings_ms[name] = self.timings_ms.get(name, 0.0) + spent_ms

    def total_s(self) -> float:
        """Return the seconds since it was made."""
        return self._clock.monotonic() - self._started
