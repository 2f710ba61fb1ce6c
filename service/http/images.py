"""GET /images/{id}."""

from hashlib import blake2b
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response

from service.http.running import Running, running
from service.http.schemas import Problem
from service.origin.shelf import PhotoSize
from service.sources.photos import media_type

__all__ = ["router"]

router = APIRouter(tags=["images"])

_CACHE_CONTROL = "public, max-age=604800, immutable"

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}}},
    304: {"description": "The copy at hand is right."},
    404: {"model": Problem, "description": "No such photo is known."},
    422: {"model": Problem, "description": "There is no such size."},
    502: {"model": Problem, "description": "What the source has is gone, or no photo."},
    503: {"model": Problem, "description": "Try again after `Retry-After` seconds."},
}


@router.get("/images/{photo_id}", response_class=Response, responses=_RESPONSES)
async def image(
    photo_id: str,
    service: Annotated[Running, Depends(running)],
    size: PhotoSize = PhotoSize.WEB,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Return a photo's bytes from the service's own files."""
    data = await service.shelf.image(photo_id, size)
    tag = f'"{blake2b(data, digest_size=12).hexdigest()}"'
    headers = {"Cache-Control": _CACHE_CONTROL, "ETag": tag, "X-Content-Type-Options": "nosniff"}
    if tag in (held.strip().removeprefix("W/") for held in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type(data), headers=headers)
