"""What hits are measured with, and held against."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.load import load
from benchmarks.stored import bare, route
from service.app import create_app
from service.http.direct import DirectRoute
from service.lifecycle import Service
from service.settings import Settings
from tests.servers import serve

pytestmark = pytest.mark.anyio

BODY = b'{"cache":{"tier":"exact"}}'


@pytest.fixture
def asked() -> list[str]:
    """Queries in the order they came."""
    return []


@pytest.fixture
def port(asked: list[str]) -> Iterator[int]:
    """A server that answers each query with the tier it names."""

    async def answer(request: Request) -> Response:
        asked.append(request.query_params["q"])
        padding = " " * 200_000  # so that an answer comes in several pieces
        return Response(f'{{"tier":"{asked[-1]}"}}{padding}')

    with serve(Starlette(routes=[Route("/", answer)])) as url:
        yield int(url.rpartition(":")[2])


def test_every_target_is_asked_once_and_every_answer_counted(port: int, asked: list[str]):
    """However many connections share them."""
    ran = load(port, [f"/?q={tier}" for tier in ("exact", "exact", "semantic")], clients=2)

    assert ran.answers == {"exact": 2, "semantic": 1}
    assert ran.requests == 3
    assert sorted(asked) == ["exact", "exact", "semantic"]


def test_targets_are_asked_in_turn_until_the_time_is_over(port: int, asked: list[str]):
    """With seconds to go, what has been asked is asked again."""
    ran = load(port, ["/?q=exact", "/?q=pool"], clients=1, seconds=0.3)

    assert set(ran.answers) == {"exact", "pool"}
    assert asked[:4] == ["exact", "pool", "exact", "pool"]
    assert ran.seconds >= 0.3


@pytest.mark.parametrize("kind", [DirectRoute, APIRoute])
async def test_the_stand_in_takes_what_the_search_route_takes(kind):
    """Same parameters, same refusals, same headers; only the answer is stored."""
    settings = Settings(_env_file=None)
    stored, real = route(BODY, settings, kind), create_app(Service(settings))
    transport = httpx.ASGITransport(stored)
    async with httpx.AsyncClient(transport=transport, base_url="http://nearhit") as client:
        answer = await client.get("/search", params={"t": "horse", "s_query": "a horse"})
        refused = await client.get("/search", params={"t": "horse"})

    parameters = [app.openapi()["paths"]["/search"]["get"]["parameters"] for app in (stored, real)]
    assert parameters[0] == parameters[1]
    assert (answer.content, refused.status_code) == (BODY, 422)
    assert "X-Request-ID" in answer.headers


async def test_the_bare_one_answers_with_the_same_bytes():
    """With as little around them as HTTP allows."""
    transport = httpx.ASGITransport(bare(BODY))
    async with httpx.AsyncClient(transport=transport, base_url="http://nearhit") as client:
        answer = await client.get("/search")

    assert (answer.content, answer.headers["content-length"]) == (BODY, str(len(BODY)))
