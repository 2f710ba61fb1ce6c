"""Programs that tests drive and that pip does not install."""

import os
import shutil
from typing import NoReturn

import pytest

__all__ = ["browser", "require"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def require(name: str) -> str:
    """Return the path of a program; without it skip the test, or fail it where CI=true."""
    return shutil.which(name) or _missing(name)


def browser() -> str:
    """Return the path of a Chromium; without one skip the test, or fail it where CI=true."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None) or _missing("chromium")


def _missing(name: str) -> NoReturn:
    reason = f"{name} is not on the PATH; tests/system-packages installs it"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason)
    pytest.skip(reason)
