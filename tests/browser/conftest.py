"""A site to browse, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.applications import Starlette

from service.demo.lookalike import lookalike
from service.demo.lookalike.faults import Faults
from tests.servers import serve_nearhit
from tests.tools import browser as browser_path

# Nothing but the site under test is to be reached
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def source(drawn_photos: Path) -> Starlette:
    """The look-alike behind the site."""
    return lookalike(drawn_photos)


@pytest.fixture
def faults(source: Starlette) -> Iterator[Faults]:
    """What goes wrong at the source during a test."""
    faults: Faults = source.state.faults
    yield faults
    faults.photo_latency_s, faults.api = 0.0, None


@pytest.fixture(scope="module")
def site(
    source: Starlette, tiny_models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Base URL of the real service over a look-alike; it has no photos of `unicorn`."""
    with serve_nearhit(
        source, tiny_models, tmp_path_factory.mktemp("site"), downloads_per_host=24
    ) as url:
        yield url


# Not for the session: Playwright's own event loop would be in the way of async tests.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser, never one of Playwright's own downloads."""
    path = browser_path()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(chromium: Browser, site: str) -> Iterator[Page]:
    """A fresh page that knows where the site is, and must see no error of its own."""
    errors: list[str] = []
    context = chromium.new_context(base_url=site)
    context.set_default_timeout(15_000)
    expect.set_options(timeout=15_000)
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))

    yield page

    context.close()
    assert errors == []
