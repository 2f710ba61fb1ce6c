"""What every backend of the query model must do, with a tiny random model and the default one."""

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import LayerNorm

from service.encoders.backends import load_sentences
from service.encoders.fingerprint import fingerprint
from service.encoders.models import resolve
from service.errors import SetupError
from tests.service.encoders.backends.conftest import BACKENDS
from tests.service.encoders.backends.sentences import PAIRS

SHORT = ["?", "a", "horse", "42", "the sea"]
TYPICAL = sorted({text for pair in PAIRS for text in pair})
LONG = [" ".join(TYPICAL[start : start + 8]) for start in range(0, 40, 8)]
GARBAGE = ["\N{GRINNING FACE}" * 9, "qzx vvk " * 20, "Été à la plage, 3 €", "Ω≈ç√∫˜µ≤"]


def test_rows_are_unit_float32(tiny, backend):
    """Every text gives one float32 row of length one and of the stated dimension."""
    model = tiny(backend)

    rows = model.encode(SHORT + LONG)

    assert (rows.dtype, rows.shape) == (np.float32, (len(SHORT + LONG), model.dimension))
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_text_does_not_depend_on_its_batch(minilm, backend):
    """Alone or with whatever else, in any order and number, a text has the same vector."""
    model = minilm(backend)
    chance = np.random.default_rng(0)
    texts = np.array([*SHORT, *LONG, *GARBAGE, *TYPICAL[:10]])
    alone = np.concatenate([model.encode([text]) for text in texts])

    least = 1.0
    for size in (2, 3, 8, 16, 24):
        for _ in range(3):
            drawn = chance.permutation(len(texts))[:size]
            together = model.encode(texts[drawn].tolist())
            least = min(least, np.vecdot(together, alone[drawn]).min())

    assert least >= 0.9999


@pytest.mark.parametrize("other", [SHORT[0], *GARBAGE, *LONG[:2]])
def test_no_single_other_text_changes_a_vector(minilm, backend, other):
    """One text beside it, very short, very long or odd, leaves a query's vector as it was."""
    model = minilm(backend)
    (alone,) = model.encode(["horses amidst flowers"])

    beside, _ = model.encode(["horses amidst flowers", other])

    assert beside @ alone >= 0.9999


@pytest.mark.parametrize("tokens", [60, 62, 63, 64, 200])
def test_long_texts_are_cut_where_torch_cuts_them(tiny, backend, tokens):
    """Short of the model's limit a further letter counts, past it it does not, as with torch."""
    texts = ["x" + " b" * (tokens - 1), "x" + " b" * (tokens - 1) + " c"]

    for row, wanted in zip(tiny(backend).encode(texts), tiny("torch").encode(texts), strict=True):
        assert row @ wanted >= 0.999
    same = np.equal(*tiny(backend).encode(texts)).all()
    assert same == (tokens >= 62)  # two of the 64 begin and end the text


def test_every_backend_has_a_fingerprint_of_its_own(tiny):
    """What one backend has learnt another never answers from."""
    assert len({tiny(backend).fingerprint for backend in BACKENDS}) == len(BACKENDS)


def test_torch_keeps_the_fingerprint_it_had(sentence_folder, tiny):
    """What was learnt before there were other backends is still good."""
    files = resolve(str(sentence_folder), kind="query")

    assert tiny("torch").fingerprint == fingerprint(files, "torch/float32")


def test_threads_do_not_change_a_fingerprint(sentence_folder, tiny, graphs):
    """Machines of one deployment may have different numbers of cores."""
    files = resolve(str(sentence_folder), kind="query")

    two = load_sentences(files, backend="onnx", device="cpu", folder=graphs, threads=2)

    assert two.fingerprint == tiny("onnx").fingerprint
    assert np.vecdot(two.encode(SHORT), tiny("onnx").encode(SHORT)).min() >= 0.9999


def test_a_plain_bert_runs_on_every_backend(bert_folder, tmp_path, backend):
    """A folder without sentence-transformers' files gets the mean of its tokens."""
    files = resolve(str(bert_folder), kind="query")
    wanted = load_sentences(files, backend="torch", device="cpu", folder=tmp_path, threads=1)

    model = load_sentences(files, backend=backend, device="cpu", folder=tmp_path, threads=1)

    assert np.vecdot(model.encode(SHORT), wanted.encode(SHORT)).min() >= 0.999


def test_a_model_with_other_steps_is_refused(sentence_folder, tmp_path):
    """What cannot be exported is told at the start, with what to do."""
    model = SentenceTransformer(str(sentence_folder), device="cpu")
    model.append(LayerNorm(32))
    model.save(str(tmp_path / "odd"))
    files = resolve(str(tmp_path / "odd"), kind="query")

    with pytest.raises(SetupError, match=r"LayerNorm; set NEARHIT_QUERY_BACKEND to torch\.$"):
        load_sentences(files, backend="onnx", device="cpu", folder=tmp_path, threads=1)


def test_a_graph_that_gives_other_vectors_is_refused(sentence_folder, tmp_path):
    """A model that puts words of its own before each text has a graph that lacks them."""
    model = SentenceTransformer(
        str(sentence_folder), device="cpu", prompts={"q": "query: "}, default_prompt_name="q"
    )
    model.save(str(tmp_path / "prompted"))
    files = resolve(str(tmp_path / "prompted"), kind="query")

    with pytest.raises(SetupError, match="gives other vectors than torch does"):
        load_sentences(files, backend="onnx", device="cpu", folder=tmp_path, threads=1)


def test_torch_heeds_a_prompt(sentence_folder, tmp_path):
    """A model's own words before each text are there with torch."""
    model = SentenceTransformer(
        str(sentence_folder), device="cpu", prompts={"q": "query: "}, default_prompt_name="q"
    )
    model.save(str(tmp_path / "prompted"))
    files = resolve(str(tmp_path / "prompted"), kind="query")

    loaded = load_sentences(files, backend="torch", device="cpu", folder=tmp_path, threads=1)

    wanted = model.encode(SHORT, normalize_embeddings=True)
    assert np.vecdot(loaded.encode(SHORT), wanted).min() >= 0.9999
