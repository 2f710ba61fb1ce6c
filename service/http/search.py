"""GET /search."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from service.http.direct import DirectRoute
from service.http.leaving import ClientGone, WhileConnected
from service.http.running import Running, running
from service.http.schemas import Problem, SearchParameters, SearchResult
from service.http.wire import answer_bytes

__all__ = ["router"]

router = APIRouter(tags=["search"], route_class=DirectRoute)

_EXAMPLE = {
    "top_urls": ["https://pixabay.com/get/g1b2_640.jpg"],
    "top_scores": [34.922],
    "results": [
        {
            "id": "pixabay:195893",
            "score": 34.922,
            "url": "https://pixabay.com/get/g1b2_640.jpg",
            "image": "/images/pixabay:195893",
            "page_url": "https://pixabay.com/photos/id-195893/",
            "width": 640,
            "height": 427,
            "author": "Jane",
            "author_url": "https://pixabay.com/users/Jane-48777/",
            "tags": ["horse", "meadow"],
            "source": "pixabay",
        }
    ],
    "cache": {
        "tier": "semantic",
        "similarity": 0.941,
        "relation": "same",
        "stored": True,
        "stale": False,
        "age_s": 812.4,
        "matched": {"tag": "horse", "query": "horse in a field of flowers"},
        "certificate": None,
    },
    "timings_ms": {"total": 3.1, "encode": 1.9, "lookup": 0.2},
}

_CLIENT_GONE = 499
"""As nginx has it; nobody receives it, and the log shows it."""

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"example": _EXAMPLE}}},
    422: {"model": Problem, "description": "The request cannot be answered as it stands."},
    502: {"model": Problem, "description": "The photo source refuses our requests."},
    503: {"model": Problem, "description": "Try again after `Retry-After` seconds."},
}


@router.get("/search", response_model=SearchResult, responses=_RESPONSES)
async def search(
    parameters: Annotated[SearchParameters, Query()],
    service: Annotated[Running, Depends(running)],
    request: Request,
) -> Response:
    """Find photos of a tag that show what a query says."""
    while_connected = partial(WhileConnected, request.receive)
    try:
        answer = await service.search.run(parameters.request(), while_waiting=while_connected)
    except ClientGone:
        return Response(status_code=_CLIENT_GONE)
    return Response(answer_bytes(answer), media_type="application/json")
