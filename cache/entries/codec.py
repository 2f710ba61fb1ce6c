"""Entries and rankings as bytes: explicit, versioned, checked when read."""

import struct
import sys

import numpy as np
from numpy.typing import NDArray

from cache.entries.entry import Entry
from cache.entries.ranking import Ranking
from cache.errors import RecordInvalid
from cache.seal import seal, seal_fields, unseal, unseal_fields

__all__ = ["decode_entry", "decode_ranking", "encode_entry", "encode_ranking"]

_ENTRY_VERSION = 2
_RANKING_VERSION = 2
_RANKING_HEADER = struct.Struct("<Hdd")
_NARROW = 256
_TEXTS = ("scope", "query_model", "tag", "query", "pool_id")
_NUMBERS = ("created_at", "expires_at", "since")

_Embedding = NDArray[np.float16]


def encode_entry(entry: Entry, embedding: _Embedding) -> bytes:
    """
    Write an entry: its fields in order, digests and embedding as raw bytes.

    Args:
        entry: What is remembered.
        embedding: Its query embedding, float16, shape (d,).
    """
    texts = [_shortened(getattr(entry, name)) for name in _TEXTS]
    numbers = [getattr(entry, name) for name in _NUMBERS]
    return seal_fields(_ENTRY_VERSION, [*texts, *numbers, embedding.astype("<f2").tobytes()])


def decode_entry(body: bytes) -> tuple[Entry, _Embedding]:
    """
    Read an entry back, and its embedding, float16, shape (d,).

    Raises:
        RecordInvalid: If the bytes are of another version, truncated or corrupt.
    """
    fields = unseal_fields(_ENTRY_VERSION, body, "entry", len(_TEXTS) + len(_NUMBERS) + 1)
    raw_texts, raw_numbers, raw = fields[: len(_TEXTS)], fields[len(_TEXTS) : -1], fields[-1]
    try:
        embedding = np.frombuffer(raw, dtype="<f2")
        scope, query_model, tag, query, pool_id = map(_lengthened, raw_texts)
        created_at, expires_at, since = float(raw_numbers[0]), float(raw_numbers[1]), raw_numbers[2]
    except (ValueError, TypeError, AttributeError) as exc:
        raise RecordInvalid("entry that cannot be read") from exc
    if not len(embedding) or not np.isfinite(embedding).all() or not embedding.any():
        raise RecordInvalid("entry without a usable embedding")
    if not np.isfinite([created_at, expires_at]).all() or not isinstance(since, int):
        raise RecordInvalid("entry without a beginning and an end")
    # Thousands of entries share all of these but the query; one copy each is enough.
    scope, query_model, tag, pool_id = map(sys.intern, (scope, query_model, tag, pool_id))
    entry = Entry(scope, query_model, tag, query, pool_id, created_at, expires_at, since)
    return entry, embedding


def encode_ranking(ranking: Ranking) -> bytes:
    """Write a ranking: header, positions (a byte each where that does), steps; little-endian."""
    header = _RANKING_HEADER.pack(len(ranking), ranking.low, ranking.high)
    positions = ranking.positions.astype(_positions_type(len(ranking))).tobytes()
    steps = ranking.steps.astype("<u2").tobytes()
    return seal(_RANKING_VERSION, header + positions + steps)


def decode_ranking(body: bytes) -> Ranking:
    """
    Read a ranking back.

    Raises:
        RecordInvalid: If the bytes are of another version, truncated or no permutation.
    """
    payload = unseal(_RANKING_VERSION, body, "ranking")
    if len(payload) < _RANKING_HEADER.size:
        raise RecordInvalid("ranking cut short")
    n, low, high = _RANKING_HEADER.unpack_from(payload)
    kind = np.dtype(_positions_type(n))
    if len(payload) != _RANKING_HEADER.size + n * (kind.itemsize + 2):
        raise RecordInvalid("ranking of another length than it says")
    positions = np.frombuffer(payload, kind, n, _RANKING_HEADER.size)
    steps = np.frombuffer(payload, "<u2", n, _RANKING_HEADER.size + n * kind.itemsize)
    if not np.array_equal(np.sort(positions), np.arange(n)):
        raise RecordInvalid("ranking is no permutation")
    if not np.isfinite([low, high]).all() or low > high or (steps[1:] > steps[:-1]).any():
        raise RecordInvalid("ranking with scores out of order")
    return Ranking(positions.astype(np.uint16), steps, low, high)


def _positions_type(n: int) -> str:
    return "u1" if n <= _NARROW else "<u2"


def _shortened(text: str) -> str | bytes:
    """Return the bytes that hexadecimal digits stand for; any other text as it is."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return text
    return raw if raw.hex() == text else text


def _lengthened(field: object) -> str:
    if isinstance(field, bytes):
        return field.hex()
    if isinstance(field, str):
        return field
    raise TypeError("neither text nor bytes")
