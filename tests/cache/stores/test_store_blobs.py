"""What every store's blobs do."""

import pytest

from cache.stores.protocol import BlobKind
from tests.cache.stores.examples import blob, names

pytestmark = pytest.mark.anyio

KEY, OTHER = names(2)


@pytest.fixture(params=BlobKind)
def kind(request) -> BlobKind:
    return request.param


async def test_a_blob_is_read_back(store, other, kind):
    """Bytes come back under their key, to every handle."""
    await store.put([blob(KEY, b"\x00\xff", kind=kind), blob(OTHER, b"", kind=kind)])

    found = await other.get(kind, [KEY, OTHER, "absent"])

    assert found == {KEY: b"\x00\xff", OTHER: b""}


async def test_a_key_may_be_any_text(store, kind):
    """Not only digits, and no text is another."""
    keys = ["", "key", "ein Schlüssel", "a b\nc:{d}", "abc", "ABCD1234", "abcd1234", "k" * 500]

    await store.put([blob(key, key.encode(), kind=kind) for key in keys])

    assert await store.get(kind, keys) == {key: key.encode() for key in keys}


async def test_digits_that_begin_alike_are_keys_of_their_own(store, kind):
    """Keys that differ in one digit, wherever it stands, are two blobs."""
    keys = ["00000000", "10000000", "01000000", "00100000", "00010000", "00000001", "0000000000"]

    await store.put([blob(key, key.encode(), kind=kind) for key in keys])

    assert await store.get(kind, keys) == {key: key.encode() for key in keys}


async def test_asking_for_no_keys_finds_nothing(store, kind):
    """No keys, no bodies, no error; nor is there anything to put or drop."""
    await store.put([])
    await store.drop(kind, [])

    assert await store.get(kind, []) == {}


async def test_a_blob_lives_exactly_its_lifetime(store, clock, kind):
    """A blob is there just before its end and absent from that moment on."""
    await store.put([blob(KEY, lifetime_s=60, kind=kind)])

    clock.advance(seconds=59.5)
    before = await store.get(kind, [KEY])
    clock.advance(seconds=0.5)

    assert before == {KEY: b"body"}
    assert await store.get(kind, [KEY]) == {}


async def test_has_tells_what_is_there_until_its_end(store, clock, kind):
    """A key is there from its writing to its end, in its own kind alone."""
    elsewhere = next(other for other in BlobKind if other is not kind)
    await store.put([blob(KEY, lifetime_s=10, kind=kind)])

    there = [await store.has(kind, KEY), await store.has(elsewhere, KEY)]
    clock.advance(seconds=10)

    assert there == [True, False]
    assert not await store.has(kind, KEY)


async def test_wall_time_alone_decides_what_has_expired(store, clock, kind):
    """Where the clock steps back, what was not purged is there again."""
    await store.put([blob(KEY, lifetime_s=60, kind=kind)])
    clock.advance(seconds=60)
    clock.step_back(seconds=1)

    assert await store.get(kind, [KEY]) == {KEY: b"body"}


async def test_a_blob_put_again_is_replaced(store, clock, kind):
    """Body and end are those put last."""
    await store.put([blob(KEY, b"old", lifetime_s=60, kind=kind)])
    await store.put([blob(KEY, b"new", lifetime_s=120, kind=kind)])
    clock.advance(seconds=60)

    assert await store.get(kind, [KEY]) == {KEY: b"new"}


async def test_a_blob_put_again_may_end_sooner(store, clock, kind):
    """A shorter life replaces a longer one too."""
    await store.put([blob(KEY, lifetime_s=120, kind=kind)])
    await store.put([blob(KEY, lifetime_s=60, kind=kind)])
    clock.advance(seconds=60)

    assert await store.get(kind, [KEY]) == {}


async def test_one_key_is_another_in_every_kind(store):
    """The same key in two kinds is two blobs."""
    await store.put([blob(KEY, kind.encode(), kind=kind) for kind in BlobKind])

    for kind in BlobKind:
        assert await store.get(kind, [KEY]) == {KEY: kind.encode()}


async def test_many_keys_are_handled_in_one_call(store, kind):
    """More keys than any statement takes are no limit to the caller."""
    keys = names(2500)
    await store.put([blob(key, key.encode(), kind=kind) for key in keys])

    found = await store.get(kind, keys)
    await store.drop(kind, keys)

    assert found == {key: key.encode() for key in keys}
    assert await store.get(kind, keys) == {}


async def test_a_blob_that_is_dropped_is_gone(store, other, kind):
    """For every handle, and none but it; what is not there is passed over."""
    await store.put([blob(KEY, kind=kind), blob(OTHER, kind=kind)])

    await other.drop(kind, [KEY, "absent"])

    assert set(await store.get(kind, [KEY, OTHER])) == {OTHER}


async def test_a_blob_may_be_large(store):
    """The embeddings of two hundred photos go in and come out."""
    await store.put([blob(KEY, bytes(300_000), kind=BlobKind.BLOCK)])

    assert await store.get(BlobKind.BLOCK, [KEY]) == {KEY: bytes(300_000)}


@pytest.mark.parametrize("kind", [BlobKind.BLOCK, BlobKind.POOL, BlobKind.RANKING])
async def test_shedding_takes_a_share_of_a_kind_those_that_end_first(store, other, kind):
    """Room is made from the oldest, and from no other kind."""
    keys = names(10)
    elsewhere = BlobKind.POOL if kind is BlobKind.BLOCK else BlobKind.BLOCK
    for age, key in enumerate(keys):
        await store.put([blob(key, lifetime_s=1000 - 10 * age, kind=kind)])
    await store.put([blob(KEY, kind=elsewhere)])

    went = await other.shed(kind, 0.25)

    assert went == 3
    assert set(await store.get(kind, keys)) == set(keys[:7])
    assert await store.has(elsewhere, KEY)


async def test_shedding_what_is_not_there_takes_nothing(store):
    """A store without any of a kind has none to give."""
    assert await store.shed(BlobKind.BLOCK, 0.1) == 0
