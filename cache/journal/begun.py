"""Appending what was begun some time ago, perhaps under another journal."""

from collections.abc import Awaitable, Callable

from cache.errors import JournalReplaced
from cache.journal.records import Mark

__all__ = ["append_begun"]


async def append_begun(
    begun: Mark, append: Callable[[int, str | None], Awaitable[int | None]]
) -> int | None:
    """
    Append once, and where the journal turns out to be another one, once more.

    Args:
        begun: How far the journal had been read when it was begun.
        append: Given a position and the journal it is of (None: any), appends
            something begun there; returns its position, or None where it was deleted since.

    Returns:
        What `append` returns.

    Raises:
        JournalReplaced: If the journal is replaced twice.
        StoreUnavailable, LeaseLost: As `append`.
    """
    try:
        return await append(begun.position, begun.generation)
    except JournalReplaced as exc:
        return await append(begun.within(exc.generation), exc.generation)
