"""Photo files within a budget."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cache.pools.photos import PhotoStore

pytestmark = pytest.mark.anyio

PHOTO = b"0123456789"
NAMES = ["pixabay:1", "../../etc/passwd", "/etc/passwd", "a/b\\c", "", ".", "ü" * 300, "a\0b"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "photos"


@pytest.fixture
async def photos(folder: Path) -> AsyncIterator[PhotoStore]:
    """A store with room for three photos."""
    photos = PhotoStore(folder, budget_bytes=3 * len(PHOTO))
    await photos.open()
    yield photos
    await photos.aclose()


async def reopened(folder: Path, budget_bytes: int) -> PhotoStore:
    """Return a store on the same folder, as after a restart; closed, since scanning is all."""
    photos = PhotoStore(folder, budget_bytes=budget_bytes)
    await photos.open()
    await photos.aclose()
    return photos


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.mark.parametrize("name", NAMES)
async def test_a_photo_is_read_back(photos, name):
    """Any name keeps its bytes."""
    assert await photos.put(name, PHOTO)

    assert await photos.get(name) == PHOTO


async def test_an_unknown_photo_is_a_miss(photos):
    """A photo never put is no error."""
    assert await photos.get("pixabay:1") is None


async def test_no_name_leaves_the_folder(photos, folder, tmp_path):
    """Whatever a photo is called, its file lies in the folder and nowhere else."""
    for name in NAMES[1:4]:
        await photos.put(name, PHOTO)

    assert len(files(folder)) == 3
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == files(folder)


async def test_the_least_recently_used_goes_first(photos, folder):
    """Beyond the budget the photo that was not read the longest goes, its file too."""
    for name in "abc":
        await photos.put(name, PHOTO)
    await photos.get("a")

    await photos.put("d", PHOTO)

    assert await photos.get("b") is None
    assert [await photos.get(name) for name in "acd"] == [PHOTO] * 3
    assert len(files(folder)) == 3


async def test_the_budget_counts_bytes(photos, folder):
    """One large photo takes the room of several small ones."""
    for name in "abc":
        await photos.put(name, PHOTO)

    await photos.put("large", 2 * PHOTO)

    assert photos.total_bytes == sum(path.stat().st_size for path in files(folder)) == 30
    assert len(photos) == 2


async def test_a_photo_larger_than_the_budget_pushes_nothing_out(photos):
    """What can never fit is refused and costs no other photo its place."""
    await photos.put("a", PHOTO)

    assert not await photos.put("huge", 4 * PHOTO)
    assert await photos.get("a") == PHOTO


async def test_a_photo_put_again_counts_once(photos):
    """A replaced photo takes the bytes of the new one alone."""
    await photos.put("a", PHOTO)

    await photos.put("a", PHOTO[:4])

    assert await photos.get("a") == PHOTO[:4]
    assert (photos.total_bytes, len(photos)) == (4, 1)


async def test_photos_outlive_the_process(photos, folder):
    """After a restart the files are known again, with their bytes."""
    await photos.put("a", PHOTO)
    await photos.put("b", PHOTO)

    again = await reopened(folder, budget_bytes=30)

    assert (again.total_bytes, len(again)) == (20, 2)


async def test_a_restart_keeps_to_a_smaller_budget(photos, folder):
    """A scan lets the least recently used go until the budget holds."""
    for age_s, name in enumerate("cab"):
        await photos.put(name, PHOTO)
        newest = max(files(folder), key=lambda path: path.stat().st_ctime_ns)
        os.utime(newest, (1_000_000 - age_s, 1_000_000 - age_s))

    again = await reopened(folder, budget_bytes=10)

    assert again.total_bytes == 10
    assert await photos.get("c") == PHOTO
    assert await photos.get("b") is None


async def test_reading_counts_as_use_after_a_restart_too(photos, folder):
    """The time of the last read is kept with the file."""
    await photos.put("a", PHOTO)
    (path,) = files(folder)
    os.utime(path, (1_000_000, 1_000_000))

    await photos.get("a")

    assert path.stat().st_mtime > 1_000_000


async def test_a_vanished_file_is_a_miss_and_frees_its_bytes(photos, folder):
    """A file that somebody deleted is no error, and no longer counted."""
    await photos.put("a", PHOTO)
    files(folder)[0].unlink()

    assert await photos.get("a") is None
    assert (photos.total_bytes, len(photos)) == (0, 0)


async def test_a_file_of_another_process_is_found(photos, folder):
    """Processes that share a folder serve what any of them kept."""
    other = PhotoStore(folder, budget_bytes=30)
    await other.open()
    await other.put("a", PHOTO)
    await other.aclose()

    assert await photos.get("a") == PHOTO
    assert photos.total_bytes == 10


async def test_a_refusing_disk_is_no_error(photos, folder):
    """Where files cannot be written, keeping a photo says no and reading one is a miss."""
    folder.rmdir()
    folder.write_text("no folder any more")

    assert not await photos.put("a", PHOTO)
    assert await photos.get("a") is None
    assert photos.total_bytes == 0


async def test_a_full_disk_leaves_no_half_photo(photos, folder):
    """A photo that could not be put in place leaves no file behind."""
    await photos.put("a", PHOTO)
    (path,) = files(folder)
    path.unlink()
    path.mkdir()

    assert not await photos.put("a", PHOTO)
    assert files(folder) == [path]


async def test_leftovers_of_a_killed_process_are_removed(photos, folder):
    """Half-written files are no photos and do not stay."""
    left = folder / "0123.4567.part"
    left.write_bytes(PHOTO)
    os.utime(left, (time.time() - 100,) * 2)

    again = await reopened(folder, budget_bytes=30)

    assert len(again) == 0
    assert files(folder) == []


async def test_what_another_process_is_writing_is_left_to_it(photos, folder):
    """A file half written a moment ago is not taken away from whoever writes it."""
    (folder / "0123.4567.part").write_bytes(PHOTO)

    await reopened(folder, budget_bytes=30)

    assert len(files(folder)) == 1


async def test_processes_that_share_a_folder_keep_to_the_budget_together(photos, folder):
    """What others have put there counts, and of all files the least recently used go."""
    other = PhotoStore(folder, budget_bytes=3 * len(PHOTO))
    await other.open()
    for number, (store, name) in enumerate([(other, "a"), (photos, "b"), (other, "c")]):
        await store.put(name, PHOTO)
        newest = max(files(folder), key=lambda file: file.stat().st_mtime_ns)
        os.utime(newest, (number, number))
    await photos.get("a")
    await photos.put("d", PHOTO)

    await photos.look()

    assert (photos.total_bytes, len(files(folder))) == (30, 3)
    assert await other.get("b") is None
    assert await other.get("a") == PHOTO
    await other.aclose()


async def test_a_folder_that_vanished_is_looked_at_without_an_error(photos, folder):
    """Looking is housekeeping; where there is nothing to see it waits for the next time."""
    folder.rmdir()

    await photos.look()

    assert photos.total_bytes == 0


async def test_files_that_are_no_photos_are_left_alone(photos, folder):
    """What somebody else put into the folder is neither counted nor removed."""
    (folder / "README").write_bytes(PHOTO)
    (folder / "below.photo").mkdir()

    again = await reopened(folder, budget_bytes=1)

    assert len(again) == 0
    assert len(files(folder)) == 2


async def test_closing_twice_is_fine(folder):
    """A store already closed closes again without a word."""
    photos = await reopened(folder, budget_bytes=30)

    await photos.aclose()


async def test_an_empty_file_is_a_miss(photos, folder):
    """What a crash left of a file that was never written out is not served as a photo."""
    await photos.put("a", PHOTO)
    for file in files(folder):
        file.write_bytes(b"")

    assert await photos.get("a") is None
    assert photos.total_bytes == 0
