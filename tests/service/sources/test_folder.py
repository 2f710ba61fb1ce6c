"""A folder of photos as a source: what it finds, when it looks again."""

import json
import os
import threading
from pathlib import Path

import pytest
import structlog

from cache.pools.filters import Filters
from service.errors import (
    BadRequest,
    PhotoRejected,
    PhotoUnavailable,
    SetupError,
    SourceUnavailable,
    UnknownFilter,
)
from service.settings import Settings
from service.sources.folder import FolderSource
from tests.evaluation import EVALUATION
from tests.service.sources.doubles import jpeg, picture

pytestmark = pytest.mark.anyio

NONE = Filters()


@pytest.fixture
def root(tmp_path):
    """A folder of three photos."""
    root = tmp_path / "photos"
    add(root / "horse_meadow.jpg", jpeg(60, 40))
    add(root / "Animals" / "wild horses 2.PNG", picture("PNG", size=(40, 60)))
    add(root / "animals" / "cat.jpg", jpeg(50, 50))
    return root


@pytest.fixture
async def open_source(clock):
    """Open sources of folders; they are closed after the test."""
    sources = []

    def open_one(folder, max_bytes=100_000):
        sources.append(FolderSource(folder, max_bytes=max_bytes, clock=clock))
        return sources[-1]

    yield open_one
    for source in sources:
        await source.aclose()


@pytest.fixture
def source(open_source, root):
    """A source of that folder."""
    return open_source(root)


def add(file, data):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def describe(file, *entries):
    file.write_text("\n".join(map(json.dumps, entries)))


async def tags(source, tag="horse", **filters):
    return [photo.tags for photo in await source.search(tag, Filters.of(filters), 100)]


async def test_names_of_files_and_folders_are_tags(source):
    """Words of the file's name come first, then those of the folders below the root."""
    assert await tags(source) == [("horse", "meadow"), ("wild", "horses", "animals")]
    assert await tags(source, "animal") == [("cat", "animals"), ("wild", "horses", "animals")]


async def test_a_candidate_is_served_by_our_own_server(source, root):
    """A candidate has the size in its header and an address of our own, without its name."""
    (found,) = await source.search("meadow", NONE, 3)

    assert (found.width, found.height, found.source) == (60, 40, "folder")
    assert found.id.startswith("folder:")
    assert found.url == f"/images/{found.id}"
    assert "horse" not in found.url


async def test_the_limit_is_kept(source):
    """No more than the limit come back."""
    assert len(await source.search("animal", NONE, 1)) == 1
    assert len(await source.search("animal", NONE, 0)) == 0


async def test_photo_returns_the_file(source, root):
    """A candidate's photo is its file."""
    (found,) = await source.search("meadow", NONE, 3)

    assert await source.photo(found) == (root / "horse_meadow.jpg").read_bytes()


async def test_photo_needs_no_search_before(source, open_source, root):
    """After a restart the photos of remembered candidates are still to be had."""
    (found,) = await source.search("meadow", NONE, 3)

    assert await open_source(root).photo(found)


@pytest.mark.parametrize("inside", [True, False])
async def test_a_sidecar_tells_tags_and_author(source, root, inside):
    """A sidecar in the folder or beside it describes photos, by paths from where it is."""
    sidecar = root / "photos.jsonl" if inside else root.parent / "photos.jsonl"
    file = "horse_meadow.jpg" if inside else "photos/horse_meadow.jpg"
    told = {"author": "Ann", "author_url": "https://a.example", "page_url": "https://p.example"}
    describe(sidecar, {"file": file, "tags": ["white horse", " "], "width": "?", **told})

    (found,) = await source.search("white", NONE, 3)

    assert found.tags == ("white horse", "horse", "meadow")
    assert (found.author, found.author_url, found.page_url) == tuple(told.values())


async def test_broken_lines_of_a_sidecar_are_skipped_and_logged(source, root):
    """Lines that make no sense cost only themselves, and one warning."""
    good = json.dumps({"file": "animals/cat.jpg", "tags": ["tiger"]})
    bad = [b"{", b"[]", b'{"tags": []}', b'{"file": 3}', b'{"file": "a", "tags": [1]}', b"\xff",
           b'{"file": "a", "tags": [], "author": 3}', b"[" * 100_000,
           b'{"file": "a", "tags": ["\\ud800"]}']  # fmt: skip
    (root / "photos.jsonl").write_bytes(b"\n".join([*bad, b"", good.encode()]))

    with structlog.testing.capture_logs() as logs:
        found = await tags(source, "tiger")

    assert found == [("tiger", "cat", "animals")]
    assert [(log["log_level"], log["skipped"], log["kept"]) for log in logs] == [
        ("warning", len(bad), 1)
    ]


async def test_whole_tags_come_first_then_paths(source, root):
    """A photo with the tag itself comes before those that have its words; else paths decide."""
    for name in ("c", "b", "a"):
        add(root / f"{name}.jpg", jpeg())
    describe(
        root / "photos.jsonl",
        {"file": "a.jpg", "tags": ["birthday", "cake"]},
        {"file": "b.jpg", "tags": ["table", "birthday cake"]},
        {"file": "c.jpg", "tags": ["birthday cakes"]},
    )

    found = await tags(source, "birthday cake")

    assert [photo[0] for photo in found] == ["birthday cakes", "table", "birthday"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"orientation": "horizontal"}, 1),
        ({"orientation": "vertical"}, 1),
        ({"orientation": "all"}, 3),
        ({"min_width": 50}, 2),
        ({"min_width": 51, "min_height": 40}, 1),
        ({"min_height": 61}, 0),
    ],
)
async def test_filters_go_by_the_size(source, root, filters, count):
    """Orientation and least size are taken from the photos' headers."""
    describe(
        root / "photos.jsonl",
        *({"file": str(file.relative_to(root)), "tags": ["any"]} for file in root.rglob("*.*")),
    )

    assert len(await tags(source, "any", **filters)) == count


async def test_unknown_filters_and_values_are_named(source):
    """A filter the folder does not have, or a value it cannot have, is told of."""
    with pytest.raises(UnknownFilter, match="colors"):
        await source.search("horse", Filters.of({"colors": "red"}), 3)
    with pytest.raises(BadRequest, match="orientation"):
        await source.search("horse", Filters.of({"orientation": "up"}), 3)


async def test_the_folder_is_read_again_after_a_minute(source, root, clock):
    """New photos and new sidecars are found a minute later, not sooner."""
    await tags(source)
    add(root / "horse_new.jpg", jpeg())
    describe(root / "photos.jsonl", {"file": "animals/cat.jpg", "tags": ["horse"]})

    clock.advance(seconds=59)
    before = await tags(source)
    clock.advance(seconds=1)
    after = await tags(source)

    assert (len(before), len(after)) == (2, 4)


async def test_a_changed_file_is_a_new_photo(source, root, clock):
    """The id of a changed file is another one; the old photo cannot be had any more."""
    (old,) = await source.search("meadow", NONE, 3)
    add(root / "horse_meadow.jpg", jpeg(90, 30))

    with pytest.raises(PhotoUnavailable):
        await source.photo(old)
    clock.advance(seconds=60)
    (new,) = await source.search("meadow", NONE, 3)

    assert new.id != old.id
    assert (new.width, new.height) == (90, 30)
    with pytest.raises(PhotoUnavailable):
        await source.photo(old)


async def test_a_vanished_file_is_unavailable(source, root):
    """A file deleted since the folder was read cannot be had."""
    (found,) = await source.search("meadow", NONE, 3)
    (root / "horse_meadow.jpg").unlink()

    with pytest.raises(PhotoUnavailable):
        await source.photo(found)


async def test_a_large_file_is_rejected(open_source, root):
    """A file beyond the limit is not read."""
    source = open_source(root, max_bytes=100)
    (found,) = await source.search("meadow", NONE, 3)

    with pytest.raises(PhotoRejected, match="larger than 100 bytes"):
        await source.photo(found)


async def test_unreadable_and_other_files_are_skipped(source, root):
    """Broken photos, texts, hidden files and empty ones are no candidates."""
    add(root / "horse.txt", b"horse")
    add(root / "horse_broken.jpg", b"<html>")
    add(root / "horse_empty.jpg", b"")
    add(root / ".horse.jpg", jpeg())
    add(root / ".trash" / "horse.jpg", jpeg())
    (root / "horse_folder.jpg").mkdir()
    os.mkfifo(root / "horse_pipe.jpg")

    assert len(await tags(source)) == 2


async def test_links_out_of_the_folder_are_not_followed(source, root, tmp_path):
    """A link to a photo elsewhere is skipped, to one in the folder taken; none of it loops."""
    outside = add(tmp_path / "outside" / "horse_secret.jpg", jpeg())
    (root / "horse_out.jpg").symlink_to(outside)
    (root / "horse_folder").symlink_to(outside.parent)
    (root / "horse_loop").symlink_to(root)
    (root / "horse_self.jpg").symlink_to(root / "horse_self.jpg")
    (root / "horse_inside.jpg").symlink_to(root / "horse_meadow.jpg")

    assert ("horse", "inside") in await tags(source)
    assert len(await tags(source)) == 3


async def test_names_beyond_utf8_are_read(source, root):
    """A file name that is no UTF-8 is a photo like others."""
    add(Path(os.fsdecode(os.fsencode(root) + b"/horse_\xff.jpg")), jpeg())

    assert len(await tags(source)) == 3


async def test_a_folder_that_vanishes_is_unavailable(source, root, clock):
    """A folder gone after the start is the source's trouble, and a photo's."""
    (found,) = await source.search("meadow", NONE, 3)
    root.rename(root.parent / "elsewhere")
    clock.advance(seconds=60)

    with pytest.raises(SourceUnavailable):
        await source.search("horse", NONE, 3)
    with pytest.raises(PhotoUnavailable):
        await source.photo(found)


async def test_a_closed_source_leaves_no_thread(root, clock):
    """The folder is read in one named thread, which ends with the source."""
    source = FolderSource(root, max_bytes=100_000, clock=clock)
    await source.search("horse", NONE, 3)
    (reader,) = [t for t in threading.enumerate() if t.name.startswith("photo-folder")]

    await source.aclose()

    assert not reader.is_alive()


@pytest.mark.parametrize("name", [None, "missing", "file"])
async def test_no_folder_is_a_setup_error(tmp_path, clock, name):
    """A folder not named, not there or no folder is told of at the start."""
    (tmp_path / "file").write_bytes(b"")
    folder = tmp_path / name if name else None

    with pytest.raises(SetupError, match="NEARHIT_FOLDER"):
        FolderSource.from_settings(Settings(_env_file=None, folder=folder), clock)


async def test_two_folders_have_two_identities(open_source, root, tmp_path):
    """The identity tells folders apart without naming them; links make no difference."""
    (tmp_path / "link").symlink_to(root)
    folders = (root, root / "animals", tmp_path / "link")

    one, other, link = (open_source(folder).identity for folder in folders)

    assert one.startswith("folder@")
    assert "photos" not in one
    assert one == link != other


@pytest.mark.skipif(
    not (EVALUATION / "data").is_dir(), reason="no evaluation data beside the checkout"
)
@pytest.mark.parametrize("folder", ["data", "data/photos"])
async def test_the_evaluation_photos_are_found_by_their_tags(open_source, folder):
    """The sidecar's rule covers both the folder of photos and the one above it."""
    source = open_source(EVALUATION / folder, max_bytes=10_000_000)

    found = await source.search("horses", NONE, 100)

    assert len(found) == 4
    assert all("horse" in candidate.tags for candidate in found)
    assert await source.photo(found[0])
