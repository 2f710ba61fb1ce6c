"""Entries and rankings as bytes."""

from dataclasses import replace

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.entries.codec import decode_entry, decode_ranking, encode_entry, encode_ranking
from cache.entries.entry import Entry
from cache.entries.ranking import Ranking
from cache.entries.scope import Scope
from cache.errors import RecordInvalid
from cache.pools.filters import NO_FILTERS, Filters
from tests.cache.examples import entry, ranking

ENTRY = encode_entry(entry())
RANKING = encode_ranking(ranking(3, 1, 2))

SCOPE = Scope("pixabay", NO_FILTERS, 100, "clip", "minilm")
OTHER_SCOPES = {
    "source": replace(SCOPE, source="folder"),
    "filters": replace(SCOPE, filters=Filters.of({"colors": "red"})),
    "pool size": replace(SCOPE, pool_size=200),
    "clip": replace(SCOPE, clip="siglip"),
    "query": replace(SCOPE, query="other"),
    "tenant": replace(SCOPE, tenant="another"),
}
OTHER_ENTRIES = {
    "scope": entry(scope="scope-two"),
    "tag": entry(tag="cat"),
    "query": entry("two tigers"),
    "pool": entry(pool_id="pool-2"),
    "tag and query together": entry("b\0c", tag="a"),
    "the same characters, cut elsewhere": entry("c", tag="a\0b"),
}


def facts(one: Entry) -> tuple[object, ...]:
    """Everything an entry says, comparable."""
    return (
        (one.scope, one.query_model, one.tag, one.query, one.pool_id),
        (one.created_at, one.expires_at),
        one.embedding.tolist(),
    )


def changed(**fields: object) -> bytes:
    """Return an encoded entry with some fields different."""
    return msgpack.packb(msgpack.unpackb(ENTRY) | fields)


def packed(*positions: int, steps: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> bytes:
    """Return an encoded ranking of any positions and steps."""
    made = Ranking(np.array(positions, np.uint16), np.array(steps, np.uint16), low, high)
    return encode_ranking(made)


@given(st.text(), st.text(), st.integers(1, 400))
def test_entry_reads_back_as_written(tag, query, dimension):
    """Any text and any length of embedding survive."""
    vector = np.linspace(0.1, 1, dimension).astype(np.float16)
    written = replace(entry(query, tag=tag), embedding=vector)

    read = decode_entry(encode_entry(written))

    assert facts(read) == facts(written)
    assert read.embedding.dtype == np.float16


@given(st.integers(0, len(ENTRY) - 1))
def test_entry_cut_short_anywhere_is_refused(length):
    """No beginning of an entry is an entry."""
    with pytest.raises(RecordInvalid):
        decode_entry(ENTRY[:length])


@given(st.integers(0, len(ENTRY) - 1), st.integers(1, 255))
def test_entry_with_a_wrong_byte_is_refused_or_read(at, difference):
    """A wrong byte raises nothing but `RecordInvalid`."""
    body = bytearray(ENTRY)
    body[at] ^= difference

    try:
        decode_entry(bytes(body))
    except RecordInvalid:
        return


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(changed(v=2), id="another version"),
        pytest.param(changed(embedding=b""), id="an empty embedding"),
        pytest.param(changed(embedding=b"\0\0\0\0"), id="a zero embedding"),
        pytest.param(changed(embedding=np.array([1, np.nan], "<f2").tobytes()), id="NaN"),
        pytest.param(changed(embedding=np.array([1, np.inf], "<f2").tobytes()), id="infinity"),
        pytest.param(changed(embedding=b"abc"), id="half a number"),
        pytest.param(changed(embedding="ab"), id="a text as embedding"),
        pytest.param(changed(expires_at=float("nan")), id="no end"),
        pytest.param(changed(created_at=float("inf")), id="no beginning"),
        pytest.param(changed(expires_at="soon"), id="a text as end"),
        pytest.param(msgpack.packb({"v": 1}), id="no fields"),
        pytest.param(msgpack.packb([1]), id="a list"),
        pytest.param(msgpack.packb(None), id="nothing"),
        pytest.param(ENTRY + b"\0", id="one byte more"),
        pytest.param(b"\xc1", id="no msgpack"),
    ],
)
def test_entry_that_is_none_is_refused(body):
    """What this version does not write is never read as an entry."""
    with pytest.raises(RecordInvalid):
        decode_entry(body)


@pytest.mark.parametrize("count", [0, 1, 200, 65_535])
def test_ranking_reads_back_as_written(count):
    """A ranking of any size survives whole."""
    written = Ranking.of(np.random.default_rng(count).normal(size=count).astype(np.float32))

    read = decode_ranking(encode_ranking(written))

    assert len(read) == count
    assert read.top(count) == written.top(count)


@given(st.integers(0, len(RANKING) - 1))
def test_ranking_cut_short_anywhere_is_refused(length):
    """No beginning of a ranking is a ranking."""
    with pytest.raises(RecordInvalid):
        decode_ranking(RANKING[:length])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\2" + RANKING[1:], id="another version"),
        pytest.param(RANKING + b"\0", id="one byte more"),
        pytest.param(packed(0, 0, 1, steps=(3, 2, 1)), id="a position twice"),
        pytest.param(packed(1, 2, 3, steps=(3, 2, 1)), id="a position beyond the pool"),
        pytest.param(packed(0, 1, 2, steps=(1, 2, 3)), id="rising scores"),
        pytest.param(packed(0, steps=(0,), low=float("nan")), id="NaN"),
        pytest.param(packed(0, steps=(0,), high=float("inf")), id="infinity"),
        pytest.param(packed(0, 1, steps=(1, 0), low=2.0, high=1.0), id="bounds the wrong way"),
    ],
)
def test_ranking_that_is_none_is_refused(body):
    """What this version does not write is never read as a ranking."""
    with pytest.raises(RecordInvalid):
        decode_ranking(body)


def test_scope_digest_is_the_same_in_every_process():
    """A scope's name depends on nothing but its fields."""
    assert SCOPE.digest == replace(SCOPE).digest == "585406dbcf125dc9600e7885d857486d"


@pytest.mark.parametrize("other", OTHER_SCOPES.values(), ids=OTHER_SCOPES.keys())
def test_scope_digest_differs_in_every_field(other):
    """Scopes that differ in any field have different names."""
    assert other.digest != SCOPE.digest


def test_ranking_key_differs_in_every_field():
    """Two entries share a ranking only if scope, tag, query and pool are the same."""
    keys = {one.ranking_key for one in [entry(), *OTHER_ENTRIES.values()]}

    assert len(keys) == 1 + len(OTHER_ENTRIES)


def test_ranking_key_does_not_depend_on_when():
    """The same query ranked again on the same pool keeps its ranking's name."""
    assert entry(created_at=1.0).ranking_key == entry(created_at=2.0).ranking_key
