"""What only a GPU of NVIDIA has: streams, pinned memory and graphs."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch

from service.encoders.replays import Forward, Inputs, Replays

__all__ = ["CudaRunner"]

_GRAPHS = 40
# What cuBLAS and the like set up at first may not happen while recording
_WARM_UPS = 3


class CudaRunner:
    """
    Runs batches of one tower; the next one is copied while the last one is computed.

    Args:
        forward: The tower.
        device: Where it is.
    """

    def __init__(self, forward: Forward, device: torch.device) -> None:
        self._device = device
        self._copying = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        pool = torch.cuda.graph_pool_handle()
        self._run = Replays(forward, partial(_record, pool=pool), _GRAPHS)

    def __call__(self, batches: Iterable[Inputs]) -> list[torch.Tensor]:
        """Return the rows of each batch; batches had best be in pinned memory."""
        with torch.cuda.device(self._device):
            # No copy back before all is queued: each would wait for its own batch
            rows = [self._run(self._copied(batch)) for batch in batches]
            return [some.cpu() for some in rows]

    def _copied(self, batch: Inputs) -> Inputs:
        computing = torch.cuda.current_stream()
        with torch.cuda.stream(self._copying):
            inputs = {n: t.to(self._device, non_blocking=True) for n, t in batch.items()}
        computing.wait_stream(self._copying)
        for tensor in inputs.values():
            # Allocated for one stream, used by the other: not to be given away in between
            tensor.record_stream(computing)
        return inputs


def _record(forward: Forward, inputs: Inputs, *, pool: Any) -> Forward:  # noqa: ANN401
    """Record a tower as a CUDA graph; all share one pool of memory, as one runs at a time."""
    held = {name: tensor.clone() for name, tensor in inputs.items()}
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(_WARM_UPS):
            forward(held)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    # Other threads have models on the same GPU: what they do meanwhile is no part of this
    with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
        output = forward(held)

    def repeat(inputs: Inputs) -> torch.Tensor:
        for name, tensor in inputs.items():
            held[name].copy_(tensor)
        graph.replay()
        return output.clone()

    return repeat
