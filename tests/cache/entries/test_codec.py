"""Entries and rankings as bytes."""

from contextlib import suppress
from dataclasses import replace

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.digest import digest
from cache.entries.codec import decode_entry, decode_ranking, encode_entry, encode_ranking
from cache.entries.ranking import Ranking
from cache.entries.scope import Scope
from cache.errors import RecordInvalid
from cache.pools.filters import NO_FILTERS, Filters
from cache.seal import seal, seal_fields, unseal, unseal_fields
from tests.cache.examples import direction, entry, ranking
from tests.cache.spoiling import ANYTHING, every_flip

VECTOR = direction(1.0).astype(np.float16)
ENTRY = encode_entry(entry(since=7), VECTOR)
FIELDS = (
    *("scope", "query_model", "tag", "query", "pool_id"),
    *("created_at", "expires_at", "since", "embedding"),
)
TEXTS = st.text() | st.binary(max_size=20).map(bytes.hex)
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


def changed(**fields: object) -> bytes:
    """Return an encoded entry with some fields different, by their place or all of them."""
    whole = fields.pop("all", None) or unseal_fields(2, ENTRY, "entry", len(FIELDS))
    for name, value in fields.items():
        whole[FIELDS.index(name)] = value
    return seal_fields(2, whole)


def packed(*positions: int, steps: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> bytes:
    """Return an encoded ranking of any positions and steps."""
    made = Ranking(np.array(positions, np.uint16), np.array(steps, np.uint16), low, high)
    return encode_ranking(made)


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.integers(0, 2**63 - 1), st.integers(1, 400))
def test_entry_reads_back_as_written(tag, query, scope, pool_id, since, dimension):
    """Any text, digest or none, any position and any length of embedding survive."""
    vector = np.linspace(0.1, 1, dimension).astype(np.float16)
    written = entry(query, tag=tag, scope=scope, pool_id=pool_id, since=since)

    read, embedding = decode_entry(encode_entry(written, vector))

    assert read == written
    assert embedding.dtype == np.float16
    assert embedding.tolist() == vector.tolist()


def test_digests_are_written_as_bytes():
    """Four digests of 32 digits take half of that in a record that is written most often."""
    name = digest("any")
    named = entry(scope=name, pool_id=name, model=name)
    plain = entry(scope="x" * 32, pool_id="x" * 32, model="x" * 32)

    assert len(encode_entry(plain, VECTOR)) - len(encode_entry(named, VECTOR)) == 3 * 16


def test_entries_of_one_tag_share_their_texts():
    """A hundred thousand entries must not hold a copy of their scope each."""
    one, _ = decode_entry(encode_entry(entry("one"), VECTOR))
    other, _ = decode_entry(encode_entry(entry("other"), VECTOR))

    assert one.scope is other.scope
    assert one.pool_id is other.pool_id


@given(st.integers(0, len(ENTRY) - 1))
def test_entry_cut_short_anywhere_is_refused(length):
    """No beginning of an entry is an entry."""
    with pytest.raises(RecordInvalid):
        decode_entry(ENTRY[:length])


def test_entry_with_a_wrong_bit_is_refused():
    """Whichever byte is wrong, in whichever bit, an entry is never misread."""
    for wrong in every_flip(ENTRY):
        with pytest.raises(RecordInvalid):
            decode_entry(wrong)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(seal_fields(1, unseal_fields(2, ENTRY, "", 9)), id="an older version"),
        pytest.param(seal_fields(3, unseal_fields(2, ENTRY, "", 9)), id="a newer version"),
        pytest.param(changed(embedding=b""), id="an empty embedding"),
        pytest.param(changed(embedding=b"\0\0\0\0"), id="a zero embedding"),
        pytest.param(changed(embedding=np.array([1, np.nan], "<f2").tobytes()), id="NaN"),
        pytest.param(changed(embedding=np.array([1, np.inf], "<f2").tobytes()), id="infinity"),
        pytest.param(changed(embedding=b"abc"), id="half a number"),
        pytest.param(changed(embedding="ab"), id="a text as embedding"),
        pytest.param(changed(expires_at=float("nan")), id="no end"),
        pytest.param(changed(created_at=float("inf")), id="no beginning"),
        pytest.param(changed(expires_at="soon"), id="a text as end"),
        pytest.param(changed(since=1.5), id="a position between two"),
        pytest.param(changed(since=None), id="no position"),
        pytest.param(changed(tag=7), id="a number as tag"),
        pytest.param(changed(all=[1]), id="no fields"),
        pytest.param(seal_fields(2, [*unseal_fields(2, ENTRY, "", 9), 1]), id="a field more"),
        pytest.param(seal(2, msgpack.packb({"v": 1})), id="a map"),
        pytest.param(seal(2, msgpack.packb(None)), id="nothing"),
        pytest.param(ENTRY + b"\0", id="one byte more"),
        pytest.param(seal(2, b"\xc1"), id="no msgpack"),
    ],
)
def test_entry_that_is_none_is_refused(body):
    """What this version does not write is never read as an entry."""
    with pytest.raises(RecordInvalid):
        decode_entry(body)


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING, min_size=1, max_size=2))
def test_entry_of_any_fields_is_read_or_refused(fields):
    """Whatever somebody sealed, reading it raises nothing but `RecordInvalid`."""
    with suppress(RecordInvalid):
        decode_entry(changed(**fields))


@pytest.mark.parametrize("count", [0, 1, 200, 255, 256, 257, 65_535])
def test_ranking_reads_back_as_written(count):
    """A ranking of any size survives whole."""
    written = Ranking.of(np.random.default_rng(count).normal(size=count).astype(np.float32))

    read = decode_ranking(encode_ranking(written))

    assert len(read) == count
    assert read.top(count) == written.top(count)


def test_ranking_of_a_pool_takes_three_bytes_a_photo():
    """Rankings are written for every query; those of two hundred photos stay below 640 bytes."""
    assert len(encode_ranking(ranking(*range(200)))) < 640


@given(st.integers(0, len(RANKING) - 1))
def test_ranking_cut_short_anywhere_is_refused(length):
    """No beginning of a ranking is a ranking."""
    with pytest.raises(RecordInvalid):
        decode_ranking(RANKING[:length])


def test_ranking_with_a_wrong_bit_is_refused():
    """Whichever byte is wrong, in whichever bit, a ranking is never misread."""
    for wrong in every_flip(RANKING):
        with pytest.raises(RecordInvalid):
            decode_ranking(wrong)


@given(st.binary(max_size=64))
def test_ranking_of_any_bytes_is_read_or_refused(payload):
    """Whatever somebody sealed, reading it raises nothing but `RecordInvalid`."""
    with suppress(RecordInvalid):
        decode_ranking(seal(2, payload))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(seal(1, unseal(2, RANKING, "")), id="another version"),
        pytest.param(seal(2, unseal(2, RANKING, "")[:10]), id="half a header"),
        pytest.param(seal(2, unseal(2, RANKING, "") + b"\0"), id="one byte more, sealed"),
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
