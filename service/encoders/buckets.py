"""
A few fixed shapes for whatever comes: a GPU repeats what it has recorded of a shape.

Nothing here needs a GPU.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import torch

__all__ = ["IMAGE_BATCHES", "TEXT_BATCHES", "TEXT_LENGTHS", "Lengthening", "filled", "rounded"]

TEXT_BATCHES = (1, 2, 4, 8, 16, 32)
TEXT_LENGTHS = (8, 16, 32, 64)
IMAGE_BATCHES = (1, 2, 4, 8, 16, 32, 64)

_T = TypeVar("_T")


def rounded(size: int, sizes: Sequence[int]) -> int:
    """Return the least of ascending sizes that is enough, the size itself where none is."""
    place = bisect_left(sizes, size)
    return sizes[place] if place < len(sizes) else size


def filled(items: Sequence[_T], sizes: Sequence[int]) -> list[_T]:
    """Return items, the last one repeated up to the next size; what it gives is thrown away."""
    return [*items, *[items[-1]] * (rounded(len(items), sizes) - len(items))]


class Lengthening:
    """
    Brings tokens to a fixed length, masked as the tokenizer would.

    Args:
        tokenizer: What they come from; one that pads on the left is left alone.
        longest: Most tokens the model takes.
    """

    def __init__(self, tokenizer: Any, longest: int) -> None:  # noqa: ANN401 - any tokenizer
        self._lengths = [*(n for n in TEXT_LENGTHS if n < longest), longest]
        self._fills = {
            "input_ids": tokenizer.pad_token_id,
            "attention_mask": 0,
            "token_type_ids": getattr(tokenizer, "pad_token_type_id", 0),
        }
        self._applies = tokenizer.padding_side == "right" and tokenizer.pad_token_id is not None

    def __call__(self, tokens: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return tokens of the next fixed length; shapes (n, length)."""
        # Without a mask, or with inputs we do not know, more tokens might be another text
        if not self._applies or not {"attention_mask"} <= tokens.keys() <= self._fills.keys():
            return dict(tokens)
        length = tokens["input_ids"].shape[1]
        more = rounded(length, self._lengths) - length
        return {
            name: torch.nn.functional.pad(tensor, (0, more), value=self._fills[name])
            for name, tensor in tokens.items()
        }
