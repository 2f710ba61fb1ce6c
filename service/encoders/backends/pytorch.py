"""A sentence encoder run by torch, as sentence-transformers puts it together."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import batch_to_device

from service.encoders.fingerprint import fingerprint
from service.encoders.models import ModelFiles

__all__ = ["TorchSentences", "load_transformer"]

Rows = NDArray[np.float32]


class TorchSentences:
    """
    A `SentenceModel` run by torch, on any device.

    Args:
        model: The model, in evaluation mode, on its device.
        identity: Its fingerprint.
    """

    def __init__(self, model: SentenceTransformer, identity: str) -> None:
        self._model = model
        # What `encode` of sentence-transformers costs on top of the model, one millisecond in
        # ten for a query, is only needed where a model asks for more than its modules do
        self._plain = model.default_prompt_name is None and model.truncate_dim is None
        self.fingerprint = identity
        self.dimension = int(self.encode(["photo"]).shape[1])

    @classmethod
    def load(
        cls, files: ModelFiles, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> Self:
        """
        Load a model, its Transformer in `dtype` and what follows it in fp32.

        One precision on every device: thresholds are certified for these very cosines.
        """
        model = load_transformer(files, device)
        if dtype is not torch.float32:
            # A mean that is rounded to eight bits would differ from batch to batch
            model[0].to(dtype).register_forward_hook(_widen)
        return cls(model, fingerprint(files, str(dtype).replace(".", "/")))

    def encode(self, texts: Sequence[str]) -> Rows:
        """Return unit vectors, float32, shape (len(texts), dimension)."""
        return self._run(texts) if self._plain else self._encode(texts)

    def _run(self, texts: Sequence[str]) -> Rows:
        with torch.inference_mode():
            inputs = batch_to_device(self._model.preprocess([*texts]), self._model.device)
            vectors = self._model(inputs)["sentence_embedding"]
            rows: Rows = torch.nn.functional.normalize(vectors, dim=-1).cpu().numpy()
            return rows

    def _encode(self, texts: Sequence[str]) -> Rows:
        rows: Rows = self._model.encode(
            [*texts],
            batch_size=len(texts),
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return rows


def load_transformer(
    files: ModelFiles, device: torch.device, *, attention: str | None = None
) -> SentenceTransformer:
    """
    Load a model in fp32, in evaluation mode; without sentence-transformers' files, a mean.

    Args:
        files: The model's files.
        device: Where it runs.
        attention: What computes attention, by its name in transformers; None leaves it to them.
    """
    return SentenceTransformer(
        str(files.folder),
        device=str(device),
        local_files_only=True,
        model_kwargs={
            "dtype": torch.float32,
            "use_safetensors": files.safe,
            "attn_implementation": attention,
        },
    ).eval()


def _widen(_module: torch.nn.Module, _inputs: Any, features: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - torch's own
    """Return a module's features with every vector in fp32."""
    return {
        name: value.float() if torch.is_tensor(value) and value.is_floating_point() else value
        for name, value in features.items()
    }
