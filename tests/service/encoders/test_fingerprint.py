"""A fingerprint changes with what changes vectors, and with nothing else."""

import re
import shutil

import pytest

from service.encoders.fingerprint import fingerprint
from service.encoders.models import describe

VARIANT = "torch/float32"


@pytest.fixture
def folder(sentence_folder, tmp_path):
    """A copy of a model that a test may change."""
    return shutil.copytree(sentence_folder, tmp_path / "here" / "model")


def identity(folder, variant=VARIANT):
    return fingerprint(describe(str(folder)), variant)


def test_fingerprint_is_sixteen_hex_digits(folder):
    """A fingerprint is short enough for a key."""
    assert re.fullmatch("[0-9a-f]{16}", identity(folder))


def test_a_copy_elsewhere_has_the_same_fingerprint(folder, tmp_path):
    """The same files under the same folder name are the same model, wherever they lie."""
    copy = shutil.copytree(folder, tmp_path / "there" / "model")

    assert identity(copy) == identity(folder)


def test_another_name_has_another_fingerprint(folder, tmp_path):
    """The name counts, so that two models never share one by accident."""
    renamed = shutil.copytree(folder, tmp_path / "there" / "other")

    assert identity(renamed) != identity(folder)


def test_another_precision_has_another_fingerprint(folder):
    """What runs the model, and how, counts."""
    assert identity(folder, "torch/float16") != identity(folder)


@pytest.mark.parametrize(
    "file",
    [
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "modules.json",
        "sentence_bert_config.json",
        "1_Pooling/config.json",
    ],
)
def test_a_changed_file_changes_the_fingerprint(folder, file):
    """Weights, configuration, tokenizer and the modules' own files all count."""
    before = identity(folder)

    with (folder / file).open("ab") as changed:
        changed.write(b" ")

    assert identity(folder) != before


def test_files_that_change_no_vector_do_not_count(folder):
    """A model card may be edited without forgetting everything."""
    before = identity(folder)

    (folder / "README.md").write_text("Another text.")

    assert identity(folder) == before
