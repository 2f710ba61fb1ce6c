"""GET /cache/stats."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from service.http.running import State, state

__all__ = ["router"]

router = APIRouter(tags=["cache"])


@router.get("/cache/stats")
async def cache_statistics(service: Annotated[State, Depends(state)]) -> dict[str, Any]:
    """Return counts, shares and times of this process and of all of them."""
    return dict(await service.statistics())
