"""Texts to train on, as MiniLM sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

from service.demo.clip.architecture import TEXT_WIDTH
from service.demo.clip.progress import Tell
from service.encoders import models

__all__ = ["Tokens", "encode_tokens"]

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Tokens:
    """
    What MiniLM's last layer makes of texts, token by token, one text after the other.

    Args:
        vectors: Of all tokens, float16, shape (tokens, TEXT_WIDTH).
        ends: Where each text's tokens end, shape (texts,).
    """

    vectors: torch.Tensor
    ends: torch.Tensor

    def __len__(self) -> int:
        return len(self.ends)

    def batch(self, texts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """
        Return some texts side by side.

        Args:
            texts: Their numbers, shape (n,).

        Returns:
            Their tokens, float32, shape (n, longest, TEXT_WIDTH), and which of
            them are there, bool, shape (n, longest).
        """
        ends = self.ends[texts]
        starts = torch.where(texts > 0, self.ends[texts - 1], 0)
        lengths = ends - starts
        steps = torch.arange(int(lengths.max()))
        there = steps < lengths[:, None]
        places = torch.where(there, starts[:, None] + steps, 0)
        return self.vectors[places].float() * there[..., None], there

    def means(self) -> torch.Tensor:
        """Return the texts' embeddings as MiniLM's users take them, shape (texts, TEXT_WIDTH)."""
        rows = []
        for numbers in torch.split(torch.arange(len(self)), _BATCH):
            vectors, there = self.batch(numbers)
            rows.append(vectors.sum(1) / there.sum(1, keepdim=True))
        return nn.functional.normalize(torch.cat(rows), dim=-1)


def encode_tokens(texts: Sequence[str], tell: Tell) -> Tokens:
    """Run MiniLM over texts."""
    folder = models.resolve(models.MINILM, kind="query").folder
    tokenizer = AutoTokenizer.from_pretrained(folder)
    minilm = AutoModel.from_pretrained(folder).eval()
    ids = tokenizer([*texts], truncation=True)["input_ids"]
    ends = torch.tensor([len(one) for one in ids]).cumsum(0)
    vectors = torch.empty(int(ends[-1]), TEXT_WIDTH, dtype=torch.float16)
    # Texts of like length go together, so that little is padded
    order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        inputs = tokenizer.pad({"input_ids": [ids[n] for n in batch]}, return_tensors="pt")
        with torch.no_grad():
            states = minilm(**inputs).last_hidden_state.half()
        for row, number in enumerate(batch):
            length = len(ids[number])
            vectors[ends[number] - length : ends[number]] = states[row, :length]
        tell(len(batch))
    return Tokens(vectors, ends)
