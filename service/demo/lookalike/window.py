"""How many calls an API key has left."""

import math

from cache.clock import Clock

__all__ = ["Window"]


class Window:
    """
    Calls within a fixed window of time, which begins with its first call.

    Args:
        limit: Calls granted within one window.
        window_s: Its length.
        clock: Measures it.
    """

    def __init__(self, limit: int, window_s: float, clock: Clock) -> None:
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._ends_at = -math.inf
        self._taken = 0

    def take(self) -> tuple[bool, dict[str, str]]:
        """Count a call; return whether it is granted, and the headers that tell."""
        now = self._clock.monotonic()
        if now >= self._ends_at:
            self._ends_at, self._taken = now + self._window_s, 0
        self._taken += 1
        return self._taken <= self._limit, {
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(max(0, self._limit - self._taken)),
            "X-RateLimit-Reset": str(math.ceil(self._ends_at - now)),
        }
