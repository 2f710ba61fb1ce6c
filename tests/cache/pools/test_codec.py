"""Pools as bytes, and their names."""

import zlib
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.errors import RecordInvalid
from cache.journal.records import Mark
from cache.pools.codec import Notice, decode_pool, encode_pool
from cache.pools.filters import NO_FILTERS, Filters
from cache.pools.pool import Pool, PoolKey
from cache.seal import seal, seal_fields, unseal_fields
from tests.cache.examples import candidate, pool
from tests.cache.spoiling import ANYTHING, every_flip

POOL = encode_pool(pool(3))
NOTICE = Notice("pool-1", "key", "tiger", 7, 1_800_000_000.0).record()
FIELDS = ("id", "key", "filters", "candidates", "dimension", "fetched_at", "expires_at")

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
        (one.id, asdict(one.key), one.candidates, one.begun),
        (one.embeddings.shape, one.embeddings.tolist()),
        (one.fetched_at, one.expires_at),
    )


def read_back(one: Pool) -> Pool:
    """Return a pool as it comes out of the store, given its embeddings."""
    return decode_pool(encode_pool(one)).whole(list(one.embeddings), one.begun)


def changed(**fields: object) -> bytes:
    """Return an encoded pool with some fields different."""
    whole = unseal_fields(2, POOL, "pool", len(FIELDS))
    for name, value in fields.items():
        whole[FIELDS.index(name)] = value
    return seal_fields(2, whole)


def described(*rows: object) -> bytes:
    """Return candidates as they stand in an encoded pool."""
    return zlib.compress(msgpack.packb(rows))


@pytest.mark.parametrize("count", [0, 1, 200])
def test_pool_reads_back_as_written(count):
    """A pool of any size survives whole, its embeddings to the last bit."""
    written = pool(count, begun=Mark("one", 7))

    read = read_back(written)

    assert facts(read) == facts(written)
    assert read.embeddings.dtype == np.float16


@given(st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.text()))
def test_pool_keeps_any_text(text, tags, filters):
    """Authors, tags, addresses and filters in any script survive."""
    described = replace(candidate(1), author=text, page_url=text, tags=tuple(tags))
    key = replace(KEY, tag=text, filters=Filters.of(filters))
    written = replace(pool(1), key=key, candidates=(described,))

    assert facts(read_back(written)) == facts(written)


def test_pool_read_back_cannot_be_changed():
    """A pool is immutable, its embeddings too."""
    read = read_back(pool(3))

    with pytest.raises(ValueError, match="read-only"):
        read.embeddings[0, 0] = 1


@pytest.mark.parametrize("count", [0, 3])
def test_pool_cut_short_anywhere_is_refused(count):
    """No beginning of a pool is a pool."""
    body = encode_pool(pool(count))

    for length in range(len(body)):
        with pytest.raises(RecordInvalid):
            decode_pool(body[:length])


def test_pool_with_a_wrong_bit_is_refused():
    """Whichever byte is wrong, in whichever bit, a pool is never misread."""
    for wrong in every_flip(POOL):
        with pytest.raises(RecordInvalid):
            decode_pool(wrong)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(seal_fields(1, unseal_fields(2, POOL, "", 7)), id="an older version"),
        pytest.param(seal_fields(3, unseal_fields(2, POOL, "", 7)), id="a newer version"),
        pytest.param(changed(candidates=b"no deflate"), id="candidates that cannot be inflated"),
        pytest.param(changed(candidates=described(["one"])), id="a candidate cut short"),
        pytest.param(changed(candidates=zlib.compress(b"\xc1")), id="candidates in no msgpack"),
        pytest.param(changed(dimension="eight"), id="a text as dimension"),
        pytest.param(changed(dimension=float("inf")), id="an infinite dimension"),
        pytest.param(changed(dimension=0), id="no dimension"),
        pytest.param(changed(dimension=-8), id="a negative dimension"),
        pytest.param(changed(dimension=8.5), id="half a dimension"),
        pytest.param(changed(expires_at=float("nan")), id="no end"),
        pytest.param(changed(fetched_at=None), id="no beginning"),
        pytest.param(changed(key=["pixabay", "tiger"]), id="half a key"),
        pytest.param(changed(filters=[["colors"]]), id="a filter without value"),
        pytest.param(seal_fields(2, []), id="no fields"),
        pytest.param(seal(2, msgpack.packb(1)), id="a number"),
        pytest.param(POOL + b"\0", id="one byte more"),
    ],
)
def test_pool_that_is_none_is_refused(body):
    """What this version does not write is never read as a pool."""
    with pytest.raises(RecordInvalid):
        decode_pool(body)


@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING, min_size=1, max_size=2))
def test_pool_of_any_fields_is_read_or_refused(fields):
    """Whatever somebody sealed, reading it raises nothing but `RecordInvalid`."""
    with suppress(RecordInvalid):
        decode_pool(changed(**fields))


def test_pool_of_two_hundred_stays_small():
    """Two hundred photos' descriptions take at most 60 KB; their embeddings are elsewhere."""
    assert len(encode_pool(pool(200))) <= 60_000


def test_a_photo_of_two_sources_has_two_names():
    """Two folders may call different photos the same."""
    one, other = KEY.photo("cat.jpg"), replace(KEY, source="folder:2").photo("cat.jpg")

    assert one != other


@given(st.text(), st.text(), st.integers(0, 2**63 - 1))
def test_notice_reads_back_as_written(pool_id, tag, since):
    """A notice tells whose pool it is, and when its fetch began and ends."""
    notice = Notice(pool_id, KEY.digest, tag, since, 1_800_000_000.5)

    assert Notice.of(notice.record()) == notice


def test_notice_with_a_wrong_bit_is_refused():
    """Whichever byte is wrong, no notice is misread."""
    for wrong in every_flip(NOTICE.body):
        with pytest.raises(RecordInvalid):
            Notice.of(replace(NOTICE, body=wrong))


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([1, "key", "tiger", 0], id="a number as id"),
        pytest.param(["pool", b"key", "tiger", 0], id="bytes as key"),
        pytest.param(["pool", "key", None, 0], id="no tag"),
        pytest.param(["pool", "key", "tiger", 0.5], id="a position between two"),
        pytest.param(["pool", "key", "tiger"], id="no position"),
    ],
)
def test_notice_that_is_none_is_refused(fields):
    """What this version does not write is never read as a notice."""
    with pytest.raises(RecordInvalid):
        Notice.of(replace(NOTICE, body=seal_fields(1, fields)))


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
