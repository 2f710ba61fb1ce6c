"""GET /alive, /ready and /metrics: for machines."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse

from service.http.running import State, state

__all__ = ["router"]

router = APIRouter(tags=["operations"])


@router.get("/alive")
async def alive() -> dict[str, str]:
    """Answer as long as the event loop turns."""
    return {"status": "alive"}


@router.get("/ready", responses={503: {"description": "Not ready for traffic yet."}})
async def ready(service: Annotated[State, Depends(state)]) -> JSONResponse:
    """Say whether traffic may come: models loaded, store known, journal caught up."""
    is_ready, detail = await service.readiness()
    return JSONResponse({"ready": is_ready, **detail}, 200 if is_ready else 503)


@router.get("/metrics", response_class=Response)
async def metrics(service: Annotated[State, Depends(state)]) -> Response:
    """Return all metrics in Prometheus' text format; of all workers, where there are several."""
    return Response(await service.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")
