"""
What can go wrong in the cache, as one tree.

CacheError
├── StoreUnavailable    the store does not answer within its time-out, or refuses
├── RecordInvalid       stored bytes are not what this version writes
└── FlightsFull         too many different things are being fetched already
"""

__all__ = ["CacheError", "FlightsFull", "RecordInvalid", "StoreUnavailable"]


class CacheError(Exception):
    """Base of all errors of the cache."""


class StoreUnavailable(CacheError):
    """The store does not answer within its time-out, or refuses."""


class RecordInvalid(CacheError):
    """Stored bytes are not what this version writes; treat them as absent."""


class FlightsFull(CacheError):
    """Too many different things are being fetched already; try again soon."""
