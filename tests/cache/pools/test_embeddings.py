"""Image embeddings by photo, kept in blocks."""

import numpy as np
import pytest

from cache.digest import digest
from cache.errors import StoreUnavailable
from cache.pools.embeddings import EMBEDDING_LIFETIME_S, Embeddings
from cache.pools.pool import POOL_LIFETIME_S
from cache.seal import seal
from cache.stores.protocol import Blob, BlobKind
from cache.stores.sqlite import SqliteStore
from tests.cache.away import Interruptible
from tests.cache.spoiling import every_flip, spoilt
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

VECTORS = np.array([[1, 0], [0, 1]], dtype=np.float16)
PHOTOS = ["p/1", "p/2"]


@pytest.fixture
def door(store: SqliteStore) -> Interruptible:
    return Interruptible(store)


@pytest.fixture
def embeddings(door: Interruptible, clock: ManualClock) -> Embeddings:
    return Embeddings(door, clock)


@pytest.fixture
def others(store: SqliteStore, clock: ManualClock) -> Embeddings:
    """The embeddings as another process has them."""
    return Embeddings(store, clock)


async def known(embeddings: Embeddings, photos: list[str] = PHOTOS, **rest: object) -> dict:
    """Return what is known of photos, as lists."""
    asked = {"clip": "clip", "dimension": 2, "until": 0.0} | rest
    found = await embeddings.get(asked["clip"], photos, asked["dimension"], until=asked["until"])
    return {photo: row.tolist() for photo, row in found.items()}


async def blobs(store: SqliteStore, kind: BlobKind) -> dict[str, bytes]:
    """Return all blobs of a kind."""
    sql = "SELECT key, body FROM blobs WHERE kind = ?"
    return dict(await store._read(lambda db: db.execute(sql, (kind.value,)).fetchall()))


async def overwrite(store: SqliteStore, kind: BlobKind, key: str, body: bytes) -> None:
    await store.put([Blob(kind, key, body, 2e9)])


async def test_embeddings_are_read_back(embeddings, others):
    """Another process finds the embeddings of exactly those photos that are known."""
    await embeddings.put("clip", PHOTOS, VECTORS)

    assert await known(others, ["p/2", "p/1", "p/3"]) == {"p/1": [1, 0], "p/2": [0, 1]}


async def test_embeddings_keep_every_bit(embeddings):
    """An image is never encoded again, so its embedding must not wear out."""
    rows = np.random.default_rng(0).normal(size=(70, 512)).astype(np.float16)
    photos = [f"p/{n}" for n in range(70)]
    await embeddings.put("clip", photos, rows)

    found = await embeddings.get("clip", photos, 512, until=0.0)

    assert (np.stack([found[photo] for photo in photos]) == rows).all()
    assert found["p/0"].dtype == np.float16


async def test_many_photos_share_few_blocks(embeddings, store):
    """A key each would cost a quarter more; no block is larger than 64 KiB."""
    photos = [f"p/{n}" for n in range(200)]

    await embeddings.put("clip", photos, np.ones((200, 512), np.float16))

    written = await blobs(store, BlobKind.BLOCK)
    assert len(written) == 4
    assert max(map(len, written.values())) < 64 * 1024


async def test_no_photos_are_no_blobs(embeddings, store):
    """A pool without photos has nothing to remember here."""
    await embeddings.put("clip", [], np.empty((0, 2), np.float16))

    assert await known(embeddings, []) == {}
    assert await blobs(store, BlobKind.BLOCK) == {}


async def test_what_is_put_again_is_the_newer(embeddings):
    """A photo encoded twice has the embedding put last."""
    await embeddings.put("clip", PHOTOS, VECTORS)

    await embeddings.put("clip", PHOTOS, VECTORS[::-1])

    assert await known(embeddings) == {"p/1": [0, 1], "p/2": [1, 0]}


async def test_embeddings_outlive_pools_and_end(embeddings, clock):
    """Embeddings are there until a second before their end, long after any pool."""
    await embeddings.put("clip", PHOTOS, VECTORS)

    clock.advance(seconds=EMBEDDING_LIFETIME_S - 1)
    before = await known(embeddings)
    clock.advance(seconds=1)

    assert EMBEDDING_LIFETIME_S > POOL_LIFETIME_S
    assert before
    assert await known(embeddings) == {}


async def test_embeddings_that_end_too_early_are_not_found(embeddings, clock):
    """A new pool must not lose photos before its own end."""
    await embeddings.put("clip", PHOTOS, VECTORS)
    end = clock.now() + EMBEDDING_LIFETIME_S

    assert len(await known(embeddings, until=end)) == 2
    assert await known(embeddings, until=end + 1) == {}


@pytest.mark.parametrize("asked", [{"clip": "siglip"}, {"dimension": 3}, {"dimension": 1}], ids=str)
async def test_embeddings_of_another_model_or_length_are_not_found(embeddings, asked):
    """Vectors are never mixed between models, nor taken in another length."""
    await embeddings.put("clip", PHOTOS, VECTORS)

    assert await known(embeddings, **asked) == {}


@pytest.mark.parametrize("spoiling", spoilt(b"any").keys())
@pytest.mark.parametrize("kind", [BlobKind.BLOCK, BlobKind.PHOTO])
async def test_spoilt_embeddings_are_not_found_and_replaced(embeddings, store, kind, spoiling):
    """What cannot be read is made again, not an error."""
    await embeddings.put("clip", PHOTOS, VECTORS)
    for key, body in (await blobs(store, kind)).items():
        await overwrite(store, kind, key, spoilt(body)[spoiling])

    assert await known(embeddings) == {}

    await embeddings.put("clip", PHOTOS, VECTORS)
    assert len(await known(embeddings)) == 2


@pytest.mark.parametrize("kind", [BlobKind.BLOCK, BlobKind.PHOTO])
async def test_embeddings_with_a_wrong_bit_are_never_misread(embeddings, store, kind):
    """Whichever bit is wrong, in a block or in a place, the photo is not known."""
    await embeddings.put("clip", PHOTOS[:1], VECTORS[:1])
    ((key, body),) = (await blobs(store, kind)).items()

    for wrong in every_flip(body):
        await overwrite(store, kind, key, wrong)
        assert await known(embeddings) == {}


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\1\0\2", id="half a header"),
        pytest.param(b"\1\0\2\0" + b"\0\0\0", id="half a number"),
        pytest.param(b"\2\0\2\0" + b"\0\0\0\0", id="a row too few"),
        pytest.param(b"\1\0\2\0" + np.array([1, np.nan], "<f2").tobytes(), id="NaN"),
        pytest.param(b"\1\0\2\0" + np.array([1, np.inf], "<f2").tobytes(), id="infinity"),
        pytest.param(b"\0\0\2\0", id="no rows"),
    ],
)
async def test_a_sealed_block_that_is_none_is_not_read(embeddings, store, payload):
    """A block must be as long as it says and hold numbers."""
    await embeddings.put("clip", PHOTOS, VECTORS)
    (block,) = await blobs(store, BlobKind.BLOCK)
    await overwrite(store, BlobKind.BLOCK, block, seal(1, payload))

    assert await known(embeddings) == {}


async def test_a_sealed_place_that_is_none_is_not_read(embeddings, store):
    """A place of another shape points nowhere."""
    await embeddings.put("clip", PHOTOS, VECTORS)
    await overwrite(store, BlobKind.PHOTO, digest("clip", "p/1")[:25], seal(1, b"short"))

    assert await known(embeddings) == {"p/2": [0, 1]}


async def test_a_block_that_is_gone_takes_its_photos_along(embeddings, store):
    """A place in a block that is not there is no place."""
    await embeddings.put("clip", PHOTOS, VECTORS)
    await embeddings.put("clip", ["p/3"], VECTORS[:1])
    names = await blobs(store, BlobKind.BLOCK)
    (pair,) = [name for name, body in names.items() if len(body) > min(map(len, names.values()))]

    await store.drop(BlobKind.BLOCK, [pair])

    assert await known(embeddings, ["p/1", "p/2", "p/3"]) == {"p/3": [1, 0]}


async def test_a_write_cut_off_leaves_no_place_without_its_block(embeddings, door, store):
    """Blocks go first; what a killed process has begun is unknown, not broken."""

    async def cut_off_the_second() -> None:
        async def cut_off() -> None:
            door.read_only = True

        door.before("put", cut_off)

    door.before("put", cut_off_the_second)
    with pytest.raises(StoreUnavailable):
        await embeddings.put("clip", PHOTOS, VECTORS)

    assert len(await blobs(store, BlobKind.BLOCK)) == 1
    assert await blobs(store, BlobKind.PHOTO) == {}


async def test_a_store_that_is_away_is_told_of(embeddings, door):
    """Whether to encode again or to wait is the caller's to decide."""
    door.away = True

    with pytest.raises(StoreUnavailable):
        await known(embeddings)


async def test_what_lies_scattered_is_gathered(embeddings, others, store):
    """A pool of photos that came with many others is read from a few blocks from then on."""
    photos = [f"p/{n}" for n in range(20)]
    for photo in photos:
        await embeddings.put("clip", [photo], VECTORS[:1])
    scattered = await blobs(store, BlobKind.BLOCK)
    first = await known(embeddings, photos)

    await store.drop(BlobKind.BLOCK, list(scattered))

    assert len(scattered) == 20
    assert await known(others, photos) == first
    assert len(first) == 20


async def test_gathering_prolongs_nothing(embeddings, others, clock):
    """The gathered end with the first of them."""
    photos = [f"p/{n}" for n in range(20)]
    for photo in photos:
        await embeddings.put("clip", [photo], VECTORS[:1])
        clock.advance(seconds=1)
    await known(embeddings, photos)
    clock.advance(seconds=EMBEDDING_LIFETIME_S - 20)

    assert await known(others, photos) == {}


async def test_gathering_that_the_store_refuses_costs_nobody_the_embeddings(embeddings, door):
    """They are read all the same."""
    photos = [f"p/{n}" for n in range(20)]
    for photo in photos:
        await embeddings.put("clip", [photo], VECTORS[:1])
    door.read_only = True

    assert len(await known(embeddings, photos)) == 20
