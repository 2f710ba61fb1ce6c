"""
The shape of the demo's CLIP: a frozen MiniLM and a small ConvNeXt, both stock, in one space.

The text tower is all-MiniLM-L6-v2, which spreads what a sentence means over all
its tokens, while BERT's stock pooler reads the first one only. So one more layer
is put on top, whose attention is trained to gather at the first token what each
part of a query asks for: place, light, figures, style. Its feed-forward part
keeps what words mean that no caption has.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DIMENSION",
    "EDGE",
    "LAST_LAYER",
    "TEXT_FEEDFORWARD",
    "TEXT_HEADS",
    "TEXT_WIDTH",
    "config",
    "layer_norms",
    "processor_config",
    "vision_config",
]

Weights = dict[str, NDArray[np.float32]]

EDGE = 224
"""Pictures are squeezed to so many pixels square."""

DIMENSION = 256
"""Length of the vectors of both towers."""

TEXT_WIDTH = 384
TEXT_HEADS = 12
_TEXT_LAYERS = 6

LAST_LAYER = f"text_model.encoder.layer.{_TEXT_LAYERS}."
"""Where the names of the layer on top of MiniLM's begin."""

TEXT_FEEDFORWARD = 1536
_WIDTHS = (32, 64, 128, 256)
_DEPTHS = (2, 2, 4, 2)


def vision_config() -> dict[str, Any]:
    """Return the vision tower's configuration: a ConvNeXt (Liu et al. 2022), 1.9 M parameters."""
    return {
        "model_type": "convnext",
        "image_size": EDGE,
        "hidden_sizes": list(_WIDTHS),
        "depths": list(_DEPTHS),
        # What transformers' dual encoder asks a tower for
        "hidden_size": _WIDTHS[-1],
    }


def config(minilm: Mapping[str, Any], logit_scale: float) -> dict[str, Any]:
    """
    Return the configuration of the whole model.

    Args:
        minilm: The configuration of all-MiniLM-L6-v2.
        logit_scale: Logarithm of the factor from cosine to score.
    """
    return {
        "architectures": ["VisionTextDualEncoderModel"],
        "model_type": "vision-text-dual-encoder",
        "dtype": "float32",
        "projection_dim": DIMENSION,
        "logit_scale_init_value": logit_scale,
        "text_config": {**minilm, "model_type": "bert", "num_hidden_layers": _TEXT_LAYERS + 1},
        "vision_config": vision_config(),
    }


def processor_config() -> dict[str, Any]:
    """Return the configuration of what makes tensors of pictures and texts."""
    return {
        "processor_class": "VisionTextDualEncoderProcessor",
        "image_processor": {
            "image_processor_type": "ViTImageProcessorPil",
            "do_resize": True,
            "size": {"height": EDGE, "width": EDGE},
            "resample": 3,
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
        },
    }


def layer_norms() -> Weights:
    """Return the layer norms of the text tower's last layer, which neither scale nor shift."""
    weights: Weights = {}
    for name in ("attention.output.LayerNorm", "output.LayerNorm"):
        weights[f"{LAST_LAYER}{name}.weight"] = np.ones(TEXT_WIDTH, np.float32)
        weights[f"{LAST_LAYER}{name}.bias"] = np.zeros(TEXT_WIDTH, np.float32)
    return weights
