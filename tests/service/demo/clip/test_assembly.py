"""Putting the demo's model together."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from benchmarks.demo import HELD_OUT
from service.demo.captions.held_out import digest, read_held_out
from service.demo.clip.assembly import WEIGHTS, assemble
from service.encoders import models
from service.encoders.models import ModelFiles
from service.encoders.towers import Towers
from service.errors import SetupError

TEXTS = ["a dog", "mountains with gloomy ambiance and a red boat on the lake at sunset"]


@pytest.fixture(scope="module")
def minilm() -> ModelFiles:
    return models.resolve(models.MINILM, kind="query")


@pytest.fixture(scope="module")
def files(minilm: ModelFiles, demo_models: Path) -> ModelFiles:
    """The demo's model, put together once."""
    return assemble(minilm, demo_models)


@pytest.fixture(scope="module")
def towers(files: ModelFiles) -> Towers:
    return Towers.load(files, "cpu")


def test_the_weights_were_kept_from_the_held_out_words():
    """The benchmark's queries hold no word of any caption the model has learnt from."""
    with safe_open(WEIGHTS, "numpy") as file:
        assert file.metadata()["held_out"] == digest(read_held_out([HELD_OUT]))


def test_the_weights_in_the_repository_are_small():
    """What we trained ourselves takes at most 10 MB."""
    assert WEIGHTS.stat().st_size <= 10_000_000


def test_it_is_a_stock_dual_encoder(files: ModelFiles):
    """It takes the same loading path as any model, and brings no code."""
    config = json.loads((files.folder / "config.json").read_text())

    assert config["model_type"] == "vision-text-dual-encoder"
    assert "auto_map" not in config
    assert files.safe


def test_it_loads_and_has_one_space(towers: Towers):
    """Texts and photos get unit vectors of one length, and a scale from cosine to score."""
    vectors = towers.texts(TEXTS)

    assert vectors.shape == (2, towers.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert 5 < towers.logit_scale <= 100


def test_a_texts_vector_does_not_depend_on_its_batch(towers: Towers):
    """Alone or beside longer texts, a text gets the same vector."""
    alone, together = towers.texts(TEXTS[:1])[0], towers.texts(TEXTS)[0]

    assert alone @ together > 0.9999


def test_it_is_put_together_once(files: ModelFiles, minilm: ModelFiles):
    """A second start finds the files of the first."""
    before = (files.folder / "model.safetensors").stat().st_mtime_ns

    again = assemble(minilm, files.folder.parent)

    assert again == files
    assert (files.folder / "model.safetensors").stat().st_mtime_ns == before


def test_processes_that_start_together_do_not_disturb_each_other(
    minilm: ModelFiles, tmp_path: Path
):
    """Whoever is first leaves the one folder; no half-written one stays."""
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: assemble(minilm, tmp_path), range(2)))

    assert len({files.folder for files in made}) == 1
    assert list(tmp_path.iterdir()) == [made[0].folder]
    with safe_open(made[0].folder / "model.safetensors", "pt") as file:
        assert "logit_scale" in file.keys()  # noqa: SIM118 - no mapping


def test_other_versions_are_swept_out(minilm: ModelFiles, tmp_path: Path):
    """What an older nearhit, or a start that was killed, left does not stay for ever."""
    for name in ("nearhit-demo-clip-0123", ".nearhit-demo-clip-half", "my-own-model"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, 0))

    files = assemble(minilm, tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {files.folder.name, "my-own-model"}


def test_files_that_are_not_minilms_are_one_sentence(minilm: ModelFiles, tmp_path: Path):
    """A broken package is named, and nothing half-made stays."""
    broken = tmp_path / "broken"
    shutil.copytree(minilm.folder, broken)
    (broken / "model.safetensors").write_bytes(b"not weights")

    with pytest.raises(SetupError, match="broken does not hold MiniLM"):
        assemble(ModelFiles(minilm.name, broken, "", "folder"), tmp_path / "models")

    assert list((tmp_path / "models").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(minilm: ModelFiles, tmp_path: Path):
    """The sentence names the folder."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SetupError, match=r"cannot be put together in .*file"):
        assemble(minilm, tmp_path / "file")
