"""Images, statistics, health and metrics, through the whole service."""

import asyncio
import io
import re

import httpx
import pytest
from fastapi.openapi.utils import get_openapi
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from service.app import create_app
from service.lifecycle import Service
from service.requests import SearchRequest
from service.settings import Settings
from service.telemetry.metrics import COUNTERS, LATENCY, READINGS

pytestmark = pytest.mark.anyio


async def one_photo(client: httpx.AsyncClient) -> str:
    """Search and return the path of a photo."""
    answer = await client.get("/search", params={"t": "horse", "s_query": "a horse"})
    return str(answer.json()["results"][0]["image"])


async def test_a_photo_comes_in_two_sizes(client: httpx.AsyncClient):
    """`web` is what the source gave, `thumb` is smaller."""
    path = await one_photo(client)

    web = Image.open(io.BytesIO((await client.get(path)).content))
    thumb = Image.open(io.BytesIO((await client.get(path, params={"size": "thumb"})).content))

    assert (web.size, thumb.size) == ((640, 427), (360, 240))


async def test_a_photo_is_kept_by_browsers(client: httpx.AsyncClient):
    """A long life and an ETag spare the second transfer."""
    path = await one_photo(client)
    first = await client.get(path)

    again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert "max-age=604800" in first.headers["Cache-Control"]
    assert first.headers["Content-Type"] == "image/jpeg"
    assert (again.status_code, again.content) == (304, b"")


async def test_an_unknown_photo_is_not_found(client: httpx.AsyncClient):
    """A photo nobody searched for is a problem with a sentence."""
    answer = await client.get("/images/pixabay:1")

    assert answer.status_code == 404
    assert "search for it first" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/images/..%2F..%2Fetc%2Fpasswd", "/images/pixabay:%00"])
async def test_an_id_cannot_leave_the_photos(client: httpx.AsyncClient, path: str):
    """Whatever the id, it names a photo or nothing."""
    assert (await client.get(path)).status_code == 404


async def test_a_photo_whose_file_was_let_go_is_fetched_again(
    client: httpx.AsyncClient, settings: Settings
):
    """The budget may take a file; its pool still knows where it was."""
    path = await one_photo(client)
    for file in settings.photo_folder.iterdir():
        file.unlink()

    assert (await client.get(path)).status_code == 200


async def test_statistics_add_up(client: httpx.AsyncClient):
    """Counts by tier sum to the searches, shares to one; savings and pools are shown."""
    for query in ("one", "one", "two", "three"):
        await client.get("/search", params={"t": "dog", "s_query": query, "min_similarity": 1})

    replica = (await client.get("/cache/stats")).json()["replica"]

    counts = {tier: figures["count"] for tier, figures in replica["tiers"].items()}
    assert counts == {"exact": 1, "semantic": 0, "pool": 2, "origin": 1}
    assert sum(figures["share"] for figures in replica["tiers"].values()) == pytest.approx(1)
    assert (replica["searches"], replica["entries"], replica["pools_in_memory"]) == (4, 3, 1)
    assert replica["api_calls"] == {"made": 1, "avoided": 0}
    assert replica["photos"] == {"encoded": 6}
    assert replica["photo_bytes"] > 0
    assert replica["encoder_seconds"]["spent"]["clip_images"] > 0
    assert replica["encoder_seconds"]["avoided"] > 0
    assert replica["encoders"]["query_queries"]["sizes"] == {"1": 3}
    assert replica["encoders"]["clip_texts"]["runs_ms"]["p50"] > 0
    assert replica["journal"] == {"position": 4, "lag": 0, "rebuilds": 0, "reachable": True}
    assert [row["relation"] for row in replica["thresholds"]] == ["same", "inflection"]


async def test_the_cluster_is_summed_over_replicas(client: httpx.AsyncClient, service: Service):
    """What other processes flushed counts; only live ones are replicas."""
    store = service.running.store
    await store.put_counters("other", {"nearhit_searches:exact": 5, "nearhit_api_calls:failed": 1})

    cluster = (await client.get("/cache/stats")).json()["cluster"]

    assert cluster["tiers"]["exact"]["count"] == 5
    assert cluster["api_calls"]["made"] == 1
    assert cluster["replicas"] == 2
    assert cluster["age_s"] is not None


async def test_alive_and_ready_answer(client: httpx.AsyncClient):
    """A service that has started is alive and ready, and says why."""
    alive, ready = await client.get("/alive"), await client.get("/ready")

    assert alive.status_code == ready.status_code == 200
    assert ready.json() == {
        "ready": True,
        "source": "pixabay",
        "models": "loaded",
        "store": "reachable",
        "journal": {"caught_up": True, "position": 0, "lag": 0},
    }


async def test_a_service_that_loads_is_alive_and_not_ready(settings: Settings):
    """While models load, searches are told to come back and health is answered."""
    service = Service(settings)
    transport = httpx.ASGITransport(create_app(service))
    async with service, httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        alive, ready = await client.get("/alive"), await client.get("/ready")
        search = await client.get("/search", params={"t": "a", "s_query": "b"})
        statistics = await client.get("/cache/stats")
        await service.started()

    assert (alive.status_code, ready.status_code, search.status_code) == (200, 503, 503)
    assert search.json()["type"] == "urn:nearhit:problem:not-ready"
    assert int(search.headers["Retry-After"]) >= 1
    assert statistics.status_code == 200


async def test_a_service_that_cannot_start_says_why(settings: Settings):
    """A missing model is told in the readiness and to whoever waits; the process is told once."""
    told: list[bool] = []
    broken = settings.model_copy(update={"clip_model": "/nowhere/at-all"})
    async with Service(broken, on_failure=lambda: told.append(True)) as service:
        with pytest.raises(Exception, match="/nowhere/at-all holds no model"):
            await service.started()
        ready, detail = await service.readiness()

    assert (ready, told) == (False, [True])
    assert "holds no model" in detail["models"]


async def test_a_missing_key_is_said_in_one_sentence():
    """Where Pixabay is asked for, the demo does not take its place."""
    async with Service(Settings(_env_file=None, source="pixabay")) as service:
        with pytest.raises(Exception, match="set NEARHIT_PIXABAY_API_KEY"):
            await service.started()


async def test_metrics_are_those_of_the_table(client: httpx.AsyncClient):
    """Every metric is shown under its name in the table, and no other."""
    await one_photo(client)
    text = (await client.get("/metrics")).text

    families = {family.name: family for family in text_string_to_metric_families(text)}

    assert families.keys() == {*COUNTERS, *READINGS, LATENCY.name}
    searches = {s.labels["tier"]: s.value for s in families["nearhit_searches"].samples}
    assert searches == {"origin": 1}


async def test_the_api_describes_itself(service: Service):
    """OpenAPI names the calls, with an example of an answer."""
    app = create_app(service)

    described = get_openapi(title="x", version="1", routes=app.routes)

    assert {"/search", "/images/{photo_id}", "/cache/stats", "/alive", "/ready", "/metrics"} <= set(
        described["paths"]
    )
    answer = described["paths"]["/search"]["get"]["responses"]["200"]["content"]
    assert answer["application/json"]["example"]["cache"]["tier"] == "semantic"


async def test_a_failed_background_task_ends_the_service(settings: Settings):
    """A follower that dies of a bug must not leave a service that learns nothing any more."""
    stopped = asyncio.Event()
    async with Service(settings, on_failure=stopped.set) as service:
        parts = await service.started()
        parts.memory.follower._view = None  # type: ignore[assignment]
        await asyncio.wait_for(stopped.wait(), 10)

    assert service.failure is not None


async def test_the_last_searches_before_a_stop_are_in_the_sums(settings: Settings):
    """What a process counted after its last flush is not lost when it ends in order."""
    async with Service(settings) as first:
        search = (await first.started()).search
        for number in range(3):
            await search.run(SearchRequest.checked("cat", f"cat {number}", 1))

    async with Service(settings) as second:
        await second.started()
        cluster = (await second.statistics())["cluster"]

    assert cluster["searches"] == 3


async def test_the_page_about_the_api_needs_no_other_host(client: httpx.AsyncClient):
    """Its script and style come from here, and are there."""
    page = (await client.get("/docs")).text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)

    answers = [await client.get(asset) for asset in assets]

    assert len(assets) == 3
    assert all(asset.startswith("/") for asset in assets)
    assert [answer.status_code for answer in answers] == [200, 200, 200]
