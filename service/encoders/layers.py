"""A tower's layers arranged for a CPU: the same vectors in less time."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

__all__ = ["TwoWays", "arrange", "is_convolutional"]

# A module, one of its children's names, the child, and what may take its place
_Place = tuple[nn.Module, str, nn.Module, nn.Module]

_EQUAL = 0.99999
"""Least cosine between vectors that differ by rounding in fp32 alone."""


def is_convolutional(tower: nn.Module) -> bool:
    """Whether convolutions are more than the first step, which cuts a photo into patches."""
    return sum(isinstance(module, nn.Conv2d) for module in tower.modules()) > 1


def arrange(tower: nn.Module, run: Callable[[], NDArray[np.float32]]) -> None:
    """
    Spare a tower in evaluation mode what it need not do; one without many convolutions stays.

    Args:
        tower: What `run` runs.
        run: Encodes a trial batch; returns unit rows, shape (n, d).
    """
    if not is_convolutional(tower):
        return
    exact = run()
    places = _folded(tower)
    for module, name, _, folded in places:
        setattr(module, name, folded)
    if (exact * run()).sum(axis=1).min() < _EQUAL:
        # What lies side by side was not one behind the other
        for module, name, layer, _ in places:
            setattr(module, name, layer)
    # Folding made new weights
    tower.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _folded(tower: nn.Module) -> list[_Place]:
    """Return convolutions that do what the batch norm behind them does: one pass less each."""
    places: list[_Place] = []
    for module in tower.modules():
        for (name, first), (after, second) in pairwise(module.named_children()):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                places.append((module, name, first, nn.utils.fuse_conv_bn_eval(first, second)))
                places.append((module, after, second, nn.Identity()))
    return places


class TwoWays:
    """
    Linear layers in fp32 and in bf16, of which one kind is in place.

    Their weights and inputs alone are bf16. Everything else, above all what is
    summed from layer to layer, stays fp32: that takes little longer than bf16
    throughout and loses half of what that loses, or less. Convolutions stay
    fp32, since those of small towers lose too much.

    Args:
        towers: Parts of a model on a CPU.
    """

    def __init__(self, *towers: nn.Module) -> None:
        self._places: list[_Place] = [
            (parent, name, layer, _HalvedLinear(layer))
            for tower in towers
            for parent in tower.modules()
            for name, layer in parent.named_children()
            # What is derived from it may be read by others as weights
            if type(layer) is nn.Linear
        ]

    def __len__(self) -> int:
        """Return how many layers there are."""
        return len(self._places)

    def use(self, *, halved: bool) -> None:
        """Put the layers of one kind in place."""
        for parent, name, whole, half in self._places:
            setattr(parent, name, half if halved else whole)


class _HalvedLinear(nn.Module):
    """
    A linear layer with weights in bf16; takes and returns fp32.

    Its weights are laid out for oneDNN once, as torch's own compiler does:
    without that, they are for every call, which for a single text takes longer
    than the text.
    """

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        # Not as parameters, which nothing could save or move in this layout
        self.weight = torch.ops.mkldnn._reorder_linear_weight(
            layer.weight.detach().bfloat16(), None
        )
        self.bias = None if layer.bias is None else layer.bias.detach().bfloat16()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            inputs.bfloat16(), self.weight, self.bias, "none", [], ""
        )
        return outputs.float()
