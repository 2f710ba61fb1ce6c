"""Loading the query model on the backend a deployment has chosen."""

from pathlib import Path

import torch

from service.encoders.backends.protocol import SentenceModel
from service.encoders.backends.pytorch import TorchSentences
from service.encoders.loading import loading, pick_device
from service.encoders.models import ModelFiles
from service.settings import QueryBackend

__all__ = ["load_sentences"]

_DTYPES = {"torch": torch.float32, "torch-bf16": torch.bfloat16}


def load_sentences(
    files: ModelFiles,
    *,
    backend: QueryBackend,
    device: str,
    folder: Path,
    threads: int,
) -> SentenceModel:
    """
    Load a sentence encoder; blocking, so call it in a thread.

    Args:
        files: The model's files.
        backend: What runs it; ONNX Runtime does so on the CPU, whatever the device.
        device: Where torch runs it, as `NEARHIT_DEVICE`.
        folder: Where exported graphs are kept.
        threads: Threads of one call into ONNX Runtime; torch has its number already.

    Raises:
        SetupError: If the files are no such model, if the backend cannot run
            it, or if the device is not there.
    """
    place = pick_device(device)
    with loading(files):
        return TorchSentences.load(files, place, _DTYPES[backend])
