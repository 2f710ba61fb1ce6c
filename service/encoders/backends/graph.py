"""A sentence encoder as one ONNX graph: token numbers in, unit vectors out."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import onnx
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from torch.onnx.errors import OnnxExporterError

from service.encoders.backends.runtime import INPUTS, MAX_TOKENS

__all__ = ["export"]

_OPSET = 20
_TALKATIVE = ("torch.onnx", "onnxscript", "onnx_ir")
_STEPS = (Dense, Normalize, Pooling)
# Two lengths, so that none is taken for a constant
_EXAMPLES = ["a horse", "horses amidst flowers"]


class _Whole(torch.nn.Module):
    """All modules of a model and the step to unit length, as one."""

    def __init__(self, model: SentenceTransformer, names: Sequence[str]) -> None:
        super().__init__()
        self._model = model
        self._names = names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        features = self._model(dict(zip(self._names, inputs, strict=True)))
        return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)


def export(model: SentenceTransformer) -> onnx.ModelProto:
    """
    Return a model as a graph in fp32; blocking, ten seconds for MiniLM.

    Args:
        model: On the CPU, in fp32, in evaluation mode.

    Raises:
        ValueError: If the model is no Transformer with steps that have a graph, or
            torch cannot export it.
    """
    first, *steps = model
    if not isinstance(first, Transformer) or not all(isinstance(step, _STEPS) for step in steps):
        kinds = ", ".join(type(module).__name__ for module in model)
        raise ValueError(f"only a Transformer and its pooling can be exported, not {kinds}")
    features = model.preprocess(_EXAMPLES)
    names = [name for name in INPUTS if name in features]
    dynamic = torch.export.Dim.DYNAMIC
    try:
        with _quiet():
            program = torch.onnx.export(
                _Whole(model, names).eval(),
                tuple(features[name] for name in names),
                dynamo=True,
                verbose=False,
                opset_version=_OPSET,
                input_names=names,
                output_names=["vectors"],
                dynamic_shapes={"inputs": tuple({0: dynamic, 1: dynamic} for _ in names)},
            )
    except OnnxExporterError as exc:
        raise ValueError("torch cannot export it as a graph") from exc
    assert program is not None  # it is only where a file is asked for
    graph = program.model_proto
    onnx.helper.set_model_props(graph, {MAX_TOKENS: str(model.max_seq_length)})
    return graph


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of its own parts, and of packages that no sentence encoder needs."""
    levels = {logger: logger.level for logger in map(logging.getLogger, _TALKATIVE)}
    for logger in levels:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
