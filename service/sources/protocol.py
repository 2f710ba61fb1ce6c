"""Where photos come from, as the rest of the service sees it."""

from collections.abc import Sequence
from typing import Protocol

from cache.pools.filters import Filters
from cache.pools.pool import Candidate

__all__ = ["ImageSource"]


class ImageSource(Protocol):
    """A source of photos: candidates by tag, and the bytes behind them."""

    @property
    def identity(self) -> str:
        """Name and where it reads from: what must not be mixed in one cache."""
        ...

    @property
    def lifetime_s(self) -> float:
        """Seconds for which an answer to a search is good, from the answer on."""
        ...

    def canonical(self, filters: Filters) -> Filters:
        """
        Return filters as this source takes them: without those that ask for its defaults.

        Raises:
            UnknownFilter: If it has no such filter.
            BadRequest: If a filter cannot have that value.
        """
        ...

    async def search(self, tag: str, filters: Filters, limit: int) -> Sequence[Candidate]:
        """
        Return up to `limit` candidates of a tag, the source's best first.

        Raises:
            UnknownFilter, BadRequest: As `canonical`.
            SourceUnavailable: If the source does not answer in time or not sensibly.
            SourceRefused: If it rejects the request or the key.
            QuotaExhausted: If it asks us to wait.
        """
        ...

    async def spare_in_s(self, share: float) -> float:
        """
        Return the seconds until a search may be asked without being in others' way; 0 for now.

        Args:
            share: Of all searches the source allows within its window, how large a part
                is to be left to others.
        """
        ...

    async def photo(self, candidate: Candidate) -> bytes:
        """
        Return the encoded bytes of a candidate's photo at web size.

        Raises:
            PhotoUnavailable: If they cannot be had now.
            PhotoRejected: If they are gone for good, too many, no photo, or come from
                a host that is not allowed.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections; calls after this are a mistake."""
        ...
