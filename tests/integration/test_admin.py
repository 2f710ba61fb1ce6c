"""Deleting and warming, through the whole service."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from fastapi.openapi.utils import get_openapi
from pydantic import SecretStr
from starlette.applications import Starlette

from service.app import create_app
from service.lifecycle import Service
from service.settings import Settings
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

TOKEN = "a-token-of-enough-letters"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a service that has an admin."""
    return settings.model_copy(update={"admin_token": SecretStr(TOKEN)})


@pytest.fixture
async def other(settings: Settings, clock: ManualClock) -> AsyncIterator[Service]:
    """Another replica over the same store."""
    async with Service(settings, clock=clock) as service:
        await service.started()
        yield service


async def ask(client: httpx.AsyncClient, t: str = "horse", q: str = "a horse") -> str:
    """Search for exactly this and return the tier."""
    answer = await client.get("/search", params={"t": t, "s_query": q, "min_similarity": 1})
    return str(answer.json()["cache"]["tier"])


async def delete(client: httpx.AsyncClient, **parameters: str) -> httpx.Response:
    """Delete as an admin."""
    return await client.delete("/cache/entries", params=parameters, headers=ADMIN)


async def warm(client: httpx.AsyncClient, *rows: tuple[str, str]) -> httpx.Response:
    """Warm as an admin."""
    searches = [{"tag": tag, "query": query} for tag, query in rows]
    return await client.post("/cache/warm", json={"searches": searches}, headers=ADMIN)


def outcomes(answer: httpx.Response) -> list[str]:
    """Return what became of each row."""
    assert answer.status_code == 200, answer.text
    return [search["outcome"] for search in answer.json()["searches"]]


def problem(answer: httpx.Response) -> str:
    """Return the last part of a problem's type."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return str(answer.json()["type"]).removeprefix("urn:nearhit:problem:")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer Tökén"],
)
@pytest.mark.parametrize("call", ["DELETE /cache/entries?all=true", "POST /cache/warm"])
async def test_without_the_token_an_admins_call_is_401(
    client: httpx.AsyncClient, call: str, header: str
):
    """A missing or wrong token is a problem that names the scheme and tells no token."""
    method, path = call.split()

    answer = await client.request(method, path, headers={"Authorization": header.encode()})

    assert (answer.status_code, problem(answer)) == (401, "admin-token-rejected")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in answer.text


async def test_the_scheme_may_be_written_in_any_case(client: httpx.AsyncClient):
    """`bearer` is `Bearer` (RFC 9110, section 11.1)."""
    headers = {"Authorization": f"bearer {TOKEN}"}

    answer = await client.delete("/cache/entries?all=true", headers=headers)

    assert answer.status_code == 200


async def test_the_token_is_looked_at_before_the_body(client: httpx.AsyncClient):
    """Who is no admin cannot even have a body parsed."""
    answer = await client.post("/cache/warm", content=b"{", headers={"Authorization": "Bearer x"})

    assert answer.status_code == 401


@pytest.mark.parametrize("call", ["DELETE /cache/entries?all=true", "POST /cache/warm"])
async def test_without_a_token_in_the_settings_admins_calls_are_closed(
    settings: Settings, call: str
):
    """Nobody is let in by a service that has nothing to compare; it says what to set."""
    closed = Service(settings.model_copy(update={"admin_token": None}))
    transport = httpx.ASGITransport(create_app(closed))
    method, path = call.split()

    async with httpx.AsyncClient(transport=transport, base_url="http://nearhit") as client:
        answer = await client.request(method, path, headers=ADMIN)

    assert (answer.status_code, problem(answer)) == (403, "admin-token-unset")
    assert "NEARHIT_ADMIN_TOKEN" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["DELETE", "POST"])
async def test_pages_of_other_origins_may_not_act_as_admins(client: httpx.AsyncClient, method: str):
    """A browser asks first, and is told that neither method nor header is allowed."""
    path = "/cache/entries" if method == "DELETE" else "/cache/warm"
    asks = {
        "Origin": "https://example.org",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }

    answer = await client.options(path, headers=asks)

    assert answer.status_code == 400
    assert method not in answer.headers["access-control-allow-methods"]


async def test_the_token_is_never_logged(client: httpx.AsyncClient):
    """Neither what is right nor what was tried, nor the texts that were sent."""
    with structlog.testing.capture_logs() as logs:
        await delete(client, tag="secretive")
        await warm(client, ("secretive", "a secretive horse"))
        await client.delete("/cache/entries", headers={"Authorization": "Bearer guessed-wrong"})

    told = json.dumps(logs)
    assert {"deleted", "warmed"} <= {line["event"] for line in logs}
    assert not any(word in told for word in (TOKEN, "guessed-wrong", "secretive"))


async def test_a_deleted_tag_takes_its_pools_along(client: httpx.AsyncClient):
    """Every entry of the tag goes, and its photos are fetched anew; other tags stay."""
    for tag, query in (("horse", "a horse"), ("horse", "two horses"), ("dog", "a dog")):
        await ask(client, tag, query)

    answer = await delete(client, tag="  HORSE ")

    body = answer.json()
    assert (answer.status_code, body["entries"], body["pools"]) == (200, 2, 1)
    assert f"position {body['position']}" in body["note"]
    assert [await ask(client), await ask(client, "dog", "a dog")] == ["origin", "exact"]


async def test_a_deleted_query_leaves_pools(client: httpx.AsyncClient):
    """The query goes under every tag, and is ranked anew over the pool that is there."""
    for tag, query in (("horse", "a meadow"), ("dog", "a meadow"), ("dog", "a dog")):
        await ask(client, tag, query)

    answer = await delete(client, query="A  Meadow")

    assert (answer.json()["entries"], answer.json()["pools"]) == (2, 0)
    tiers = [await ask(client, t, q) for t, q in (("horse", "a meadow"), ("dog", "a dog"))]
    assert tiers == ["pool", "exact"]


async def test_a_deleted_query_of_a_tag_leaves_it_to_other_tags(client: httpx.AsyncClient):
    """Tag and query together name one search."""
    for tag in ("horse", "dog"):
        await ask(client, tag, "a meadow")

    answer = await delete(client, tag="horse", query="a meadow")

    assert (answer.json()["entries"], answer.json()["pools"]) == (1, 0)
    assert [await ask(client, t, "a meadow") for t in ("horse", "dog")] == ["pool", "exact"]


async def test_all_of_it_can_be_deleted(client: httpx.AsyncClient):
    """Entries and pools of every tag go."""
    for tag in ("horse", "dog"):
        await ask(client, tag, "a meadow")

    answer = await delete(client, all="true")

    assert (answer.json()["entries"], answer.json()["pools"]) == (2, 2)
    assert [await ask(client, t, "a meadow") for t in ("horse", "dog")] == ["origin", "origin"]


async def test_what_is_deleted_here_is_deleted_on_other_replicas(
    client: httpx.AsyncClient, other: Service
):
    """Another replica that has read the journal so far does not serve it either."""
    await ask(client)
    await other.running.memory.follower.reach(2)
    before = len(other.running.memory.entries)

    position = (await delete(client, tag="horse")).json()["position"]
    async with asyncio.timeout(10):
        await other.running.memory.follower.reach(position)

    assert (before, len(other.running.memory.entries)) == (1, 0)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({}, "Say what to delete"),
        ({"all": "false"}, "Say what to delete"),
        ({"all": "true", "tag": "horse"}, "`all=true` alone"),
        ({"all": "true", "query": "a horse"}, "`all=true` alone"),
        ({"all": "perhaps"}, "`all` is not right"),
        ({"tag": ""}, "`tag` is empty"),
        ({"query": " "}, "`query` is empty"),
        ({"tag": "t" * 101}, "101 characters"),
        ({"t": "horse"}, "no parameter `t`"),
    ],
)
async def test_a_deletion_of_nothing_in_particular_is_422(
    client: httpx.AsyncClient, parameters: dict[str, str], says: str
):
    """What is to go is said in one way or not at all, and nothing goes otherwise."""
    await ask(client)

    answer = await delete(client, **parameters)

    assert (answer.status_code, problem(answer)) == (422, "bad-request")
    assert says in answer.json()["detail"]
    assert await ask(client) == "exact"


async def test_a_deletion_the_store_does_not_take_is_503(
    client: httpx.AsyncClient, service: Service
):
    """What other replicas cannot be told of is not deleted here either."""
    await ask(client)
    await service.running.store.aclose()

    answer = await delete(client, tag="horse")

    assert (answer.status_code, problem(answer)) == (503, "store-unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert len(service.running.memory.entries) == 1


async def test_warmed_searches_are_remembered(client: httpx.AsyncClient):
    """A search that was warmed is answered without a model when somebody asks."""
    answer = await warm(client, ("Horse", " a horse"), ("horse", "two horses"), ("dog", "a dog"))

    assert outcomes(answer) == ["stored", "stored", "stored"]
    assert answer.json()["counts"]["stored"] == 3
    assert [await ask(client), await ask(client, "dog", "a dog")] == ["exact", "exact"]


async def test_what_is_remembered_is_not_warmed_again(client: httpx.AsyncClient, service: Service):
    """A second run asks neither the source nor a model."""
    rows = [("horse", "a horse"), ("dog", "a dog")]
    await warm(client, *rows)
    asked = service.running.query.statistics().kinds["queries"].items

    again = await warm(client, *rows)

    assert outcomes(again) == ["known", "known"]
    assert service.running.query.statistics().kinds["queries"].items == asked


async def test_a_near_search_does_not_stand_in_for_a_warmed_one(client: httpx.AsyncClient):
    """What would be served from a neighbour is ranked for itself."""
    await ask(client, q="a horse")
    near = {"t": "horse", "s_query": "the horse", "min_similarity": -1}

    answer = await warm(client, ("horse", "the horse"))

    assert outcomes(answer) == ["stored"]
    assert (await client.get("/search", params=near)).json()["cache"]["tier"] == "exact"


async def test_warming_counts_as_nobodys_search(client: httpx.AsyncClient):
    """Shares and times by tier speak of what people asked."""
    await warm(client, ("horse", "a horse"))
    await warm(client, ("horse", "a horse"))

    replica = (await client.get("/cache/stats")).json()["replica"]

    assert (replica["searches"], replica["latency_ms"]) == (0, {})
    assert replica["encoder_seconds"]["avoided"] == 0


async def test_a_tag_without_photos_is_empty(client: httpx.AsyncClient):
    """There is nothing to remember, and no error either."""
    assert outcomes(await warm(client, ("unicorn", "a unicorn"))) == ["empty"]


async def test_one_bad_row_does_not_fail_the_others(client: httpx.AsyncClient):
    """A row that cannot be searched for comes back with the problem it is."""
    answer = await warm(client, ("horse", "a horse"), (" ", "a dog"), ("dog", "a dog"))

    bad = answer.json()["searches"][1]
    assert outcomes(answer) == ["stored", "failed", "stored"]
    assert bad["type"] == "urn:nearhit:problem:bad-request"
    assert "is empty" in bad["detail"]
    assert bad["retry_after_s"] is None


async def test_rows_of_a_source_on_a_bad_day_say_when_to_come_again(
    client: httpx.AsyncClient, source: tuple[Starlette, str]
):
    """A failure that may pass carries the seconds; warm tags are ranked all the same."""
    await ask(client, "dog", "a dog")
    source[0].state.faults.api = "error"

    answer = await warm(client, ("horse", "a horse"), ("dog", "two dogs"))

    cold = answer.json()["searches"][0]
    assert outcomes(answer) == ["failed", "stored"]
    assert cold["type"] == "urn:nearhit:problem:source-unavailable"
    assert cold["retry_after_s"] > 0


async def test_warming_leaves_calls_of_the_api_to_people(
    client: httpx.AsyncClient, service: Service
):
    """Where a fifth of the quota is left, cold rows wait; warm ones and people go on."""
    await ask(client, "dog", "a dog")
    await spend(service, leave=20)

    answer = await warm(client, ("horse", "a horse"), ("dog", "two dogs"))

    waiting = answer.json()["searches"][0]
    assert outcomes(answer) == ["waiting", "stored"]
    assert waiting["type"] == "urn:nearhit:problem:quota-exhausted"
    assert waiting["retry_after_s"] > 0
    assert await ask(client, "horse", "a horse") == "origin"


async def test_rows_that_waited_are_warmed_once_there_are_calls(
    client: httpx.AsyncClient, service: Service, clock: ManualClock
):
    """Coming again after `retry_after_s` is enough."""
    await spend(service, leave=20)
    waiting = (await warm(client, ("horse", "a horse"))).json()["searches"][0]

    clock.advance(seconds=waiting["retry_after_s"])

    assert outcomes(await warm(client, ("horse", "a horse"))) == ["stored"]


async def spend(service: Service, *, leave: int) -> None:
    """Have all but some calls of the API made."""
    quota = service.running.search._source._quota._quota
    ticket = (await quota.take()).ticket
    await quota.correct(ticket, remaining=leave, reset_s=30, limit=100)


async def test_one_batch_is_warmed_at_a_time(
    client: httpx.AsyncClient, service: Service, source: tuple[Starlette, str]
):
    """A second one is told to come back, and people's searches go on meanwhile."""
    await ask(client, "dog", "a dog")
    source[0].state.faults.api_latency_s = 1.0
    first = asyncio.create_task(warm(client, ("horse", "a horse")))
    async with asyncio.timeout(10):
        while not service.running.fetching:
            await asyncio.sleep(0.01)

    tier = await ask(client, "dog", "two dogs")
    second = await warm(client, ("boat", "a boat"))

    assert tier == "pool"
    assert (second.status_code, problem(second)) == (503, "already-warming")
    assert int(second.headers["Retry-After"]) >= 1
    assert outcomes(await first) == ["stored"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "`searches` is missing"),
        ({"searches": []}, "`searches` is not right"),
        ({"searches": [{"tag": "a", "query": "b"}] * 101}, "at most 100"),
        ({"searches": [{"tag": "a"}]}, "`searches.0.query` is missing"),
        ({"searches": [{"tag": "a", "query": 7}]}, "`searches.0.query` is not right"),
        ({"searches": [{"tag": "a", "query": "b", "k": 3}]}, "no field `searches.0.k`"),
        ([], "body is not right"),
    ],
)
async def test_a_body_that_is_no_batch_is_422(client: httpx.AsyncClient, body: object, says: str):
    """The sentence names the field, and the row it stands in."""
    answer = await client.post("/cache/warm", json=body, headers=ADMIN)

    assert (answer.status_code, problem(answer)) == (422, "bad-request")
    assert says in answer.json()["detail"]


async def test_a_body_that_is_not_json_is_422(client: httpx.AsyncClient):
    """Also where it ends too soon."""
    headers = ADMIN | {"Content-Type": "application/json"}

    answer = await client.post("/cache/warm", content=b'{"searches": [', headers=headers)

    assert (answer.status_code, answer.json()["detail"]) == (422, "The body is not JSON.")


async def test_a_body_without_end_is_413(client: httpx.AsyncClient):
    """No more is read than a hundred searches can need."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100:
            sent += 1
            yield b" " * 1024**2

    answer = await client.post("/cache/warm", content=endless(), headers=ADMIN)

    assert (answer.status_code, problem(answer)) == (413, "body-too-large")
    assert sent <= 4


async def test_the_longest_batch_fits(client: httpx.AsyncClient):
    """A hundred rows of the longest texts, every character escaped, are read."""
    row = {"tag": "\N{GRINNING FACE}" * 100, "query": "\N{GRINNING FACE}" * 1000}
    body = json.dumps({"searches": [row] * 100}).encode()

    answer = await client.post(
        "/cache/warm", content=body, headers=ADMIN | {"Content-Type": "application/json"}
    )

    assert len(body) > 1024**2
    assert outcomes(answer) == ["failed"] * 100


async def test_the_api_describes_what_admins_may_do(service: Service):
    """Both calls, what they take and answer, and that they want the token."""
    described = get_openapi(title="x", version="1", routes=create_app(service).routes)

    calls = [
        described["paths"]["/cache/entries"]["delete"],
        described["paths"]["/cache/warm"]["post"],
    ]
    assert described["components"]["securitySchemes"]["admin"]["scheme"] == "bearer"
    for call in calls:
        assert call["security"] == [{"admin": []}]
        assert {"200", "401", "403", "422", "503"} <= call["responses"].keys()
    assert "requestBody" in calls[1]
    assert "security" not in described["paths"]["/search"]["get"]
