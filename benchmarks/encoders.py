"""What encoding costs: the query model on each backend, and threads of a call on busy cores."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import thread_policy
from benchmarks.harness import Report, ratio
from benchmarks.inputs import find_pairs
from service.encoders import threads

if TYPE_CHECKING:
    from benchmarks.backends import Compared

__all__ = ["measure"]

_PAIRS = 1000


def measure() -> Report:
    """Measure the backends of the query model against each other, on one thread each."""
    threads.apply(threads.ThreadPolicy.of(threads.usable_cores()))
    report = Report("What encoding costs")
    _add_backends(report)
    _add_threads(report)
    return report


def _add_threads(report: Report) -> None:
    """Add what a call costs with one thread and with all cores, idle and busy."""
    timed = thread_policy.measure()
    for (count, busy), times in timed.items():
        end = f"{count}_{'busy' if busy else 'idle'}"
        report.add(f"query_ms_threads_{end}", times.query, scale=1000)
        report.add(f"photo_ms_threads_{end}", times.photo, scale=1000)
    report.notes.append(
        "`threads`: torch in fp32, a query alone and 24 photos in batches of 4, in processes of "
        "their own with so many threads a call (with one, as many batches side by side as there "
        "are cores); `busy` while other processes keep all cores busy."
    )


def _add_backends(report: Report) -> None:
    from benchmarks import backends  # noqa: PLC0415 - imports torch

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loaded = backends.load_all(folder)
        compared = backends.compare(loaded, find_pairs(_PAIRS))
    rows = [
        "| backend | alone, ms | in 32, ms | Spearman | largest error | batch | MB | load, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for backend, found in compared.items():
        key = backend.replace("-", "_")
        report.add(f"query_ms_{key}", found.alone, scale=1000)
        report.add(f"query_batch32_ms_{key}", found.batched, scale=1000)
        report.figures[f"spearman_{key}"] = round(found.spearman, 5)
        report.figures[f"cosine_error_{key}"] = round(found.cosine_error, 5)
        report.figures[f"batch_cosine_{key}"] = round(found.batch_cosine, 6)
        report.figures[f"first_load_s_{key}"] = round(loaded[backend].load_s, 2)
        if backend != backends.REJECTED:
            report.targets[f"spearman_{key}"] = "≥ 0.99"
            report.targets[f"batch_cosine_{key}"] = "≥ 0.9999"
        rows.append(
            f"| {backend} | {found.alone.median * 1000:.2f} | {found.batched.median * 1000:.2f} "
            f"| {found.spearman:.4f} | {found.cosine_error:.4f} | {found.batch_cosine:.6f} "
            f"| {loaded[backend].disk_bytes / 1e6:.0f} | {loaded[backend].load_s:.1f} |"
        )
    _add_ratios(report, compared)
    report.notes += ["\n".join(rows), *_notes(backends.REJECTED)]


def _add_ratios(report: Report, compared: "Mapping[str, Compared]") -> None:
    for one, other in (("torch", "onnx"), ("onnx", "onnx-int8"), ("torch", "onnx-int8")):
        name = f"{one}_over_{other}".replace("-", "_")
        report.add(f"query_{name}", ratio(compared[one].alone, compared[other].alone))
        report.add(f"query_batch32_{name}", ratio(compared[one].batched, compared[other].batched))


def _notes(rejected: str) -> list[str]:
    return [
        (
            "all-MiniLM-L6-v2 on one thread. Spearman and the largest error compare the cosines "
            f"of {_PAIRS} pairs of captions with those of torch in fp32. The batch cosine is the "
            "least of a text's vectors alone and in batches drawn by chance, of one word to about "
            "64 tokens. The load is the first, with the export of the graph."
        ),
        (
            f"`{rejected}` is ONNX Runtime's own dynamic quantisation, for comparison; it cannot "
            "be chosen, since it fails both checks."
        ),
    ]
