"""GET /search, through the whole service."""

import asyncio
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import Message

from service.app import create_app
from service.lifecycle import Service
from tests.cache.replicas import wait_for
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio


async def ask(client: httpx.AsyncClient, t: str = "horse", q: str = "a horse", **rest: object):
    """Search and return the answer."""
    return await client.get("/search", params={"t": t, "s_query": q, **rest})


async def test_an_answer_has_the_published_shape(client: httpx.AsyncClient, source):
    """`top_urls` and `top_scores` come first and agree with the results in full."""
    body = (await ask(client, k=2)).json()

    assert list(body) == ["top_urls", "top_scores", "results", "cache", "timings_ms"]
    assert body["top_urls"] == [photo["url"] for photo in body["results"]]
    assert body["top_scores"] == [photo["score"] for photo in body["results"]]
    assert body["top_scores"] == sorted(body["top_scores"], reverse=True)
    photo = body["results"][0]
    assert photo["image"] == f"/images/{photo['id']}"
    assert photo["url"].startswith(source[1])
    assert (photo["source"], photo["width"], photo["height"]) == ("pixabay", 640, 427)
    assert "horse" in photo["tags"]


async def test_the_tiers_follow_each_other(client: httpx.AsyncClient):
    """Cold, then the same, then near enough, then not near enough."""
    answers = [
        await ask(client, q="a horse"),
        await ask(client, q="A  horse"),
        await ask(client, q="the horse", min_similarity=-1),
        await ask(client, q="the horse", min_similarity=1),
    ]

    caches = [answer.json()["cache"] for answer in answers]

    assert [cache["tier"] for cache in caches] == ["origin", "exact", "semantic", "pool"]
    assert caches[2]["matched"] == {"tag": "horse", "query": "a horse"}
    assert caches[2]["relation"] == "same"
    assert all(cache["stored"] for cache in caches)
    assert caches[0]["matched"] is None
    assert caches[2]["certificate"] is None


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({}, "`t` is missing"),
        ({"t": "horse"}, "`s_query` is missing"),
        ({"t": "", "s_query": "a horse"}, "`t` is empty"),
        ({"t": "horse", "s_query": " "}, "`s_query` is empty"),
        ({"t": "horse", "s_query": "a", "k": "0"}, "`k` is 0"),
        ({"t": "horse", "s_query": "a", "k": "many"}, "`k` is not right"),
        ({"t": "horse", "s_query": "a", "k": "9" * 30}, "`k`"),
        ({"t": "h" * 300, "s_query": "a"}, "300 characters"),
        ({"t": "hor\x07se", "s_query": "a"}, "control characters"),
        ({"t": "horse", "s_query": "q" * 10_000}, "10000 characters"),
        ({"t": "horse", "s_query": "a", "colour": "red"}, "no parameter `colour`"),
        ({"t": "horse", "s_query": "a", "orientation": "round"}, "horizontal"),
        ({"t": "horse", "s_query": "a", "colors": "mauve"}, "turquoise"),
        ({"t": "horse", "s_query": "a", "min_similarity": "2"}, "`min_similarity`"),
        ({"t": "horse", "s_query": "a", "min_similarity": "nan"}, "`min_similarity`"),
    ],
)
async def test_bad_input_is_422_with_a_sentence(
    client: httpx.AsyncClient, parameters: dict[str, str], says: str
):
    """Whatever is wrong, the answer is a problem that says what."""
    answer = await client.get("/search", params=parameters)

    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in problem["detail"]
    assert problem["type"].startswith("urn:nearhit:problem:")


async def test_an_empty_pool_is_an_empty_list(client: httpx.AsyncClient):
    """A tag nobody used is an answer, not an error."""
    answer = await ask(client, t="unicorn")

    assert answer.status_code == 200
    assert (answer.json()["top_urls"], answer.json()["results"]) == ([], [])


async def test_filters_reach_the_source(client: httpx.AsyncClient):
    """Drawn photos are wide, so no portrait is found among them."""
    assert (await ask(client, orientation="vertical")).json()["results"] == []
    assert (await ask(client, orientation="horizontal")).json()["results"] != []


@pytest.mark.parametrize("fault", ["truncated", "html", "huge", "bomb", "slow", "missing"])
async def test_one_broken_photo_never_fails_a_search(
    client: httpx.AsyncClient, source: tuple[Starlette, str], fault: str
):
    """However a photo is broken, the other eleven are ranked."""
    app, url = source
    listing = httpx.get(f"{url}/api/", params={"key": "demo-key", "q": "horse"}).json()
    broken = listing["hits"][3]["id"]
    app.state.faults.photos = {broken: fault}

    answer = await ask(client, k=20)

    photos = {photo["id"] for photo in answer.json()["results"]}
    assert photos == {f"pixabay:{hit['id']}" for hit in listing["hits"]} - {f"pixabay:{broken}"}


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("error", 503, "source-unavailable"),
        ("limit", 503, "quota-exhausted"),
        ("challenge", 503, "source-unavailable"),
        ("garbage", 503, "source-unavailable"),
    ],
)
async def test_a_source_on_a_bad_day_is_503_with_retry_after(
    client: httpx.AsyncClient,
    source: tuple[Starlette, str],
    fault: str,
    status: int,
    kind: str,
):
    """What the source cannot do now may be asked again later, and the header says when."""
    source[0].state.faults.api = fault

    answer = await ask(client)

    assert answer.status_code == status
    assert answer.json()["type"] == f"urn:nearhit:problem:{kind}"
    assert int(answer.headers["Retry-After"]) >= 1


async def test_a_warm_tag_is_searched_while_the_source_is_down(
    client: httpx.AsyncClient, source: tuple[Starlette, str]
):
    """Warm pools need no source."""
    await ask(client)
    source[0].state.faults.api = "error"

    answer = await ask(client, q="something else", min_similarity=1)

    assert answer.json()["cache"]["tier"] == "pool"


async def test_nothing_is_encoded_twice(
    client: httpx.AsyncClient, service: Service, clock: ManualClock
):
    """After 24 hours the pool is fetched again, and no photo is encoded again."""
    await ask(client)
    await asyncio.gather(*(ask(client, q=f"query {n}") for n in range(10)))
    images = service.running.clip.statistics().kinds["images"].items
    clock.advance(hours=24)

    answer = await ask(client)

    assert answer.json()["cache"]["tier"] == "origin"
    assert images == 12
    assert service.running.clip.statistics().kinds["images"].items == 12


async def test_a_client_that_goes_ends_its_search_and_leaves_its_pool(
    client: httpx.AsyncClient, service: Service, source: tuple[Starlette, str]
):
    """Nobody is answered, nothing waits for it any more, and the photos under way are kept."""
    source[0].state.faults.api_latency_s = 0.2
    gone, sent = asyncio.Event(), []

    async def receive() -> Message:
        if not sent:
            await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    target = httpx.Request("GET", "http://nearhit/search", params={"t": "horse", "s_query": "a"})
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/search",
        "query_string": target.url.query,
        "headers": [],
    }
    request = asyncio.create_task(create_app(service)(scope, receive, send))
    await wait_for(lambda: len(service.running.fetching) == 1)
    gone.set()
    await request

    assert sent[0]["status"] == 499
    await wait_for(lambda: len(service.running.fetching) == 0)
    assert (await ask(client)).json()["cache"]["tier"] == "pool"


async def test_every_answer_carries_a_request_id(client: httpx.AsyncClient):
    """A harmless id is kept, another one replaced."""
    kept = await client.get("/alive", headers={"X-Request-ID": "abc-1"})
    replaced = [await client.get("/alive", headers={"X-Request-ID": "a b; c"}) for _ in range(2)]

    assert kept.headers["X-Request-ID"] == "abc-1"
    ids = {answer.headers["X-Request-ID"] for answer in replaced}
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids)


async def test_pages_of_other_origins_may_read(client: httpx.AsyncClient):
    """CORS is open for reading unless the settings say otherwise."""
    answer = await client.get("/alive", headers={"Origin": "https://example.org"})

    assert answer.headers["access-control-allow-origin"] == "*"


async def test_other_errors_are_problems_too(client: httpx.AsyncClient):
    """Also what no route answers is a problem with a sentence."""
    answer = await client.get("/nowhere")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_wrong_method_is_a_problem(client: httpx.AsyncClient):
    """The allowed methods are still named in the header."""
    answer = await client.post("/search")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["status"] == 405
