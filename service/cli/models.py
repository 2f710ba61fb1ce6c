"""nearhit models."""

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Column, Table

from service.cli.console import OUT, read_settings, sentences
from service.encoders import models
from service.settings import Settings

__all__ = ["pull", "show"]

_MB = 1_000_000
_BROUGHT = "comes with nearhit; put together with MiniLM at the first start"
_HOW_TO_PULL = (
    "Without a key and a folder nearhit serves its demo, which brings its ranking model along. "
    "To fetch the one for real photos ahead, set NEARHIT_SOURCE=pixabay."
)


def show() -> None:
    """Print the models the settings name and where they are."""
    model, where = (Column(name, overflow="fold") for name in ("model", "where"))
    table = Table("setting", model, where, "size")
    with sentences():
        settings = read_settings()
        if settings.ranks_with_demo_model:
            table.add_row("the demo's", "ranking model", _BROUGHT, "")
        for kind, name in _named(settings).items():
            files = models.describe(name)
            setting = f"NEARHIT_{kind.upper()}_MODEL"
            if files is None:
                table.add_row(setting, name, "not here: run `nearhit models pull`", "")
            else:
                size = f"{files.size_bytes / _MB:.0f} MB"
                table.add_row(setting, name, f"{files.origin}: {files.folder}", size)
    OUT.print(table)


def pull() -> None:
    """Download what is not here yet, with a progress bar a model, and make what is made of it."""
    from service.wiring.models import make_graph  # noqa: PLC0415 - imports NumPy

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=OUT,
    )
    with sentences(), bar:
        settings = read_settings()
        if settings.ranks_with_demo_model:
            bar.console.print(_HOW_TO_PULL)
        for kind, name in _named(settings).items():
            if models.describe(name) is not None:
                bar.console.print(f"{name} is here already.")
                continue
            task = bar.add_task(name, total=None)

            def advance(done: int, total: int, task: object = task) -> None:
                bar.update(task, completed=done, total=total or None)  # type: ignore[arg-type]

            models.pull(name, advance, kind=kind)
        if settings.query_backend.startswith("onnx"):
            bar.console.print("The query model's graph is made where there is none: ten seconds.")
            make_graph(settings)


def _named(settings: Settings) -> dict[models.Kind, str]:
    named: dict[models.Kind, str] = {"query": settings.query_model}
    return named if settings.ranks_with_demo_model else named | {"clip": settings.clip_model}
