"""How exactly a model computes: as asked, or as is quicker where that is as good."""

import math
import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import structlog
import torch
from numpy.typing import NDArray

from service.encoders.layers import TwoWays
from service.errors import SetupError

__all__ = ["Precision", "has_native_bf16", "is_better_halved", "weights_dtype"]

Precision = Literal["auto", "fp32", "bf16", "fp16"]

_FAITHFUL = 0.9998
"""
Least cosine between a vector in bf16 and the same in fp32.

Measured are 0.99993 and above. At 0.9998 a photo's score is off by a thousandth of cosine,
where those of a pool differ by thirty (one standard deviation) to a hundred.
"""
_QUICKER = 0.9
_ROUNDS = 8
_LEAST_ROUNDS = 2
_PATIENCE_S = 0.4

# What a build of torch without the operations for bf16 raises
_UNABLE = (AttributeError, RuntimeError, TypeError)

_log = structlog.get_logger(__name__)


def weights_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """
    Return what a model's weights are loaded as.

    On a CPU bf16 is a matter of single layers (`is_better_halved`).

    Raises:
        SetupError: If the device cannot compute in this precision.
    """
    if device.type == "cuda":
        known = {"fp32": torch.float32, "bf16": torch.bfloat16}
        return known.get(precision, torch.float16)
    if precision == "fp16":
        raise SetupError("fp16 needs a GPU: set NEARHIT_CLIP_PRECISION to auto, fp32 or bf16.")
    return torch.float32


def has_native_bf16() -> bool:
    """Whether this CPU multiplies bf16 itself; where it does not, torch would go round about."""
    # Absent from a torch of the oldest versions that are taken
    capabilities: Callable[[], dict[str, Any]] | None = getattr(torch.cpu, "get_capabilities", None)
    has = capabilities() if capabilities else {}
    return any(has.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def is_better_halved(
    towers: list[torch.nn.Module],
    run: Callable[[], NDArray[np.float32]],
    *,
    must_be_quicker: bool,
    timer: Callable[[], float] = time.perf_counter,
) -> bool:
    """
    Leave towers with linear layers in bf16 where that is as good and, if it must be, quicker.

    Takes half a second, or a few runs where these take longer.

    Args:
        towers: What `run` runs, in fp32.
        run: Encodes a trial batch; returns unit rows, shape (n, d).
        must_be_quicker: Whether bf16 has to win a trial against fp32.
        timer: Measures the runs.

    Returns:
        Whether they are in bf16 now.
    """
    try:
        ways = TwoWays(*towers)
        chosen = bool(ways) and _is_faithful(ways, run)
    except _UNABLE as exc:
        _log.info("bf16_not_possible", reason=str(exc).split("\n")[0])
        return False
    if chosen and must_be_quicker:
        chosen = _is_quicker(ways, run, timer)
    ways.use(halved=chosen)
    return chosen


def _is_faithful(ways: TwoWays, run: Callable[[], NDArray[np.float32]]) -> bool:
    exact = run()
    try:
        ways.use(halved=True)
        cosine = float((exact * run()).sum(axis=1).min())
    finally:
        ways.use(halved=False)
    return cosine >= _FAITHFUL


def _is_quicker(ways: TwoWays, run: Callable[[], Any], timer: Callable[[], float]) -> bool:
    """Take turns, so that a machine that is busy for a while is for both; the best run counts."""
    best = {True: math.inf, False: math.inf}
    began = timer()
    for number in range(_ROUNDS):
        if number >= _LEAST_ROUNDS and timer() - began > _PATIENCE_S:
            break
        for halved, least in best.items():
            ways.use(halved=halved)
            start = timer()
            run()
            best[halved] = min(least, timer() - start)
    return best[True] < _QUICKER * best[False]
