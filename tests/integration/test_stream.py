"""GET /search/stream, over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse

from service.app import create_app
from service.demo.lookalike.faults import Faults, PhotoFault
from service.lifecycle import Service
from service.settings import Settings
from tests.servers import serve, wait_until_ready

pytestmark = pytest.mark.anyio

PATIENCE_S = 20
ASKED = {"t": "horse", "s_query": "a white horse", "k": 2}


@pytest.fixture
def faults(source: Any) -> Faults:
    """What goes wrong at the source."""
    return source[0].state.faults


@pytest.fixture
def running(settings: Settings) -> Iterator[str]:
    """A service that is ready; its address."""
    hasty = settings.model_copy(update={"photo_timeout_s": 0.6, "downloads_per_host": 24})
    with serve(create_app(Service(hasty))) as url:
        wait_until_ready(url)
        yield url


@pytest.fixture
async def client(running: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it."""
    async with httpx.AsyncClient(base_url=running, timeout=PATIENCE_S) as client:
        yield client


@asynccontextmanager
async def stream(client: httpx.AsyncClient, **asked: object) -> AsyncIterator[AsyncIterator]:
    """Begin a search; yield its events."""
    async with aconnect_sse(client, "GET", "/search/stream", params=ASKED | asked) as source:
        events = source.aiter_sse()
        yield events
        await events.aclose()


async def everything(client: httpx.AsyncClient, **asked: object) -> list[ServerSentEvent]:
    async with stream(client, **asked) as events:
        return [event async for event in events]


def data_of(events: list[ServerSentEvent], name: str) -> list[dict[str, Any]]:
    return [json.loads(event.data) for event in events if event.event == name]


async def test_a_cold_search_tells_its_progress_and_ends_with_the_answer(
    client: httpx.AsyncClient, faults: Faults
):
    """Counts of photos first; last what `/search` answers from then on."""
    faults.photo_latency_s = 0.15

    events = await everything(client)
    same = (await client.get("/search", params=ASKED)).json()

    progress, (result,) = data_of(events, "progress"), data_of(events, "result")
    assert events[-1].event == "result"
    assert progress
    assert all(told["photos"] in {None, 12} for told in progress)
    assert (result["cache"]["tier"], same["cache"]["tier"]) == ("origin", "exact")
    assert result["results"] == same["results"]


async def test_the_best_so_far_have_the_shape_of_results(client: httpx.AsyncClient, faults: Faults):
    """A partial result is of photos like an answer's, best first, and is followed by the answer."""
    faults.photo_latency_s = 0.15

    events = await everything(client, t="meadow")

    partials, (result,) = data_of(events, "partial"), data_of(events, "result")
    assert partials
    for partial in partials:
        assert partial["encoded"] >= 24
        assert partial["results"][0].keys() == result["results"][0].keys()
        assert partial["top_scores"] == sorted(partial["top_scores"], reverse=True)


async def test_a_remembered_search_is_its_answer_alone(client: httpx.AsyncClient):
    """No photo is waited for, so there is nothing else to tell."""
    await client.get("/search", params=ASKED)

    events = await everything(client)

    assert [event.event for event in events] == ["result"]
    assert data_of(events, "result")[0]["cache"]["tier"] == "exact"


async def test_no_proxy_is_to_hold_events_back(client: httpx.AsyncClient):
    """The answer is an event stream that nobody buffers or keeps."""
    async with client.stream("GET", "/search/stream", params=ASKED) as answer:
        headers = answer.headers

    assert headers["Content-Type"].startswith("text/event-stream")
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-cache", "no")


@pytest.mark.parametrize(
    ("asked", "says"),
    [({"t": " "}, "`t` is empty"), ({"orientation": "round"}, "horizontal"), ({"k": 0}, "`k` is")],
)
async def test_what_is_wrong_with_a_search_is_said_before_it_begins(
    client: httpx.AsyncClient, asked: dict[str, object], says: str
):
    """A request that cannot be answered is a problem with a status, as at `/search`."""
    answer = await client.get("/search/stream", params=ASKED | asked)

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert says in answer.json()["detail"]


async def test_a_source_that_is_down_is_the_last_event(client: httpx.AsyncClient, faults: Faults):
    """A failure after the answer has begun is a problem as an event, and counted like any."""
    faults.api = "unavailable"

    events = await everything(client)
    figures = (await client.get("/metrics")).text

    (problem,) = data_of(events, "error")
    assert events[-1].event == "error"
    assert problem["type"] == "urn:nearhit:problem:source-unavailable"
    assert problem["status"] == 503
    assert problem["retry_after_s"] >= 1
    assert 'nearhit_problems_total{type="source-unavailable"} 1.0' in figures


@pytest.mark.parametrize("fault", ["endless", "slow"])
async def test_a_photo_that_never_ends_costs_the_others_nothing(
    client: httpx.AsyncClient, faults: Faults, source: Any, fault: PhotoFault
):
    """The rest is ranked once its time or size is over; it is told as one that cannot be had."""
    asked = {"key": "demo-key", "q": "horse"}
    hits = httpx.get(f"{source[1]}/api/", params=asked).json()["hits"]
    faults.photos[hits[0]["id"]] = fault
    faults.photo_latency_s = 0.15

    events = await everything(client, k=200)

    (result,) = data_of(events, "result")
    assert len(result["results"]) == len(hits) - 1 == 11
    assert data_of(events, "progress")[-1]["failed"] == 1


async def test_a_leaving_client_ends_its_stream_and_not_the_fetch(
    client: httpx.AsyncClient, faults: Faults, source: Any
):
    """Who goes has started what the next one finds finished: each photo asked for once."""
    faults.photo_latency_s = 0.3
    async with stream(client) as events:
        first = await anext(events)
    faults.photo_latency_s = 0.0
    async with asyncio.timeout(PATIENCE_S):
        while "nearhit_fetches 0.0" not in (await client.get("/metrics")).text:
            await asyncio.sleep(0.02)

    answer = (await client.get("/search", params=ASKED | {"s_query": "a brown horse"})).json()

    assert first.event == "progress"
    assert answer["cache"]["tier"] == "pool"
    asked = httpx.get(f"{source[1]}/counters").json()
    assert (asked["api_calls"], asked["photo_requests"]) == (1, {"640": 12})
