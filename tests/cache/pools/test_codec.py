"""Pools as bytes, and their names."""

from dataclasses import asdict, replace
from functools import partial

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.errors import RecordInvalid
from cache.pools.codec import decode_pool, encode_pool
from cache.pools.filters import NO_FILTERS, Filters
from cache.pools.pool import Pool, PoolKey
from tests.cache.examples import candidate, pool

POOL = encode_pool(pool(3))

KEY = PoolKey("pixabay", "tiger", NO_FILTERS, 100, "clip")
OTHER_KEYS = {
    "source": replace(KEY, source="folder"),
    "tag": replace(KEY, tag="cat"),
    "filters": replace(KEY, filters=Filters.of({"colors": "red"})),
    "a filter's value": replace(KEY, filters=Filters.of({"colors": "blue"})),
    "size": replace(KEY, size=200),
    "clip": replace(KEY, clip="siglip"),
}
TEXTS = st.text(max_size=4) | st.text("\0\"',[]()\\a", max_size=8)
KEYS = st.builds(
    PoolKey,
    TEXTS,
    TEXTS,
    st.dictionaries(TEXTS, TEXTS, max_size=2).map(Filters.of),
    st.integers(0, 12),
    TEXTS,
)


def facts(one: Pool) -> tuple[object, ...]:
    """Everything a pool says, comparable."""
    return (
        (one.id, asdict(one.key), one.candidates),
        (one.embeddings.shape, one.embeddings.tolist()),
        (one.fetched_at, one.expires_at),
    )


def changed(**fields: object) -> bytes:
    """Return an encoded pool with some fields different."""
    return msgpack.packb(msgpack.unpackb(POOL) | fields)


@pytest.mark.parametrize("count", [0, 1, 200])
def test_pool_reads_back_as_written(count):
    """A pool of any size survives whole, its embeddings to the last bit."""
    written = pool(count)

    read = decode_pool(encode_pool(written))

    assert facts(read) == facts(written)
    assert read.embeddings.dtype == np.float16


@given(st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.text()))
def test_pool_keeps_any_text(text, tags, filters):
    """Authors, tags, addresses and filters in any script survive."""
    described = replace(candidate(1), author=text, page_url=text, tags=tuple(tags))
    key = replace(KEY, tag=text, filters=Filters.of(filters))
    written = replace(pool(1), key=key, candidates=(described,))

    assert facts(decode_pool(encode_pool(written))) == facts(written)


def test_pool_read_back_cannot_be_changed():
    """A pool is immutable, its embeddings too."""
    read = decode_pool(POOL)

    with pytest.raises(ValueError, match="read-only"):
        read.embeddings[0, 0] = 1


@pytest.mark.parametrize("count", [0, 3])
def test_pool_cut_short_anywhere_is_refused(count):
    """No beginning of a pool is a pool."""
    body = encode_pool(pool(count))

    for length in range(len(body)):
        with pytest.raises(RecordInvalid):
            decode_pool(body[:length])


@given(st.integers(0, len(POOL) - 1), st.integers(1, 255))
def test_pool_with_a_wrong_byte_is_refused_or_read(at, difference):
    """A wrong byte raises nothing but `RecordInvalid`."""
    body = bytearray(POOL)
    body[at] ^= difference

    try:
        decode_pool(bytes(body))
    except RecordInvalid:
        return


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(changed(v=2), id="another version"),
        pytest.param(changed(width=7), id="another width"),
        pytest.param(changed(embeddings=b""), id="no embeddings"),
        pytest.param(
            changed(embeddings=np.full((3, 8), np.nan, "<f2").tobytes()), id="NaN in embeddings"
        ),
        pytest.param(changed(candidates=b"no deflate"), id="candidates that cannot be inflated"),
        pytest.param(changed(expires_at=float("nan")), id="no end"),
        pytest.param(changed(key=["pixabay", "tiger"]), id="half a key"),
        pytest.param(changed(filters=[["colors"]]), id="a filter without value"),
        pytest.param(msgpack.packb({"v": 1}), id="no fields"),
        pytest.param(msgpack.packb(1), id="a number"),
        pytest.param(POOL + b"\0", id="one byte more"),
    ],
)
def test_pool_that_is_none_is_refused(body):
    """What this version does not write is never read as a pool."""
    with pytest.raises(RecordInvalid):
        decode_pool(body)


def test_pool_of_two_hundred_stays_small():
    """Two hundred photos with embeddings of 512 numbers take at most 260 KB."""
    rows = np.random.default_rng(0).normal(size=(200, 512)).astype(np.float16)

    body = encode_pool(replace(pool(200), embeddings=rows))

    assert len(body) <= 260_000


def test_key_digest_is_the_same_in_every_process():
    """A pool's name in a store depends on nothing but its key."""
    assert KEY.digest == replace(KEY).digest == "350fc36aa9d4e374ec2539e109f0c878"


@pytest.mark.parametrize("other", OTHER_KEYS.values(), ids=OTHER_KEYS.keys())
def test_key_digest_differs_in_every_field(other):
    """Keys that differ in any field have different names."""
    assert other.digest != KEY.digest


@given(KEYS, KEYS)
def test_key_digests_are_equal_only_for_equal_keys(one, other):
    """No text in one field can pass for the fields beside it."""
    assert (one.digest == other.digest) == (one == other)


@pytest.mark.parametrize(
    "fields",
    [
        {"source": "pixabay\0tiger", "tag": ""},
        {"source": "pixabay", "tag": "tiger\0"},
        {"source": 'pixabay","tiger', "tag": ""},
    ],
)
def test_key_digest_does_not_join_fields(fields):
    """Moving characters from one field to the next makes another name."""
    joined = {"source": "", "tag": "".join(fields.values())}
    make = partial(replace, KEY)

    assert len({make(**fields).digest, make(**joined).digest, KEY.digest}) == 3


def test_filters_do_not_depend_on_the_order_asked():
    """Filters in another order are the same filters, and absent ones are left out."""
    one = Filters.of({"colors": "red", "order": None, "editors_choice": True})
    other = Filters.of({"editors_choice": "true", "colors": "red"})

    assert one == other
    assert one.get("order") is None
    assert one.get("colors") == "red"
