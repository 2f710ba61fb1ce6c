"""Where the time of one request goes."""

from types import TracebackType

from cache.clock import Clock

__all__ = ["Stopwatch"]


class Stopwatch:
    """Milliseconds by stage, from the moment it is made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self.timings_ms: dict[str, float] = {}

    def stage(self, name: str) -> "_Stage":
        """Add the time of a block to a stage."""
        return _Stage(self._clock, self.timings_ms, name)

    def total_s(self) -> float:
        """Return the seconds since it was made."""
        return self._clock.monotonic() - self._started


class _Stage:
    """A block that is timed: a class, since every hit has one and a generator costs twice that."""

    __slots__ = ("_began", "_clock", "_name", "_timings_ms")

    def __init__(self, clock: Clock, timings_ms: dict[str, float], name: str) -> None:
        self._clock = clock
        self._timings_ms = timings_ms
        self._name = name

    def __enter__(self) -> None:
        self._began = self._clock.monotonic()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        spent_ms = (self._clock.monotonic() - self._began) * 1000
        self._timings_ms[self._name] = self._timings_ms.get(self._name, 0.0) + spent_ms
