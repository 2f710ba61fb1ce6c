"""A folder read by several threads."""

import pytest

from service.sources import scan
from service.sources.scan import PhotoFolder
from tests.service.sources.doubles import jpeg


@pytest.fixture
def folder(tmp_path):
    """A folder of one photo."""
    (tmp_path / "horse.jpg").write_bytes(jpeg(60, 40))
    return PhotoFolder(tmp_path)


def test_a_scan_takes_no_size_from_under_its_reader(folder, tmp_path, monkeypatch):
    """The size of a photo that vanishes while it is read is still an answer."""
    (photo,) = folder.scan().values()

    class Sizes(dict):
        def __setitem__(self, key, size):
            super().__setitem__(key, size)
            (tmp_path / "horse.jpg").unlink()
            folder.scan()

    monkeypatch.setattr(folder, "_sizes", Sizes())

    assert folder.size(photo) == (60, 40)


def test_a_size_is_read_once(folder, monkeypatch):
    """Sizes are kept as long as their photos are there."""
    (photo,) = folder.scan().values()
    folder.size(photo)
    monkeypatch.delattr(scan, "photo_size")
    folder.scan()

    assert folder.size(photo) == (60, 40)
