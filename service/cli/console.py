"""What all commands share: settings, the console, and errors as one sentence."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError
from rich.console import Console
from rich.text import Text

from cache.errors import CacheError
from service.errors import ServiceError
from service.settings import Settings

__all__ = ["OUT", "fail", "harmless", "read_settings", "sentences"]

# Without markup: most of what is printed was written by others, and `[/b]` is a fine tag.
OUT = Console(markup=False, emoji=False)
_ERR = Console(stderr=True, markup=False, emoji=False)


def harmless(text: str) -> str:
    """Return a text from outside without control characters, which could steer the terminal."""
    return "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)


def fail(sentence: str) -> typer.Exit:
    """Say what went wrong; raise what is returned."""
    _ERR.print(Text.assemble(("nearhit:", "bold red"), " ", harmless(sentence)), soft_wrap=True)
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
        raise fail(f"{wrong}.") from exc
    except SettingsError as exc:
        # Raised where a list is not even JSON; only its text says which.
        field = re.search(r'field "(\w+)"', str(exc))
        raise fail(f"{_no_list(field[1]) if field else exc}.") from exc


def _sentence(error: ErrorDetails) -> str:
    field = str(error["loc"][0])
    if error["type"] == "list_type" or len(error["loc"]) > 1:
        return _no_list(field)
    return f"{_variable(field)}: {error['msg']}"


def _no_list(field: str) -> str:
    return f'{_variable(field)} must be a JSON list of texts, such as ["a.example"]'


def _variable(field: str) -> str:
    return f"NEARHIT_{field.upper()}"
