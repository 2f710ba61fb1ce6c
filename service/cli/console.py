"""What all commands share: settings, the console, and errors as one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError
from rich.console import Console

from cache.errors import CacheError
from service.errors import ServiceError
from service.settings import Settings

__all__ = ["OUT", "fail", "read_settings", "sentences"]

OUT = Console()
_ERR = Console(stderr=True)


def fail(sentence: str) -> typer.Exit:
    """Say what went wrong; raise what is returned."""
    _ERR.print(f"[bold red]nearhit:[/] {sentence}", highlight=False, soft_wrap=True)
    return typer.Exit(1)


@contextmanager
def sentences() -> Iterator[None]:
    """Turn errors of the service into one sentence and exit status 1."""
    try:
        yield
    except (ServiceError, CacheError) as exc:
        raise fail(str(exc)) from exc


def read_settings(**given: object) -> Settings:
    """Read the settings; what is given and not None goes before the environment."""
    try:
        return Settings(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as exc:
        wrong = "; ".join(_sentence(error) for error in exc.errors(include_input=False))
        raise fail(wrong) from exc


def _sentence(error: object) -> str:
    name = "_".join(str(part) for part in error["loc"]).upper()  # type: ignore[index]
    return f"NEARHIT_{name}: {error['msg']}"  # type: ignore[index]
