"""
What can go wrong in the cache, as one tree.

CacheError
├── StoreUnavailable    the store does not answer within its time-out, or refuses
│   └── StoreFull       it answers, and has no room for what should be written
├── JournalReplaced     the journal is another one than the writer has read
├── LeaseLost           somebody else has taken over what a lease was held for
├── RecordInvalid       stored bytes are not what this version writes
└── FlightsFull         too many different things are being fetched already
"""

__all__ = [
    "CacheError",
    "FlightsFull",
    "JournalReplaced",
    "LeaseLost",
    "RecordInvalid",
    "StoreFull",
    "StoreUnavailable",
]


class CacheError(Exception):
    """Base of all errors of the cache."""


class StoreUnavailable(CacheError):
    """The store does not answer within its time-out, or refuses."""


class StoreFull(StoreUnavailable):
    """The store has no room for what should be written; what is there can be read."""


class JournalReplaced(CacheError):
    """
    The journal is another one than the writer has read; nothing was written.

    Args:
        generation: Name of the journal there is now.
    """

    def __init__(self, generation: str) -> None:
        super().__init__("The journal has been replaced by another one.")
        self.generation = generation


class LeaseLost(CacheError):
    """Somebody else has taken over what a lease was held for; nothing was written."""


class RecordInvalid(CacheError):
    """Stored bytes are not what this version writes; treat them as absent."""


class FlightsFull(CacheError):
    """Too many different things are being fetched already; try again soon."""
