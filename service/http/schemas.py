"""The wire: what a search's parameters and answer look like."""

from collections.abc import Mapping
from typing import Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from cache.pools.filters import NO_FILTERS, Filters
from cache.pools.pool import Candidate
from service.answers import Found, Scored, SearchAnswer
from service.requests import MAX_K, SearchRequest

__all__ = ["CacheInfo", "Match", "Photo", "Problem", "SearchParameters", "SearchResult"]


class SearchParameters(BaseModel):
    """Query parameters of a search; any other is refused."""

    model_config = ConfigDict(extra="forbid")

    t: str = Field(
        description="Tag that pulls the pool of photos.",
        examples=["horse"],
    )
    s_query: str = Field(
        description="What the photos should show, in natural language.",
        examples=["horses amidst flowers"],
    )
    k: int = Field(3, description=f"Photos wanted, 1 to {MAX_K}.")
    min_similarity: float | None = Field(
        None,
        ge=-1,
        le=1,
        allow_inf_nan=False,
        description="Similarity a remembered query must reach, instead of the service's own.",
    )
    fresh: bool = Field(
        False, description="Pass over remembered answers and rank the warm pool for this query."
    )
    lang: str | None = Field(None, description="Language of the tag, as in `de`.")
    image_type: str | None = Field(None, description="`all`, `photo`, `illustration`, `vector`.")
    orientation: str | None = Field(None, description="`all`, `horizontal` or `vertical`.")
    category: str | None = Field(None, description="A category of the source, as in `animals`.")
    min_width: int | None = Field(None, ge=0, le=100_000, description="Pixels.")
    min_height: int | None = Field(None, ge=0, le=100_000, description="Pixels.")
    colors: str | None = Field(
        None, description="Colour names with commas between.", examples=["red,blue"]
    )
    editors_choice: bool | None = Field(None, description="Only what editors chose.")
    order: str | None = Field(None, description="`popular` or `latest`.")

    def request(self) -> SearchRequest:
        """
        Return the search these parameters ask for.

        Raises:
            BadRequest: If a text or number is out of range.
        """
        given = self.model_fields_set & _FILTERS
        return SearchRequest.checked(
            self.t,
            self.s_query,
            self.k,
            filters=Filters.of({n: getattr(self, n) for n in given}) if given else NO_FILTERS,
            min_similarity=self.min_similarity,
            fresh=self.fresh,
        )


_FILTERS = set(SearchParameters.model_fields) - {"t", "s_query", "k", "min_similarity", "fresh"}


class Photo(BaseModel):
    """One photo of an answer."""

    id: str
    score: float = Field(description="Cosine x the model's logit scale.")
    url: str = Field(description="The photo at its source; may expire.")
    image: str = Field(description="The photo from this service's own files.")
    page_url: str
    width: int
    height: int
    author: str
    author_url: str
    tags: list[str]
    source: str

    @classmethod
    def of(cls, scored: Scored) -> Self:
        """Put a scored candidate on the wire."""
        c = scored.candidate
        return cls(
            id=c.id,
            score=round(scored.score, 3),
            url=c.url,
            image=_image(c),
            page_url=c.page_url,
            width=c.width,
            height=c.height,
            author=c.author,
            author_url=c.author_url,
            tags=list(c.tags),
            source=c.source,
        )


class Match(BaseModel):
    """The remembered tag and query an answer comes from."""

    tag: str
    query: str


class Certificate(BaseModel):
    """What has been measured of the risk of semantic hits, and how sure that is."""

    loss: str
    risk: float
    confidence: float
    audits: int


class CacheInfo(BaseModel):
    """How an answer was come by."""

    tier: Literal["exact", "semantic", "pool", "near_pool", "origin"]
    similarity: float | None = Field(description="Cosine of the asked query to the matched one.")
    relation: Literal["same", "inflection", "across"] | None
    stored: bool = Field(description="Whether the entry behind the answer is in the store.")
    stale: bool
    age_s: float = Field(description="Seconds since what was remembered was made.")
    matched: Match | None
    certificate: Certificate | None

    @classmethod
    def of(cls, found: Found) -> Self:
        """Put the way of an answer on the wire."""
        entry = found.entry
        return cls(
            tier=found.tier.value,
            similarity=None if found.similarity is None else round(found.similarity, 3),
            relation=found.relation.value if found.relation else None,
            stored=found.stored,
            stale=False,
            age_s=round(max(0.0, found.age_s), 3),
            matched=Match(tag=entry.tag, query=entry.query) if entry else None,
            certificate=None,
        )


class SearchResult(BaseModel):
    """The answer to a search; `top_urls` and `top_scores` are the published contract."""

    top_urls: list[str]
    top_scores: list[float]
    results: list[Photo]
    cache: CacheInfo
    timings_ms: Mapping[str, float]

    @classmethod
    def of(cls, answer: SearchAnswer) -> Self:
        """Put an answer on the wire."""
        photos = [Photo.of(scored) for scored in answer.results]
        return cls(
            top_urls=[photo.url for photo in photos],
            top_scores=[photo.score for photo in photos],
            results=photos,
            cache=CacheInfo.of(answer.found),
            timings_ms={stage: round(ms, 3) for stage, ms in answer.timings_ms.items()},
        )


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(examples=["urn:nearhit:problem:bad-request"])
    title: str
    status: int
    detail: str = Field(description="What happened and, where it helps, what to do.")


def _image(candidate: Candidate) -> str:
    return f"/images/{quote(candidate.id, safe=':')}"
