"""What an API's headers say of its quota, and the error where none is left."""

import math
from collections.abc import Mapping

from cache.sharing.quota import Quota
from service.errors import QuotaExhausted

__all__ = ["ApiQuota"]

_DEFAULT_WAIT_S = 60.0


class ApiQuota:
    """
    Asks before each call of an API, and learns from its `X-RateLimit-*` headers.

    Args:
        quota: Of all who call it with the same key.
    """

    def __init__(self, quota: Quota) -> None:
        self._quota = quota

    async def take(self) -> int:
        """
        Count one call; return its ticket.

        Raises:
            QuotaExhausted: If none is left for now.
        """
        grant = await self._quota.take()
        if grant.wait_s:
            raise _exhausted(grant.wait_s)
        return grant.ticket

    async def spare_in_s(self, share: float) -> float:
        """Say when a call can be spared, as `ImageSource.spare_in_s` says."""
        return await self._quota.spare_in_s(share)

    async def learn(self, ticket: int, headers: Mapping[str, str]) -> None:
        """Take over what an answer says is left; headers that make no sense are passed over."""
        remaining = _number(headers.get("X-RateLimit-Remaining"))
        reset_s = _number(headers.get("X-RateLimit-Reset"))
        if remaining is not None and reset_s is not None:
            limit = _number(headers.get("X-RateLimit-Limit"))
            await self._quota.correct(ticket, remaining=remaining, reset_s=reset_s, limit=limit)

    async def exhaust(self, headers: Mapping[str, str]) -> QuotaExhausted:
        """Note that a call was refused; return the error that says so."""
        reset_s = _number(headers.get("X-RateLimit-Reset"))
        wait_s = max(1.0, _DEFAULT_WAIT_S if reset_s is None else reset_s)
        await self._quota.empty(wait_s)
        return _exhausted(wait_s)


def _exhausted(wait_s: float) -> QuotaExhausted:
    return QuotaExhausted(
        f"The photo API's quota is used up; it is renewed in {max(1, math.ceil(wait_s))} s.",
        retry_after_s=wait_s,
    )


def _number(text: str | None) -> float | None:
    return float(text[:12]) if text is not None and text.isdecimal() else None
