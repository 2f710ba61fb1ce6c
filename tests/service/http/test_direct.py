"""Parameters that are read without FastAPI: they come out as it reads them."""

from types import SimpleNamespace
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.routing import APIRoute
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http.direct import DirectRoute
from service.http.problems import Problems
from service.http.running import running
from service.http.schemas import SearchParameters
from service.telemetry.counters import Counters

pytestmark = pytest.mark.anyio

NAMES = [
    "t",
    "s_query",
    "k",
    "min_similarity",
    "fresh",
    "min_width",
    "colors",
    "nonsense",
    "body",
    "",
]
VALUES = ["", "horse", "3", "0.5", "nan", "inf", "true", "yes", "-1", "1e400", "ü %", "a&b", "\x00"]


def app_of(route_class, service=object()):  # noqa: B008 - any object will do
    """An application with one route, which answers with the parameters it was called with."""
    router = APIRouter(route_class=route_class)

    @router.get("/search")
    async def search(
        parameters: Annotated[SearchParameters, Query()],
        service: Annotated[object, Depends(running)],
        request: Request,
    ) -> Response:
        assert request.url.path == "/search"
        return Response(f"{parameters!r} {sorted(parameters.model_fields_set)}")

    app = FastAPI()
    app.state.service = SimpleNamespace(running=service)
    app.include_router(router)
    Problems(Counters()).install(app)
    return app


async def nothing(parameters: SearchParameters) -> None:
    """An endpoint."""


async def answer(app, query):
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        got = await client.get(httpx.URL("http://test/search", query=query))
    return got.status_code, got.text


@pytest.mark.parametrize(
    "query",
    [
        b"t=horse&s_query=horses+amidst+flowers",
        b"t=horse&s_query=x&k=7&fresh=1&min_similarity=0.9&colors=red,blue&editors_choice=off",
        b"t=horse&t=cow&s_query=x",
        b"t=horse&s_query=",
        b"t=horse&s_query",
        b"t=horse",
        b"",
        b"&&",
        b"=x",
        b"t=horse&s_query=x&k=three",
        b"t=horse&s_query=x&k=",
        b"t=horse&s_query=x&k=1&k=oops",
        b"t=horse&s_query=x&nonsense=1&more=2",
        b"t=horse&s_query=x&body=1",
        b"t=%ff%fe&s_query=%E4%BD%A0",
        b"t=a;b&s_query=x%00y",
        b"t=horse&s_query=x&min_similarity=nan",
        b"t=horse&s_query=x&min_similarity=2&fresh=maybe&min_width=-1",
    ],
)
async def test_parameters_are_those_of_an_ordinary_route(query):
    """A query string means the same and is refused in the same words."""
    assert await answer(app_of(DirectRoute), query) == await answer(app_of(APIRoute), query)


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text()), max_size=6))
@settings(max_examples=60, deadline=None)
async def test_any_parameters_are_those_of_an_ordinary_route(given_):
    """Whatever is asked."""
    query = str(httpx.QueryParams(given_)).encode()

    assert await answer(app_of(DirectRoute), query) == await answer(app_of(APIRoute), query)


@pytest.mark.parametrize("query", [b"t=horse&s_query=x", b"t=horse"])
async def test_the_service_must_run(query):
    """While the models load there is a sentence that says so, whatever is asked."""
    status, text = await answer(app_of(DirectRoute, service=None), query)

    assert status == 503
    assert "still loading" in text
    assert (status, text) == await answer(app_of(APIRoute, service=None), query)


def test_what_would_not_be_heeded_may_not_be_declared():
    """A dependency that guards a route would let everybody pass."""
    with pytest.raises(AssertionError, match="nothing would call"):
        APIRouter(route_class=DirectRoute, dependencies=[Depends(running)]).get("/search")(nothing)
    with pytest.raises(AssertionError, match="own response"):
        APIRouter(route_class=DirectRoute).get("/search", status_code=201)(nothing)


async def test_it_is_described_as_an_ordinary_route_is():
    """The API's page shows the same."""
    assert app_of(DirectRoute).openapi() == app_of(APIRoute).openapi()
