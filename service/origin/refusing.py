"""What a source would not give: remembered as refusals, and told again as the errors they were."""

from cache.clock import Clock
from cache.pools.pool import PoolKey
from cache.sharing.refusals import Refusal
from service.errors import SourceError, SourceRefused, SourceUnavailable

__all__ = ["error_of", "refusal_of"]

_LIFETIMES_S: dict[type[SourceError], float] = {SourceUnavailable: 2.0, SourceRefused: 60.0}
"""A refusal is of the tag or the key, and people mend keys; an outage may be over any moment."""

_LONG_WAIT_S = 60.0


def refusal_of(key: PoolKey, reason: SourceError, clock: Clock) -> Refusal | None:
    """Return what is to be remembered of an error; None where nothing is, as of a quota."""
    lifetime_s = _LIFETIMES_S.get(type(reason))
    if lifetime_s is None:
        return None
    if (reason.retry_after_s or 0.0) >= _LONG_WAIT_S:
        # A challenge for browsers, or a host that sends no photos: no matter of a moment.
        lifetime_s = _LONG_WAIT_S
    end = clock.now() + lifetime_s
    return Refusal(key.digest, key.tag, type(reason).__name__, str(reason), end)


def error_of(refusal: Refusal, clock: Clock) -> SourceError:
    """Return the error a refusal was made of, on whatever replica."""
    kinds = {kind.__name__: kind for kind in _LIFETIMES_S}
    kind = kinds.get(refusal.kind, SourceUnavailable)
    wait_s = max(1.0, refusal.expires_at - clock.now())
    return kind(refusal.sentence, retry_after_s=wait_s)
