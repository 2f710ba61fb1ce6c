"""Whether a backend ranks neighbours as fp32 does, and what eight bits take for that."""

import csv

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import QuantType, quantize_dynamic

from service.encoders.backends.runtime import OnnxSentences
from service.encoders.models import MINILM, resolve
from tests.evaluation import EVALUATION
from tests.service.encoders.backends.sentences import PAIRS

GRADED = EVALUATION / "data/pairs/graded_captions.tsv"


@pytest.fixture(scope="module")
def graded(minilm):
    """Pairs of captions, and their cosines in fp32."""
    if not GRADED.is_file():
        pytest.skip("needs the evaluation data")
    with GRADED.open(newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        pairs = [(row["caption1"], row["caption2"]) for row in rows]
    return pairs, cosines(minilm("torch"), pairs)


def spearman(cosines, wanted):
    """Return the correlation of two rankings; ties, of which there are none, count as they come."""
    ranks = [np.argsort(np.argsort(values)) for values in (cosines, wanted)]
    return np.corrcoef(*ranks)[0, 1]


def cosines(model, pairs, batch=32):
    """Return the cosine of each pair, of texts encoded in batches as they come."""
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    rows = np.concatenate(
        [model.encode(texts[start : start + batch]) for start in range(0, len(texts), batch)]
    )
    by_text = dict(zip(texts, rows, strict=True))
    return np.array([by_text[one] @ by_text[other] for one, other in pairs])


def is_faithful(model, reference, pairs):
    """Tell whether a model ranks pairs as the reference does and heeds no other texts."""
    alone = cosines(model, pairs, batch=1)
    ranked = spearman(cosines(model, pairs), cosines(reference, pairs))
    return ranked >= 0.99 and np.abs(cosines(model, pairs) - alone).max() <= 0.001


def test_ranks_our_sentences_as_fp32_does(minilm, backend):
    """Pairs from nearly the same to unrelated keep their order."""
    assert is_faithful(minilm(backend), minilm("torch"), PAIRS)


@pytest.mark.photos
@pytest.mark.timeout(600)
@pytest.mark.parametrize("other", ["torch-bf16", "onnx", "onnx-int8"])
def test_ranks_graded_captions_as_fp32_does(minilm, graded, other):
    """Captions that people have graded keep their order."""
    pairs, wanted = graded

    assert spearman(cosines(minilm(other), pairs), wanted) >= 0.99


def test_stock_eight_bits_are_not_faithful(minilm, graphs, tmp_path):
    """ONNX Runtime's own dynamic quantisation fails what ours passes: the tests can tell."""
    minilm("onnx")
    (graph,) = graphs.glob(f"query-{minilm('onnx').fingerprint}-*.onnx")
    quantize_dynamic(graph, tmp_path / "stock.onnx", weight_type=QuantType.QInt8)
    files = resolve(MINILM, kind="query")

    stock = OnnxSentences.load(files, tmp_path / "stock.onnx", "stock", threads=1)

    assert not is_faithful(stock, minilm("torch"), PAIRS)


def test_sums_fit_into_sixteen_bits(minilm, graphs):
    """Processors that add two products in 16 bits give what others do."""
    minilm("onnx-int8")
    (path,) = graphs.glob(f"query-{minilm('onnx-int8').fingerprint}-*.onnx")
    graph = onnx.load(path).graph
    products = [node for node in graph.node if node.op_type == "MatMulInteger"]
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}

    most = max(np.abs(weights[node.input[1]].astype(int)).max() for node in products)

    assert len(products) == 36
    assert 2 * 255 * most <= np.iinfo(np.int16).max
