"""
Products in eight bits, each row of activations with a scale of its own.

Stock dynamic quantisation takes one scale for a whole tensor, so that a text's
vector depends on what else is in its batch, and one large value costs all rows
their precision. Here a row is a token, and only its own values count.

Activations are unsigned bytes, weights signed ones of seven bits. A processor
that adds two products of bytes in 16 bits (AVX2, AVX-512 without VNNI) would
cut the sums of eight-bit weights; 2 × 255 × 63 fits, so sums are exact everywhere.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto
from onnx.helper import make_node
from onnx.numpy_helper import from_array, to_array

__all__ = ["quantise"]

_MOST = 127  # steps of an activation on either side of zero
_MOST_OF_WEIGHT = 63
_RANK = 2
_ZERO = "nearhit.zero"
_CONSTANTS: dict[str, NDArray[Any]] = {
    _ZERO: np.array(_MOST + 1, np.uint8),
    "nearhit.most": np.array(_MOST, np.float32),
    # Casting cuts the fraction off, so half a step makes it round
    "nearhit.shift": np.array(_MOST + 1.5, np.float32),
    # A row of zeros has a scale too
    "nearhit.least": np.array(1e-9, np.float32),
    "nearhit.last_axis": np.array([-1], np.int64),
}


def quantise(graph: onnx.ModelProto) -> None:
    """
    Replace each product with constant weights by one in eight bits, in place.

    Weights have a scale a column, activations a scale a row that is found as
    they come. Products of two activations, as in attention, stay in fp32.

    Args:
        graph: In fp32, opset 18 or later.
    """
    body = graph.graph
    matrices = {tensor.name: tensor for tensor in body.initializer if len(tensor.dims) == _RANK}
    replaced: dict[str, TensorProto] = {}
    rounded: set[str] = set()
    nodes: list[NodeProto] = []
    for node in body.node:
        if node.op_type != "MatMul" or node.input[1] not in matrices:
            nodes.append(node)
            continue
        rows, weight = node.input
        if rows not in rounded:
            rounded.add(rows)
            nodes += _round(rows)
        replaced[weight] = matrices[weight]
        nodes += _product(rows, weight, node.output[0])
    constants = [from_array(value, name) for name, value in _CONSTANTS.items()]
    for name, tensor in replaced.items():
        constants += _columns(name, to_array(tensor))
    used = {name for node in nodes for name in node.input}
    initializers = [tensor for tensor in body.initializer if tensor.name in used]
    del body.node[:], body.initializer[:]
    body.node.extend(nodes)
    body.initializer.extend([*initializers, *constants])


def _columns(name: str, weights: NDArray[np.float32]) -> Iterator[TensorProto]:
    """Give a matrix of shape (in, out) as bytes, and a scale a column."""
    scales = np.maximum(np.abs(weights).max(axis=0), np.float32(1e-9)) / np.float32(_MOST_OF_WEIGHT)
    yield from_array(np.rint(weights / scales).astype(np.int8), f"{name}.bytes")
    yield from_array(scales, f"{name}.scales")


def _round(rows: str) -> Iterator[NodeProto]:
    """Give the steps from rows of floats to bytes and a scale a row."""
    names = {step: f"{rows}.{step}" for step in ("size", "top", "most", "scale", "pace")}
    yield make_node("Abs", [rows], [names["size"]])
    yield make_node("ReduceMax", [names["size"], "nearhit.last_axis"], [names["top"]], keepdims=1)
    yield make_node("Max", [names["top"], "nearhit.least"], [names["most"]])
    yield make_node("Div", [names["most"], "nearhit.most"], [names["scale"]])
    yield make_node("Div", ["nearhit.most", names["most"]], [names["pace"]])
    yield make_node("Mul", [rows, names["pace"]], [f"{rows}.stepped"])
    yield make_node("Add", [f"{rows}.stepped", "nearhit.shift"], [f"{rows}.shifted"])
    yield make_node("Cast", [f"{rows}.shifted"], [f"{rows}.bytes"], to=TensorProto.UINT8)


def _product(rows: str, weight: str, output: str) -> Iterator[NodeProto]:
    """Give the steps from bytes of rows and weights to their product in fp32."""
    factors = [f"{rows}.bytes", f"{weight}.bytes", _ZERO]
    yield make_node("MatMulInteger", factors, [f"{output}.whole"])
    yield make_node("Cast", [f"{output}.whole"], [f"{output}.float"], to=TensorProto.FLOAT)
    # One scale after the other: ONNX Runtime fuses a product with both at once, and then takes
    # the first row's scale for all rows
    yield make_node("Mul", [f"{output}.float", f"{rows}.scale"], [f"{output}.scaled"])
    yield make_node("Mul", [f"{output}.scaled", f"{weight}.scales"], [output])
