"""Loading the query model on the backend a deployment has chosen."""

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from service.encoders.backends.kept import find_or_make
from service.encoders.backends.protocol import SentenceModel
from service.encoders.backends.pytorch import TorchSentences, load_transformer
from service.encoders.backends.runtime import OnnxSentences
from service.encoders.fingerprint import fingerprint
from service.encoders.loading import loading, pick_device
from service.encoders.models import ModelFiles
from service.settings import QueryBackend

__all__ = ["load_sentences"]

_Precision = Literal["float32", "int8"]

_CPU = torch.device("cpu")
# Rises when the same model would get another graph from us
_VARIANTS: dict[_Precision, str] = {"float32": "onnx/float32-1", "int8": "onnx/int8-rows-1"}
# What a graph must not fall below against torch, on the texts below. Of int8 only a graph that is
# wrong as a whole does: MiniLM's has 0.99
_LEAST_COSINE: dict[_Precision, float] = {"float32": 0.9999, "int8": 0.9}
_PROBES = [
    "horse",
    "Horses amidst flowers, no people",
    "Été à la plage: 2 chiens",
    "a small brown dog that runs along the beach with a stick in its mouth " * 40,
]


def load_sentences(
    files: ModelFiles,
    *,
    backend: QueryBackend,
    device: str,
    folder: Path,
    threads: int,
) -> SentenceModel:
    """
    Load a sentence encoder; blocking, so call it in a thread.

    For ONNX Runtime a graph is made first where there is none yet, in about
    ten seconds for MiniLM.

    Args:
        files: The model's files.
        backend: What runs it; ONNX Runtime does so on the CPU, whatever the device.
        device: Where torch runs it, as `NEARHIT_DEVICE`.
        folder: Where graphs are kept.
        threads: Threads of one call into ONNX Runtime; torch has its number already.

    Raises:
        SetupError: If the files are no such model, if the backend cannot run
            it, if the device is not there or the folder cannot be written.
    """
    if backend in {"torch", "torch-bf16"}:
        place = pick_device(device)
        with loading(files):
            dtype = torch.bfloat16 if backend == "torch-bf16" else torch.float32
            return TorchSentences.load(files, place, dtype)
    with loading(files, advice="set NEARHIT_QUERY_BACKEND to torch"):
        return _load_graph(files, "int8" if backend == "onnx-int8" else "float32", folder, threads)


def _load_graph(
    files: ModelFiles, precision: _Precision, folder: Path, threads: int
) -> OnnxSentences:
    identity = fingerprint(files, _VARIANTS[precision])
    # Another exporter may write another graph
    exporter = f"torch{version('torch').partition('+')[0]}-onnxscript{version('onnxscript')}"
    name = f"query-{identity}-{exporter}"
    path = find_or_make(folder, name, lambda: _make_graph(files, precision))
    return OnnxSentences.load(files, path, identity, threads)


def _make_graph(files: ModelFiles, precision: _Precision) -> bytes:
    """Return a graph that has been seen to give the vectors torch gives."""
    # Half a second that only those pay who make a graph
    from service.encoders.backends.graph import export  # noqa: PLC0415
    from service.encoders.backends.rows import quantise  # noqa: PLC0415

    # Plain steps: what is fused for torch comes out as more of them
    model = load_transformer(files, _CPU, attention="eager")
    graph = export(model)
    if precision == "int8":
        quantise(graph)
    content: bytes = graph.SerializeToString()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        path.write_bytes(content)
        made = OnnxSentences.load(files, path, "", threads=1)
    wanted = TorchSentences(model, "").encode(_PROBES)
    least = np.vecdot(made.encode(_PROBES), wanted).min()
    if least < _LEAST_COSINE[precision]:
        raise ValueError("its graph gives other vectors than torch does")
    return content
