"""Odds: whether something happens that happens in a share of all cases."""

from random import Random

__all__ = ["happens"]


def happens(chance: Random, share: float) -> bool:
    """Whether it happens this time."""
    return chance.random() < share
