"""Time that moves when told to."""


class ManualClock:
    """A `Clock` for tests: wall and monotonic time move together, by `advance` alone."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        """Return wall time."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds since this clock was made."""
        return self._monotonic

    def advance(self, *, seconds: float = 0, hours: float = 0) -> None:
        """Let time pass."""
        self._now += seconds + 3600 * hours
        self._monotonic += seconds + 3600 * hours

    def step_back(self, *, seconds: float) -> None:
        """Set the wall clock back, as an operator or NTP may."""
        self._now -= seconds
