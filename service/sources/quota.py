"""How many more calls an API has told us we may make."""

from collections.abc import Mapping

from cache.clock import Clock
from service.errors import QuotaExhausted

__all__ = ["Quota"]

_DEFAULT_WAIT_S = 60.0
_LONGEST_WAIT_S = 3600.0


class Quota:
    """
    Counts down what `X-RateLimit-*` headers grant, so that a call sure to fail is not made.

    Args:
        clock: Says when a window has passed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._remaining: int | None = None
        self._resets_at = 0.0

    def take(self) -> None:
        """
        Count one call.

        Raises:
            QuotaExhausted: If none is left until the window ends.
        """
        if self._clock.monotonic() >= self._resets_at:
            self._remaining = None
        if self._remaining is None:
            return
        if self._remaining < 1:
            raise self._exhausted()
        self._remaining -= 1

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take over what an answer says is left; headers that make no sense are passed over."""
        remaining = _number(headers.get("X-RateLimit-Remaining"))
        reset_s = _number(headers.get("X-RateLimit-Reset"))
        if remaining is not None and reset_s is not None:
            self._set(int(remaining), reset_s)

    def exhaust(self, headers: Mapping[str, str]) -> QuotaExhausted:
        """Note that a call was refused; return the error that says so."""
        reset_s = _number(headers.get("X-RateLimit-Reset"))
        self._set(0, max(1.0, _DEFAULT_WAIT_S if reset_s is None else reset_s))
        return self._exhausted()

    def _set(self, remaining: int, reset_s: float) -> None:
        self._remaining = remaining
        self._resets_at = self._clock.monotonic() + min(reset_s, _LONGEST_WAIT_S)

    def _exhausted(self) -> QuotaExhausted:
        wait_s = self._resets_at - self._clock.monotonic()
        return QuotaExhausted(
            f"The photo API's quota is used up; it is renewed in {wait_s:.0f} s.",
            retry_after_s=wait_s,
        )


def _number(text: str | None) -> float | None:
    return float(text[:12]) if text is not None and text.isdecimal() else None
