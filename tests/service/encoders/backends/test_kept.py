"""Graphs on disk: made once, found again, made anew when damaged."""

import logging
import threading

import pytest

from service.encoders.backends import load_sentences
from service.encoders.backends.kept import find_or_make
from service.encoders.models import resolve
from service.errors import SetupError


def never():
    raise AssertionError("a graph that is there was made again")


def test_is_made_once(tmp_path):
    """The second start finds what the first one made."""
    first = find_or_make(tmp_path / "models", "query-1", lambda: b"graph")

    assert find_or_make(tmp_path / "models", "query-1", never) == first
    assert first.read_bytes() == b"graph"
    assert list((tmp_path / "models").iterdir()) == [first]


def test_another_name_is_another_graph(tmp_path):
    """Another model, precision or exporter finds nothing of this one."""
    find_or_make(tmp_path, "query-1", lambda: b"graph")

    assert find_or_make(tmp_path, "query-2", lambda: b"other").read_bytes() == b"other"


@pytest.mark.parametrize("content", [b"", b"gra", b"grapH", b"graph and more"])
def test_what_is_damaged_is_made_anew(tmp_path, content):
    """A file that is not what was written counts as none."""
    path = find_or_make(tmp_path, "query-1", lambda: b"graph")
    path.write_bytes(content)

    assert find_or_make(tmp_path, "query-1", lambda: b"graph").read_bytes() == b"graph"
    assert list(tmp_path.iterdir()) == [path]


def test_several_may_make_one_at_once(tmp_path):
    """Each gets a whole file, whether all make the same or not."""
    ready = threading.Barrier(8)
    found = []

    def start(number):
        def make():
            ready.wait(10)
            return b"graph" + bytes([number % 2]) * 100_000

        found.append(find_or_make(tmp_path, "query-1", make))

    starts = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for each in starts:
        each.start()
    for each in starts:
        each.join(20)

    assert len(found) == 8
    assert all(len(path.read_bytes()) == 100_005 for path in found)
    assert find_or_make(tmp_path, "query-1", never) in found
    assert set(tmp_path.iterdir()) == set(found)


def test_a_folder_that_cannot_be_written_is_a_setup_error(tmp_path):
    """The sentence names the folder and the setting."""
    (tmp_path / "models").write_text("a file")

    with pytest.raises(SetupError, match=r"models: .* Set NEARHIT_MODEL_FOLDER"):
        find_or_make(tmp_path / "models", "query-1", lambda: b"graph")


def test_a_damaged_export_is_exported_again(sentence_folder, tmp_path, capfd):
    """A model whose graph was cut short starts all the same, and says that and no more."""
    files = resolve(str(sentence_folder), kind="query")

    def load():
        return load_sentences(files, backend="onnx", device="cpu", folder=tmp_path, threads=1)

    before = load().encode(["a horse"])
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1000])
    capfd.readouterr()

    after = load().encode(["a horse"])

    assert (before == after).all()
    printed, errors = capfd.readouterr()
    removed, making = (printed + errors).splitlines()
    assert "broken_graph_removed" in removed
    assert "graph_making" in making


def test_making_says_so_and_no_more(sentence_folder, tmp_path, capfd, caplog):
    """A start that takes long says why; no warnings or reports of the exporter reach anybody."""
    files = resolve(str(sentence_folder), kind="query")
    caplog.set_level(logging.INFO)

    load_sentences(files, backend="onnx-int8", device="cpu", folder=tmp_path, threads=1)

    (line,) = "".join(capfd.readouterr()).splitlines()
    assert "graph_making" in line
    said = [record for record in caplog.records if record.name.startswith(("onnx", "torch.onnx"))]
    assert said == []
