"""A site to browse, and a browser."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.tools import browser as browser_path

WEB = Path(__file__).parents[2] / "service" / "web"
# What the page is meant to live with
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
PHOTO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 2"><rect width="3" height="2"/></svg>'
)
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


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Base URL of a running site with photos for most tags, and none for `unicorn`."""
    with running(stub()) as url:
        yield url


@pytest.fixture(scope="session")
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


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an app on a free port of loopback, in a thread, while the block lasts."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, name="site")
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the site did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def stub() -> FastAPI:
    """The real page over canned answers: the first of a kind from the origin, then exact."""
    app = FastAPI()
    seen: set[tuple[str, str]] = set()

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @app.get("/")
    async def home() -> FileResponse:
        return FileResponse(WEB / "index.html")

    @app.get("/images/{photo}")
    async def image(photo: str) -> Response:
        return Response(PHOTO, media_type="image/svg+xml")

    @app.get("/search")
    async def search(t: str, s_query: str, k: int) -> Response:
        if not t.strip():
            problem = {"type": "/problems/bad-request", "detail": "The tag (t) is empty."}
            return JSONResponse(problem, 422, media_type="application/problem+json")
        tier = "exact" if (t, s_query) in seen else "origin"
        seen.add((t, s_query))
        return JSONResponse(answer(t, tier, 0 if t == "unicorn" else k))

    app.mount("/static", StaticFiles(directory=WEB))
    return app


def answer(tag: str, tier: str, count: int) -> dict[str, Any]:
    """Return an answer of the search API, with photos by `author 0` and so on."""
    results = [
        {
            "id": f"pixabay:{place}",
            "score": 34.9 - place,
            "url": f"https://cdn.pixabay.com/{place}.jpg",
            "image": f"/images/pixabay:{place}",
            "page_url": f"https://pixabay.com/photos/{place}/",
            "width": 640,
            "height": 427,
            "author": f"author {place}",
            "author_url": f"https://pixabay.com/users/{place}/",
            "tags": [tag],
            "source": "pixabay",
        }
        for place in range(count)
    ]
    return {
        "top_urls": [result["url"] for result in results],
        "top_scores": [result["score"] for result in results],
        "results": results,
        "cache": {
            "tier": tier,
            "similarity": None,
            "relation": None,
            "stored": True,
            "stale": False,
            "age_s": 3.0,
            "matched": None,
            "certificate": None,
        },
        "timings_ms": {"total": 3.1, "encode": 1.9, "lookup": 0.2},
    }
