"""How every benchmark measures: warm-up, interleaved rounds, medians and spread."""

import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

__all__ = ["Report", "Samples", "interleave", "machine", "ratio"]

_PACKAGES = (
    "faiss-cpu",
    "fastapi",
    "numpy",
    "onnxruntime",
    "sentence-transformers",
    "torch",
    "transformers",
)

Case = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Samples:
    """Durations of one case, in seconds, in order of rounds."""

    seconds: Sequence[float]

    @property
    def median(self) -> float:
        """The middle duration."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """The first and ninth decile."""
        deciles = statistics.quantiles(self.seconds, n=10, method="inclusive")
        return deciles[0], deciles[-1]


@dataclass(slots=True)
class Report:
    """
    What one benchmark found.

    Args:
        title: What was measured, in a sentence.
        figures: Values by name; names end in their unit, ratios have none.
        targets: The bound of a figure in words, where there is one.
        notes: What a reader must know to believe the figures.
        plot: Draws the figures into a PNG file; None where there is nothing to draw.
    """

    title: str
    figures: dict[str, float] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    plot: Callable[[Path], None] | None = None

    def add(self, name: str, samples: Samples, *, scale: float = 1.0) -> None:
        """Take in a median under `name`, and its deciles beside it."""
        low, high = samples.spread
        self.figures[name] = round(samples.median * scale, 4)
        self.figures[f"{name}_p10"] = round(low * scale, 4)
        self.figures[f"{name}_p90"] = round(high * scale, 4)


async def interleave(cases: Mapping[str, Case], *, rounds: int, warm_up: int) -> dict[str, Samples]:
    """
    Time cases in turn, round by round, so that a machine that slows down slows all of them.

    Every round begins with another case, so that none always runs in another's wake.

    Args:
        cases: Called with the number of the round; warm-up rounds have negative ones.
        rounds: Rounds that count.
        warm_up: Rounds before them that do not.
    """
    names = list(cases)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-warm_up, rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            began = time.perf_counter()
            await cases[name](number)
            if number >= 0:
                seconds[name].append(time.perf_counter() - began)
    return {name: Samples(values) for name, values in seconds.items()}


def ratio(one: Samples, other: Samples) -> Samples:
    """Return `one / other` round by round; its median is the figure to quote."""
    return Samples([a / b for a, b in zip(one.seconds, other.seconds, strict=True)])


def machine() -> dict[str, str]:
    """Describe the machine and what runs on it."""
    return {
        "cpu": _cpu(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory_gib": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f}",
        "load_1min": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
