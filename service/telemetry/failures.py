"""A store that does not answer: counted each time, logged when it begins."""

import structlog

from cache.clock import Clock
from cache.errors import CacheError
from service.telemetry.counters import Counters

__all__ = ["StoreFailures"]

_QUIET_S = 60.0
_MOST_REASONS = 32

_log = structlog.get_logger(__name__)


class StoreFailures:
    """
    What every caller of the store tells when it goes on without it.

    Args:
        counters: Counts every failure by the call that met it.
        clock: What fails for the same reason as a minute ago is logged at DEBUG.
    """

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters = counters
        self._clock = clock
        self._quiet_until: dict[str, float] = {}

    def note(self, call: str, reason: CacheError) -> None:
        """Count a failure, and log it unless its reason is known by now."""
        self._counters.add("nearhit_store_failures", call)
        now, text = self._clock.monotonic(), str(reason)
        log = _log.debug if now < self._quiet_until.get(text, now) else _log.warning
        if len(self._quiet_until) >= _MOST_REASONS:
            self._quiet_until.clear()
        self._quiet_until[text] = now + _QUIET_S
        log("store_unavailable", call=call, reason=text)
