"""Running benchmarks by name."""

import json
import sys

import pytest

from benchmarks import __main__ as command
from benchmarks import gpu
from benchmarks.harness import Report


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run a benchmark whose report is given; return what is printed and what is written."""

    def go(report):
        file = tmp_path / "figures.json"
        monkeypatch.setattr(command, "_measure", lambda _: report)
        # What it configures would hold for all tests after this one
        monkeypatch.setattr(command.logs, "configure", lambda _: None)
        monkeypatch.setattr(sys, "argv", ["benchmarks", "gpu", "--json", str(file)])
        command.main()
        return capsys.readouterr().out, json.loads(file.read_text())

    return go


def test_a_report_without_figures_says_why(run):
    """A benchmark that cannot run here says so, and writes no figure."""
    printed, written = run(Report("On a GPU", notes=["There is no GPU on this machine."]))

    assert "Nothing was measured." in printed
    assert "There is no GPU" in printed
    assert all(name.startswith("machine_") for name in written)


def test_figures_are_printed_and_written(run):
    """A report's figures stand in a table, and in the file by their names."""
    printed, written = run(Report("On a GPU", figures={"images_per_s": 9.0}))

    assert "| `images_per_s` | 9 |" in printed
    assert written["images_per_s"] == 9.0


def test_cold_photos_are_all_encoded_once():
    """Photos are encoded as they get ready, none twice and none left out."""
    encoded = []

    gpu.cold([bytes([n]) for n in range(100)], lambda file: {"n": file}, encoded.extend)

    assert sorted(photo["n"][0] for photo in encoded) == list(range(100))
