"""
Vectors to neighbours.

`FaissIndex` is imported from `index.faiss`, so that this package is cheap to
import where FAISS is not used.
"""

from index.errors import DimensionMismatch, DuplicateKey, InvalidVector, VectorIndexError
from index.flat import FlatIndex
from index.protocol import NEIGHBOURS, Neighbour, VectorIndex
from index.statistics import IndexStatistics

__all__ = [
    "NEIGHBOURS",
    "DimensionMismatch",
    "DuplicateKey",
    "FlatIndex",
    "IndexStatistics",
    "InvalidVector",
    "Neighbour",
    "VectorIndex",
    "VectorIndexError",
]
