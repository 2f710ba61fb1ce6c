"""
What an exact hit is held against: servers that return stored bytes, each a process of its own.

`python -m benchmarks.stored PORT route|fastapi|bare FILE` serves the file: as what the
search route answers, with its parameters, its middleware and its server; the same by an
ordinary route of FastAPI; or as what a bare ASGI application does.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from cache.clock import SystemClock
from service.app import surround
from service.cli.serving import server_config
from service.http.direct import DirectRoute
from service.http.running import running
from service.http.schemas import SearchParameters
from service.settings import Settings
from service.telemetry import logs
from service.telemetry.counters import Counters

__all__ = ["bare", "route"]


@dataclass(frozen=True, slots=True)
class _Started:
    """As much of a service as the route's dependencies ask for."""

    running: object


def route(body: bytes, settings: Settings, kind: type[APIRoute]) -> FastAPI:
    """Return the search route, and what is around it, over stored bytes."""
    router = APIRouter(route_class=kind)

    @router.get("/search")
    async def search(
        parameters: Annotated[SearchParameters, Query()],
        service: Annotated[object, Depends(running)],
        request: Request,
    ) -> Response:
        return Response(body, media_type="application/json")

    app = FastAPI(docs_url=None, redoc_url=None)
    app.state.service = _Started(running=object())
    app.router.routes.extend(router.routes)
    surround(app, settings, SystemClock(), Counters())
    return app


def bare(body: bytes) -> ASGIApp:
    """Return an application that answers everything with the same bytes."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _main() -> None:
    port, which, file = sys.argv[1:]
    logs.configure("WARNING")
    settings = Settings(_env_file=None, host="127.0.0.1", port=int(port))
    body = Path(file).read_bytes()
    kinds = {"route": DirectRoute, "fastapi": APIRoute}
    app: ASGIApp = route(body, settings, kinds[which]) if which in kinds else bare(body)
    uvicorn.Server(server_config(app, settings, lifespan="off")).run()


if __name__ == "__main__":
    _main()
