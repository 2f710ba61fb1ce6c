"""Not asking again and again what does not answer."""

from collections.abc import Callable

__all__ = ["Breaker"]


class Breaker:
    """
    Refuses calls for a while after one has timed out, then lets one try.

    A search makes several calls: without this, each would wait for a server
    that hangs.

    Args:
        monotonic: Time that never steps back, in seconds.
        pause_s: How long calls are refused after a time-out.
    """

    def __init__(self, monotonic: Callable[[], float], *, pause_s: float) -> None:
        self._monotonic = monotonic
        self._pause_s = pause_s
        self._until: float | None = None

    def admits(self) -> bool:
        """Return whether a call may go; one a pause may, until one has succeeded."""
        if self._until is None:
            return True
        if self._monotonic() < self._until:
            return False
        self.timed_out()  # the others wait on while this one tries
        return True

    def timed_out(self) -> None:
        """Refuse calls from now on, for a pause."""
        self._until = self._monotonic() + self._pause_s

    def succeeded(self) -> None:
        """Admit all calls again."""
        self._until = None
