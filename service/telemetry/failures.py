"""A store that does not answer: counted each time, logged when it begins."""

import structlog

from cache.clock import Clock
from cache.errors import CacheError
from service.telemetry.counters import Counters

__all__ = ["StoreFailures"]

_QUIET_S = 60.0

_log = structlog.get_logger(__name__)


class StoreFailures:
    """
    What every caller of the store tells when it goes on without it.

    Args:
        counters: Counts every failure by the call that met it.
        clock: A failure within a minute of one that was logged is logged at DEBUG.
    """

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters = counters
        self._clock = clock
        self._quiet_until = float("-inf")

    def note(self, call: str, reason: CacheError) -> None:
        """Count a failure, and log it unless one was logged just now."""
        self._counters.add("nearhit_store_failures", call)
        now = self._clock.monotonic()
        log = _log.debug if now < self._quiet_until else _log.warning
        self._quiet_until = max(self._quiet_until, now + _QUIET_S)
        log("store_unavailable", call=call, reason=str(reason))
