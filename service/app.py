"""The application: routes, middleware and the service behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware

from cache.clock import Clock
from service.http import admin, health, images, search, stats, stream
from service.http.access import AccessLog
from service.http.problems import Problems
from service.lifecycle import Service
from service.settings import Settings
from service.telemetry.counters import Counters

__all__ = ["create_app", "surround"]

_WEB = Path(__file__).parent / "web"

_CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'"


def create_app(service: Service) -> FastAPI:
    """
    Build the application around a service, which its lifespan starts and ends.

    Args:
        service: Not started yet; the app owns it from here on.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service:
            yield

    app = FastAPI(
        title="nearhit",
        version=version("nearhit"),
        summary="Picture search in natural language, with a semantic cache.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    # First, and not as a router of its own, in which a request would have to look again.
    app.router.routes.extend(search.router.routes)
    for routes in (stream, images, stats, admin, health):
        app.include_router(routes.router)
    _add_pages(app)
    _add_api_page(app)
    surround(app, service.settings, service.clock, service.counters)
    return app


def surround(app: FastAPI, settings: Settings, clock: Clock, counters: Counters) -> None:
    """
    Put around routes what is around all of ours: problems, CORS, request ids and the access log.

    Args:
        app: Has the routes.
        settings: Say which other origins may read.
        clock: Measures requests.
        counters: Counts problems.
    """
    app.state.problems = problems = Problems(counters)
    problems.install(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET"],
        expose_headers=["X-Request-ID", "Retry-After"],
    )
    app.add_middleware(AccessLog, clock=clock, unforeseen=problems.unforeseen)


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def search_page() -> FileResponse:
        headers = {"Content-Security-Policy": _CONTENT_SECURITY_POLICY}
        return FileResponse(_WEB / "index.html", headers=headers)

    @app.get("/favicon.ico", include_in_schema=False)
    async def favicon() -> FileResponse:
        return FileResponse(_WEB / "favicon.svg", media_type="image/svg+xml")

    app.mount("/static", StaticFiles(directory=_WEB), name="static")


def _add_api_page(app: FastAPI) -> None:
    """Serve the API's page from a package: FastAPI's own would load it from the internet."""
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_swagger", "resources")]))

    @app.get("/docs", include_in_schema=False)
    async def api_page() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="nearhit API",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/static/favicon.svg",
        )
