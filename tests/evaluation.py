"""Where tests find real photographs and recorded answers."""

import os
from pathlib import Path

__all__ = ["EVALUATION"]

EVALUATION = Path(os.environ.get("NEARHIT_EVALUATION", Path(__file__).parents[2] / "shared"))
"""Evaluation data beside the checkout, or where NEARHIT_EVALUATION says."""
