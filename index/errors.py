"""
What can go wrong in an index, as one tree.

VectorIndexError
├── DimensionMismatch   vectors of another length than the index holds
├── InvalidVector       NaN, infinite or zero vectors
└── DuplicateKey        a key that is there already, or twice in one call
"""

__all__ = ["DimensionMismatch", "DuplicateKey", "InvalidVector", "VectorIndexError"]


class VectorIndexError(ValueError):
    """Base of all errors of an index; whatever raises it has changed nothing."""


class DimensionMismatch(VectorIndexError):
    """Vectors do not have the shape the index takes."""


class InvalidVector(VectorIndexError):
    """A vector has no direction: NaN, infinite or zero."""


class DuplicateKey(VectorIndexError):
    """A key is in the scope already, or twice in one call."""
