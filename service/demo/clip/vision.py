"""First step of the training: a vision tower that sees every fact of a scene."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import AutoConfig, AutoModel

from service.demo.clip.architecture import vision_config
from service.demo.clip.progress import Tell
from service.demo.scenes.attributes import Kind
from service.demo.scenes.scene import Scene

__all__ = ["Sight", "VisionRecipe", "fact_matrix", "fact_weights", "features", "train_vision"]

_AT_ONCE = 16
_GRADIENT_NORM = 1.0
# Figures are small, and slow to be learnt; landscapes and light are known within minutes
_FIGURES = 6.0
_WARM_UP = 0.05  # of all steps


@dataclass(frozen=True, slots=True)
class VisionRecipe:
    """
    How long and how fast the tower learns.

    Args:
        epochs: Times every picture is seen.
        rate: Largest learning rate of AdamW.
        seed: Of the pictures' order.
        batch: Pictures a step.
        decay: Its weight decay.
    """

    epochs: int
    rate: float = 1.5e-3
    seed: int = 0
    batch: int = 32
    decay: float = 0.05


def fact_matrix(ids: Sequence[int], facts: Sequence[str]) -> NDArray[np.bool_]:
    """Return which facts are true of which scenes, shape (len(ids), len(facts))."""
    return np.array([[fact in Scene.of(id_).facts for fact in facts] for id_ in ids])


def fact_weights(facts: Sequence[str]) -> NDArray[np.float32]:
    """Return how much each fact counts, shape (len(facts),): more where it names a figure."""
    kinds = frozenset(Kind)
    return np.array([_FIGURES if fact in kinds else 1 for fact in facts], np.float32)


class Sight(nn.Module):
    """
    The vision tower, and a linear layer that tells facts from its features.

    Args:
        facts: How many facts there are.
    """

    def __init__(self, facts: int) -> None:
        super().__init__()
        self.tower: Any = AutoModel.from_config(  # type: ignore[no-untyped-call]
            AutoConfig.for_model(**vision_config())
        )
        self.tower.to(memory_format=torch.channels_last)
        self.head = nn.Linear(self.tower.config.hidden_sizes[-1], facts)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return a logit for each fact, float32, shape (n, facts)."""
        with torch.autocast(pixels.device.type, torch.bfloat16):
            logits = self.head(self.tower(pixel_values=pixels).pooler_output)
        told: torch.Tensor = logits.float()
        return told


def train_vision(
    sight: Sight,
    pictures: NDArray[np.uint8],
    facts: NDArray[np.bool_],
    weights: NDArray[np.float32],
    recipe: VisionRecipe,
    tell: Tell,
) -> None:
    """
    Train a tower, and the layer on top of it, to tell which facts are true of pictures.

    Args:
        sight: New, or from an earlier training; changed in place, on its device.
        pictures: Shape (n, EDGE, EDGE, 3).
        facts: Shape (n, f).
        weights: How much each fact counts, shape (f,).
        recipe: How long and how fast.
        tell: Told of pictures seen and of the loss, a sum over the facts.
    """
    sight.train()
    device = sight.head.weight.device
    truth = torch.from_numpy(facts).float()
    share = torch.from_numpy(weights).to(device)
    entropy = nn.functional.binary_cross_entropy_with_logits
    optimiser = torch.optim.AdamW(sight.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    steps = recipe.epochs * (len(pictures) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=steps, pct_start=_WARM_UP
    )
    for batch in _batches(len(pictures), recipe):
        logits = sight(_tensor(pictures[batch], device))
        each = entropy(logits, truth[batch].to(device), reduction="none")
        loss = (each.mean(0) * share).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(sight.parameters(), _GRADIENT_NORM)
        optimiser.step()
        schedule.step()
        tell(len(batch), loss.item())


def features(sight: Sight, pictures: NDArray[np.uint8], tell: Tell) -> torch.Tensor:
    """Return the tower's pooled features of pictures, float32, shape (n, width)."""
    sight.eval()
    device = sight.head.weight.device
    rows = []
    for start in range(0, len(pictures), _AT_ONCE):
        batch = _tensor(pictures[start : start + _AT_ONCE], device)
        with torch.no_grad():
            rows.append(sight.tower(pixel_values=batch).pooler_output.cpu())
        tell(len(batch))
    return torch.cat(rows)


def _batches(count: int, recipe: VisionRecipe) -> "list[NDArray[np.int64]]":
    """Numbers of the pictures of each step; sorted, since the array lies on a disk."""
    chance = np.random.default_rng(recipe.seed)
    whole = count // recipe.batch
    return [
        np.sort(part)
        for _ in range(recipe.epochs)
        for part in np.split(chance.permutation(count)[: whole * recipe.batch], whole)
    ]


def _tensor(pictures: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """As the image processor does: to [-1, 1], channels first."""
    pixels = torch.from_numpy(np.array(pictures)).to(device).permute(0, 3, 1, 2)
    return (pixels.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
