"""DELETE /cache/entries and POST /cache/warm: for admins."""

from typing import Annotated, Any, Literal, Self

import structlog
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from cache.memory import Deleted
from service.http.guard import BEARER, AdminRoute
from service.http.problems import Known
from service.http.running import Running, running
from service.http.schemas import Problem
from service.requests import checked_deletion
from service.warming import Outcome, Row, Warmed

__all__ = ["router"]

router = APIRouter(tags=["admin"], route_class=AdminRoute, dependencies=[Depends(BEARER)])

_MOST_ROWS = 100

_log = structlog.get_logger(__name__)

_RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "The admin token is missing or wrong."},
    403: {"model": Problem, "description": "The service has no admin token."},
    422: {"model": Problem, "description": "The request cannot be answered as it stands."},
    503: {"model": Problem, "description": "Try again after `Retry-After` seconds."},
}
_WITH_BODY: dict[int | str, dict[str, Any]] = {
    413: {"model": Problem, "description": "The body is longer than any such body can be."},
}


class DeletionParameters(BaseModel):
    """What is to be deleted; any other parameter is refused."""

    model_config = ConfigDict(extra="forbid")

    tag: str | None = Field(None, description="Entries and pools of this tag.", examples=["horse"])
    query: str | None = Field(
        None,
        description="Entries of this query, whatever their tag, or of this query under `tag`. "
        "Pools stay.",
    )
    all: bool = Field(False, description="All entries and pools; without `tag` and `query`.")


class DeletionResult(BaseModel):
    """What a deletion did."""

    position: int = Field(description="Of the deletion in the journal.")
    entries: int = Field(description="Entries this replica had.")
    pools: int = Field(description="Pools this replica knew.")
    note: str = Field(description="What becomes of other replicas.")

    @classmethod
    def of(cls, deleted: Deleted) -> Self:
        """Put a deletion on the wire."""
        return cls(
            position=deleted.position,
            entries=deleted.entries,
            pools=deleted.pools,
            note="Counted on this replica; the others follow as soon as they have read the "
            f"journal up to position {deleted.position}.",
        )


class SearchToWarm(BaseModel):
    """A search to be remembered."""

    model_config = ConfigDict(extra="forbid")

    tag: str = Field(examples=["horse"])
    query: str = Field(examples=["horses amidst flowers"])


class WarmBody(BaseModel):
    """Searches to be remembered."""

    model_config = ConfigDict(extra="forbid")

    searches: list[SearchToWarm] = Field(min_length=1, max_length=_MOST_ROWS)


class WarmedSearch(BaseModel):
    """What became of one search."""

    tag: str
    query: str
    outcome: Literal["known", "stored", "empty", "waiting", "failed"] = Field(
        description="`known`: remembered already; `stored`: ranked and remembered now; `empty`: "
        "the source has no photos for the tag; `waiting`: ask again after `retry_after_s`."
    )
    type: str | None = Field(description="Of the problem, where there is one.")
    detail: str | None = Field(description="The problem's sentence.")
    retry_after_s: float | None

    @classmethod
    def of(cls, row: Row, warmed: Warmed) -> Self:
        """Put a row's outcome on the wire."""
        known = None if warmed.reason is None else Known.of(warmed.reason)
        return cls(
            tag=row.tag,
            query=row.query,
            outcome=warmed.outcome.value,
            type=known and known.type,
            detail=known and known.detail,
            retry_after_s=known and known.retry_after_s,
        )


class WarmResult(BaseModel):
    """What became of each search, in the order they were sent, and how many came to what."""

    counts: dict[Outcome, int]
    searches: list[WarmedSearch]


@router.delete("/cache/entries", responses=_RESPONSES)
async def delete_entries(
    parameters: Annotated[DeletionParameters, Query()],
    service: Annotated[Running, Depends(running)],
) -> DeletionResult:
    """Delete what is remembered, on every replica; files of photos stay."""
    deletion = checked_deletion(parameters.tag, parameters.query, everything=parameters.all)
    deleted = await service.memory.delete(deletion)
    _log.info("deleted", position=deleted.position, entries=deleted.entries, pools=deleted.pools)
    return DeletionResult.of(deleted)


@router.post("/cache/warm", responses=_RESPONSES | _WITH_BODY)
async def warm(body: WarmBody, service: Annotated[Running, Depends(running)]) -> WarmResult:
    """Run searches one after another so that they are remembered, out of people's way."""
    rows = [Row(search.tag, search.query) for search in body.searches]
    warmed = await service.warming.run(rows)
    counts = dict.fromkeys(Outcome, 0)
    for one in warmed:
        counts[one.outcome] += 1
    return WarmResult(
        counts=counts,
        searches=[WarmedSearch.of(row, one) for row, one in zip(rows, warmed, strict=True)],
    )
