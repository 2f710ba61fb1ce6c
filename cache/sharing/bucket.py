"""A token bucket as a value: how many more calls may be made, and when."""

import math
from dataclasses import dataclass, replace

from cache.errors import RecordInvalid
from cache.seal import seal_fields, unseal_fields

__all__ = ["Bucket", "Grant"]

_VERSION = 1
_FIELDS = 6
_LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Grant:
    """
    Whether a call may be made.

    Args:
        ticket: Number of the call among all that were granted.
        wait_s: Seconds after which to ask again; 0 where the call may be made now.
    """

    ticket: int
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """
    Tokens, of which each call takes one.

    They flow in evenly, until the API says what is left of its own window: from then on none
    flows in before that window ends, and at its end the bucket is full and the next one begins.

    Args:
        tokens: How many there were at `at`.
        at: Wall time of the last change, seconds since the epoch.
        limit: Most tokens, and how many flow in within a window.
        window_s: Seconds of a window.
        taken: Calls granted so far.
        resets_at: Wall time at which the API's window ends; 0 before the API has said.
    """

    tokens: float
    at: float
    limit: float
    window_s: float
    taken: int = 0
    resets_at: float = 0.0

    @classmethod
    def of(cls, body: bytes) -> "Bucket":
        """
        Read a bucket back.

        Raises:
            RecordInvalid: If it is none of this version.
        """
        tokens, at, limit, window_s, taken, resets_at = unseal_fields(
            _VERSION, body, "token bucket", _FIELDS
        )
        numbers = (tokens, at, limit, window_s, resets_at)
        if not all(isinstance(n, int | float) and math.isfinite(n) for n in numbers):
            raise RecordInvalid("token bucket with a figure that is no number")
        if not isinstance(taken, int) or limit <= 0 or window_s <= 0:
            raise RecordInvalid("token bucket without a limit")
        return cls(tokens, at, limit, window_s, taken, resets_at)

    def body(self) -> bytes:
        """Write the bucket."""
        fields = (self.tokens, self.at, self.limit, self.window_s, self.taken, self.resets_at)
        return seal_fields(_VERSION, fields)

    def filled(self, now: float) -> "Bucket":
        """Return the bucket as time has filled it; a clock that steps back adds nothing."""
        # Replicas' clocks differ a little, and no second may flow in twice. What lies further
        # off than any window is by a clock that has been set back since.
        at = max(now, self.at) if self.at <= now + self.window_s else now
        if self.resets_at > now + _LONGEST_S + self.window_s:
            return replace(self, at=at, resets_at=now + self.window_s)
        if self.resets_at > now:
            return replace(self, at=at)
        if self.resets_at:
            # One window follows upon another: who comes a little later must not end this one too.
            return replace(self, tokens=self.limit, at=at, resets_at=now + self.window_s)
        flown = max(0.0, at - self.at) * self.limit / self.window_s
        return replace(self, tokens=min(self.limit, self.tokens + flown), at=at)

    def take(self, now: float, *, reserve: float = 0.0) -> tuple["Bucket", Grant]:
        """
        Take a token, if there is one beyond a reserve.

        Args:
            now: Wall time.
            reserve: Tokens to leave to others.
        """
        full = self.filled(now)
        short = reserve + 1 - full.tokens
        if short <= 0:
            taken = replace(full, tokens=full.tokens - 1, taken=full.taken + 1)
            return taken, Grant(taken.taken)
        if full.resets_at > now:
            return full, Grant(full.taken, full.resets_at - now)
        return full, Grant(full.taken, short * full.window_s / full.limit)

    def spare_in_s(self, now: float, share: float) -> float:
        """
        Return the seconds until a token can be taken so that others are left; 0 for now.

        Args:
            now: Wall time.
            share: Of all tokens, how large a part is to be left.
        """
        return self.take(now, reserve=math.floor(share * self.limit))[1].wait_s

    def corrected(
        self, now: float, ticket: int, *, remaining: float, reset_s: float, limit: float | None
    ) -> "Bucket":
        """
        Return the bucket as an answer of the API has it.

        The API had counted the call of this ticket when it answered; of the calls granted
        later it may have counted none, so all of them are taken off. Nor may it have counted
        earlier ones that are still under way, so within a window it never adds any.

        Args:
            now: Wall time.
            ticket: Of the call that was answered.
            remaining: Calls it said were left.
            reset_s: Seconds until its window ends.
            limit: Calls it allows within a window; None where it did not say.
        """
        full = self.filled(now)
        most = max(1.0, full.limit if limit is None else limit)
        left = remaining - max(0, full.taken - ticket)
        own = full.tokens + most - full.limit
        tokens = max(0.0, min(most, left, own))
        return replace(full, tokens=tokens, limit=most, resets_at=now + min(reset_s, _LONGEST_S))

    def emptied(self, now: float, wait_s: float) -> "Bucket":
        """Return the bucket without a token for some seconds: the API has refused a call."""
        full = self.filled(now)
        resets_at = max(full.resets_at, now + min(wait_s, _LONGEST_S))
        return replace(full, tokens=0.0, resets_at=resets_at)
