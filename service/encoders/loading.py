"""What loading any model needs: a device, silence, and errors in our words."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from safetensors import SafetensorError
from transformers.utils import logging as transformers_logging

from service.encoders.models import ModelFiles
from service.errors import SetupError

__all__ = ["loading", "pick_device"]

# Transformers patches torch's initialisers while it loads, for the whole process
_ONE_AT_A_TIME = threading.Lock()


def pick_device(name: str) -> torch.device:
    """
    Return the device a setting names; `auto` takes CUDA, then MPS, then the CPU.

    Raises:
        SetupError: If there is no such device on this machine.
    """
    if name == "auto":
        name = _best()
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    # Torch reports a build without CUDA as a failed assertion
    except (RuntimeError, AssertionError) as exc:
        raise SetupError(
            f"The device {name} cannot be used here: set NEARHIT_DEVICE to auto or cpu."
        ) from exc
    return device


@contextmanager
def loading(files: ModelFiles, advice: str = "") -> Iterator[None]:
    """
    Load inside: one model at a time, without progress bars and reports.

    Args:
        files: Of the model that is loaded.
        advice: What to do where it fails.

    Raises:
        SetupError: If the files are no model that can be loaded.
    """
    with _ONE_AT_A_TIME, _quiet():
        try:
            yield
        except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as exc:
            reason = str(exc).strip().split("\n")[0]
            sentence = f"The model {files.name} cannot be loaded: {reason}"
            raise SetupError(f"{sentence}; {advice}." if advice else sentence) from exc


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@contextmanager
def _quiet() -> Iterator[None]:
    verbosity = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
