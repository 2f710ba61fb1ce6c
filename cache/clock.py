"""Time as the cache sees it: every expiry asks a `Clock`, never the system."""

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Wall time for what is stored, monotonic time for what is measured."""

    def now(self) -> float:
        """Return wall time, in seconds since the epoch (UTC)."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never steps back."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Return wall time, in seconds since the epoch (UTC)."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never steps back."""
        return time.monotonic()
