"""What a parent and its workers say to each other."""

from pathlib import Path

import pytest

from service.settings import Settings
from service.workers.messages import News, Order, Tidings


def order(settings: Settings) -> Order:
    return Order(2, (7, 8), True, Path("/board"), "http://127.0.0.1:1", 65.0, settings)


def test_an_order_arrives_as_it_was_given():
    """Numbers, paths, lists and secrets of the settings are those of the parent."""
    given = order(
        Settings(
            _env_file=None,
            pixabay_api_key="a secret",
            photo_folder="/photos",
            photo_hosts=["a.example"],
            workers=4,
        )
    )

    assert Order.of(given.line()) == given
    assert b"\n" not in given.line()[:-1]


def test_what_was_not_set_is_not_set_at_the_worker():
    """The demo ranks with its own model unless another was asked for, in a worker too."""
    told = Order.of(order(Settings(_env_file=None)).line()).settings

    assert told.model_fields_set == set()
    assert told.ranks_with_demo_model


def test_a_worker_reads_no_file_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Workers have the parent's settings, also when the file has changed since."""
    line = order(Settings(_env_file=None)).line()
    (tmp_path / ".env").write_text("NEARHIT_POOL_SIZE=5")
    monkeypatch.chdir(tmp_path)

    assert Order.of(line).settings.pool_size == Settings.model_fields["pool_size"].default


def test_tidings_arrive_as_they_were_told():
    """A failure comes with its sentence."""
    told = Tidings(News.FAILED, "No key, no “photos”.")

    assert Tidings.of(told.line()) == told


@pytest.mark.parametrize("line", [b"", b"Loading", b"[]", b"{}", b'{"news": "x", "sentence": ""}'])
def test_other_lines_are_no_tidings(line: bytes):
    """What a library prints is nothing that a worker tells."""
    assert Tidings.of(line) is None
