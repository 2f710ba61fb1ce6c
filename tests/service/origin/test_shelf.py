"""Photos for ranking and showing: fetched once, kept, mended."""

import io
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from cache.pools.photos import PhotoStore
from cache.pools.pool import Candidate
from service.errors import PhotoRejected, PhotoUnavailable
from service.origin.shelf import PhotoCodec, PhotoShelf, PhotoSize
from service.sources.photos import decode_photo, photo_size, thumbnail
from tests.cache.examples import candidate

pytestmark = pytest.mark.anyio

decode = partial(decode_photo, max_pixels=10_000_000)

CODEC = PhotoCodec(photo_size, decode, thumbnail)
PHOTO = candidate(1)


def jpeg(width: int, height: int) -> bytes:
    """Return a picture of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(stream, "JPEG")
    return stream.getvalue()


@asynccontextmanager
async def shelf_of(
    folder: Path,
    data: bytes,
    prepare: Callable[[bytes], Image.Image] = decode,
    timeout_s: float = 5.0,
) -> AsyncIterator[tuple[PhotoShelf[Image.Image], list[str]]]:
    """
    Make a shelf whose source has one photo; yield it with a list of what is fetched.

    It prepares pictures as they are, unless told otherwise.
    """
    fetched: list[str] = []

    async def fetch(asked: Candidate) -> bytes:
        fetched.append(asked.id)
        return data

    files = PhotoStore(folder, budget_bytes=10_000_000)
    await files.open()
    with ThreadPoolExecutor(1) as threads:
        yield (
            PhotoShelf(
                fetch=fetch,
                files=files,
                namespace="test",
                candidate={PHOTO.id: PHOTO}.get,
                prepare=prepare,
                codec=CODEC,
                threads=threads,
                timeout_s=timeout_s,
            ),
            fetched,
        )
    await files.aclose()


async def test_a_photo_is_fetched_once_for_ranking_and_showing(tmp_path: Path):
    """What was ranked is shown from our own files, byte for byte."""
    async with shelf_of(tmp_path, jpeg(64, 48)) as (shelf, fetched):
        picture = await shelf.prepared(PHOTO)
        shown = await shelf.image(PHOTO.id, PhotoSize.WEB)

    assert (picture.size, shown, fetched) == ((64, 48), jpeg(64, 48), [PHOTO.id])


async def test_a_large_photo_is_kept_at_web_size(tmp_path: Path):
    """A camera's photo is neither kept nor shown larger than the web needs."""
    async with shelf_of(tmp_path, jpeg(2560, 1920)) as (shelf, _):
        picture = await shelf.prepared(PHOTO)
        shown = Image.open(io.BytesIO(await shelf.image(PHOTO.id, PhotoSize.WEB)))

    assert picture.size == shown.size == (1280, 960)


async def test_a_large_photo_is_prepared_from_what_is_kept(tmp_path: Path):
    """Encoded now or from our own file another day, a photo is the same to the last pixel."""
    async with shelf_of(tmp_path, jpeg(2560, 1920)) as (shelf, fetched):
        fresh = await shelf.prepared(PHOTO)
        again = await shelf.prepared(PHOTO)

    assert fresh.tobytes() == again.tobytes()
    assert fetched == [PHOTO.id]


async def test_only_what_can_be_decoded_is_kept(tmp_path: Path):
    """A file that ends in the middle of its pixels is refused, though its header is whole."""
    async with shelf_of(tmp_path, jpeg(640, 480)[:-3000]) as (shelf, _):
        with pytest.raises(PhotoRejected):
            await shelf.prepared(PHOTO)

    assert not [*tmp_path.rglob("*web*")]


async def test_a_spoilt_file_is_fetched_again(tmp_path: Path):
    """What a disk has made of a photo does not stay."""
    async with shelf_of(tmp_path, jpeg(64, 48)) as (shelf, fetched):
        await shelf.prepared(PHOTO)
        for file in tmp_path.iterdir():
            file.write_bytes(b"garbage")
        await shelf.prepared(PHOTO)
        shown = await shelf.image(PHOTO.id, PhotoSize.WEB)

    assert shown == jpeg(64, 48)
    assert len(fetched) == 2


async def test_a_decoder_that_is_late_is_not_waited_for(tmp_path: Path):
    """The wait is bounded, and the photo may be tried again: it need not be at fault."""
    let_go = threading.Event()

    def stuck(_: bytes) -> Image.Image:
        let_go.wait(30)
        return Image.new("RGB", (1, 1))

    async with shelf_of(tmp_path, jpeg(64, 48), stuck, timeout_s=0.05) as (shelf, _):
        with pytest.raises(PhotoUnavailable, match="decoded within"):
            await shelf.prepared(PHOTO)
        let_go.set()
