"""GET /search/stream: a search as it goes on, as server-sent events."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

from service.http.problems import Problems
from service.http.running import Running, running
from service.http.schemas import Photo, Problem, SearchParameters
from service.http.wire import answer_bytes
from service.origin.progress import Progress
from service.streaming import Event, Partial

__all__ = ["FetchProgress", "PartialResult", "router"]

router = APIRouter(tags=["search"])


class FetchProgress(BaseModel):
    """How far the tag's photos are; event `progress`."""

    photos: int | None = Field(
        description="How many there are in all; null until the source has answered."
    )
    fetched: int = Field(description="Photos that have arrived, or were known before.")
    encoded: int = Field(description="Those of them that can be ranked by now.")
    failed: int = Field(description="Photos that cannot be had.")

    @classmethod
    def of(cls, progress: Progress) -> Self:
        """Put a fetch's progress on the wire."""
        return cls(
            photos=progress.photos,
            fetched=progress.fetched,
            encoded=progress.encoded,
            failed=progress.failed,
        )


class PartialResult(BaseModel):
    """The best photos so far; event `partial`."""

    top_urls: list[str]
    top_scores: list[float]
    results: list[Photo]
    encoded: int = Field(description="Photos these are the best of.")

    @classmethod
    def of(cls, partial: Partial) -> Self:
        """Put the best so far on the wire."""
        photos = [Photo.of(scored) for scored in partial.results]
        return cls(
            top_urls=[photo.url for photo in photos],
            top_scores=[photo.score for photo in photos],
            results=photos,
            encoded=partial.encoded,
        )


_EXAMPLE = """\
event: progress
data: {"photos":100,"fetched":31,"encoded":24,"failed":0}

event: partial
data: {"top_urls":["https://…"],"top_scores":[31.2],"results":[{"id":"pixabay:195893","…":"…"}],"encoded":24}

event: result
data: {"top_urls":["https://…"],"top_scores":[34.922],"results":[{"…":"…"}],"cache":{"…":"…"},"timings_ms":{"…":0}}

"""

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`progress` and `partial` while a cold tag's photos arrive, then `result`, "
        "which is what `/search` answers, or `error`, whose data is a problem with "
        "`retry_after_s` beside it. The stream then ends: a client that connects again by itself, "
        "as `EventSource` does, must close it.",
        "content": {"text/event-stream": {"example": _EXAMPLE}},
    },
    422: {"model": Problem, "description": "The request cannot be answered as it stands."},
    503: {"model": Problem, "description": "Try again after `Retry-After` seconds."},
}


async def _problems(connection: HTTPConnection) -> Problems:
    """Return what turns errors of this app into problems."""
    problems: Problems = connection.app.state.problems
    return problems


async def _begun(
    parameters: Annotated[SearchParameters, Query()],
    service: Annotated[Running, Depends(running)],
) -> AsyncIterator[AsyncGenerator[Event, None]]:
    """Begin a search; what is wrong with it is answered before the first event."""
    # Closed with the request, whether or not anybody has taken all events
    async with aclosing(service.streaming.run(parameters.request())) as events:
        yield events


@router.get("/search/stream", response_class=EventSourceResponse, responses=_RESPONSES)
async def stream(
    events: Annotated[AsyncGenerator[Event, None], Depends(_begun)],
    problems: Annotated[Problems, Depends(_problems)],
) -> AsyncIterator[ServerSentEvent]:
    """Find photos as `/search` does, and show how a cold tag's photos come along."""
    try:
        async for event in events:
            yield _sent(event)
    except Exception as exc:  # noqa: BLE001 - the answer has begun: nothing behind us could say it
        yield ServerSentEvent(event="error", data=problems.in_stream(exc))


def _sent(event: Event) -> ServerSentEvent:
    match event:
        case Progress():
            return ServerSentEvent(event="progress", data=FetchProgress.of(event))
        case Partial():
            return ServerSentEvent(event="partial", data=PartialResult.of(event))
        case answer:
            return ServerSentEvent(event="result", raw_data=answer_bytes(answer).decode())
