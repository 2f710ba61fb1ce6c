"""
How many threads each numeric library may use: decided once, for the process.

OpenMP, MKL and OpenBLAS read their numbers when they are first loaded, so
`apply` runs before torch, ONNX Runtime or FAISS are imported and `confirm`
after. Importing this module imports none of them.
"""

import math
import os
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path

from service.errors import SetupError

__all__ = ["ThreadPolicy", "apply", "confirm", "usable_cores"]

_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_MUST_COME_LATER = ("torch", "onnxruntime", "faiss")


@dataclass(frozen=True, slots=True)
class ThreadPolicy:
    """
    Threads of one call into each library, and calls side by side.

    One thread a call, unless told otherwise: threads that share a call wait for
    each other at the end of every layer, and where other work has one of their
    cores, all of them do (docs/encoders.md has the measurement). Batches of photos
    use the cores side by side instead.

    Args:
        encoder_threads: Threads of one model call (torch, ONNX Runtime, BLAS), and of
            the search of the index (FAISS) that goes with it.
        image_batches: Batches of photos encoded at the same time.
    """

    encoder_threads: int
    image_batches: int

    @classmethod
    def of(cls, cores: int, encoder_threads: int = 0, workers: int = 1) -> "ThreadPolicy":
        """
        Share cores out.

        Args:
            cores: What the machine or the container has.
            encoder_threads: As many as are wanted a call; 0 for one.
            workers: Processes that do the same on these cores.
        """
        threads = encoder_threads or 1
        return cls(threads, max(1, cores // workers // threads))

    @property
    def environment(self) -> dict[str, str]:
        """The variables the libraries read when they are loaded."""
        threads = str(self.encoder_threads)
        return {
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "VECLIB_MAXIMUM_THREADS": threads,
            "TOKENIZERS_PARALLELISM": "false",
            # Its builds report to their makers otherwise, and leave a file wherever they run
            "ORT_DISABLE_TELEMETRY": "1",
        }


def usable_cores(quota_file: Path = _CPU_QUOTA) -> int:
    """
    Count the cores this process may use, by affinity and by container limit.

    Args:
        quota_file: The limit of the control group (cgroup v2), microseconds of
            quota and of period; one that is absent or unreadable is no limit.
    """
    # Not on macOS and Windows
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        quota, period = quota_file.read_text().split()
        return max(1, min(cores, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):
        return cores


def apply(policy: ThreadPolicy, environ: MutableMapping[str, str] = os.environ) -> None:
    """
    Set what the libraries read at load; call it before they are imported.

    Raises:
        SetupError: If one is loaded already and another number held then.
    """
    wanted = policy.environment
    if all(environ.get(name) == value for name, value in wanted.items()):
        return
    late = [module for module in _MUST_COME_LATER if module in sys.modules]
    if late:
        raise SetupError(
            f"The thread policy must be applied before {' and '.join(late)} is imported: "
            "call `apply` first thing in the process."
        )
    environ.update(wanted)


def confirm(policy: ThreadPolicy) -> None:
    """
    Tell the libraries that are loaded what the environment could not.

    FAISS's number belongs to the calling thread (an OpenMP rule), so whoever
    owns a thread that searches calls this in it.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(policy.encoder_threads)
        _set_interop_threads(torch)
    faiss = sys.modules.get("faiss")
    if faiss is not None:
        faiss.omp_set_num_threads(policy.encoder_threads)


def _set_interop_threads(torch: object) -> None:
    # Torch refuses a second call, even with the number that holds
    if torch.get_num_interop_threads() != 1:  # type: ignore[attr-defined]
        torch.set_num_interop_threads(1)  # type: ignore[attr-defined]
