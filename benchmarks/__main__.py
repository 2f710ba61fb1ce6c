"""`python -m benchmarks NAME [--json FILE]`, or `all` to write RESULTS.md."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from benchmarks.harness import Report, machine
from service.telemetry import logs

_NAMES = (
    "tiers",
    "throughput",
    "encoders",
    "cold",
    "published",
    "gpu",
    "demo",
    "replicas",
    "eviction",
)
_FOLDER = Path(__file__).parent


def main() -> None:
    """Run one benchmark, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*_NAMES, "all"])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    logs.configure("WARNING")
    about = machine()
    names = _NAMES if options.name == "all" else (options.name,)
    reports = {name: _measure(name) for name in names}
    for report in reports.values():
        print(_table(report))
        if not report.figures:
            print(*report.notes, sep="\n")  # they say why
    if options.json:
        figures = {k: v for report in reports.values() for k, v in report.figures.items()}
        described = {f"machine_{name}": value for name, value in about.items()}
        options.json.write_text(json.dumps(figures | described, indent=1) + "\n")
    if options.name == "all":
        (_FOLDER / "RESULTS.md").write_text(_results(reports, about))


def _measure(name: str) -> Report:
    print(f"{name} …", file=sys.stderr)
    measure: Callable[[], Report] = import_module(f"benchmarks.{name}").measure
    return measure()


def _results(reports: dict[str, Report], about: dict[str, str]) -> str:
    """Return the page of all results, and draw its plots."""
    parts = [
        "# Results",
        (
            f"Written by `python -m benchmarks all` on {datetime.now(UTC):%Y-%m-%d}. Times are of "
            "a shared machine: believe the ratios, which compare within one run."
        ),
        ", ".join(f"{name} {value}" for name, value in about.items()) + ".",
    ]
    for name, report in reports.items():
        parts += [f"## {name}: {report.title}", _table(report)]
        if report.plot:
            (_FOLDER / "plots").mkdir(exist_ok=True)
            report.plot(_FOLDER / "plots" / f"{name}.png")
            parts.append(f"![{report.title}](plots/{name}.png)")
        parts += [*report.notes, f"Again: `python -m benchmarks {name}`."]
    return "\n\n".join(parts) + "\n"


def _table(report: Report) -> str:
    """Return the figures as a Markdown table; deciles stand beside their median."""
    if not report.figures:
        return "Nothing was measured."
    rows = ["| figure | median | p10–p90 | aim |", "|---|---|---|---|"]
    for name, value in report.figures.items():
        if name.endswith(("_p10", "_p90")):
            continue
        low, high = (report.figures.get(f"{name}_p{n}") for n in (10, 90))
        spread = "" if low is None else f"{low:g}–{high:g}"
        rows.append(f"| `{name}` | {value:g} | {spread} | {report.targets.get(name, '')} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
