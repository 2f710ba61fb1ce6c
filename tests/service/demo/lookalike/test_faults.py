"""Bad days of the look-alike, what nearhit's own source makes of them, and the switches."""

import socket
import time

import httpx
import pytest
from pydantic import SecretStr

from cache.pools.filters import Filters
from cache.sharing.quota import LocalQuota
from service.demo.lookalike import lookalike
from service.demo.lookalike.faults import Faults
from service.errors import (
    PhotoRejected,
    PhotoUnavailable,
    QuotaExhausted,
    SourceRefused,
    SourceUnavailable,
)
from service.settings import Settings
from service.sources.photos import decode_photo
from service.sources.pixabay import PixabaySource
from tests.servers import serve
from tests.service.demo.lookalike.asking import search, the_hit

NONE = Filters()
WELL = {
    "api": None,
    "photos": {},
    "others": None,
    "share": 0.0,
    "api_latency_ms": 0.0,
    "photo_latency_ms": 0.0,
}


@pytest.fixture
async def source(running, faults, clock):
    """Our own source, asking the look-alike."""
    settings = Settings(
        _env_file=None,
        pixabay_api_key=SecretStr("demo-key"),
        pixabay_url=f"{running[1]}/api/",
        photo_hosts=["127.0.0.1"],
        photo_max_bytes=100_000,
        photo_timeout_s=0.5,
        api_timeout_s=0.5,
    )
    source = PixabaySource.from_settings(settings, LocalQuota(clock))
    yield source
    await source.aclose()


@pytest.mark.anyio
async def test_nearhits_source_searches_it(source, running):
    """The Pixabay source finds photos here, with an identity of their own."""
    found = await source.search("horses", NONE, 5)

    assert len(found) == 5
    assert found[0].url.startswith(running[1])
    assert source.identity.startswith("pixabay@127.0.0.1:")
    picture = decode_photo(await source.photo(found[0]), max_pixels=1_000_000)
    assert picture.size == (found[0].width, found[0].height)


@pytest.mark.anyio
async def test_the_links_of_a_candidate_lead_somewhere(source):
    """Page and author of what the source finds are there."""
    (found,) = await source.search("sea", NONE, 3)

    assert httpx.get(found.page_url).status_code == 200
    assert httpx.get(found.author_url).status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("error", SourceUnavailable),
        ("unavailable", SourceUnavailable),
        ("limit", QuotaExhausted),
        ("challenge", SourceUnavailable),
        ("garbage", SourceUnavailable),
        ("slow", SourceUnavailable),
        ("down", SourceUnavailable),
    ],
)
async def test_bad_days_of_the_api(source, faults, fault, error):
    """Each fault of the API reaches the source as the error it should be."""
    faults.api = fault

    with pytest.raises(error):
        await source.search("horse", NONE, 3)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("truncated", PhotoRejected),
        ("html", PhotoRejected),
        ("huge", PhotoRejected),
        ("bomb", PhotoRejected),
        ("slow", PhotoUnavailable),
        ("endless", PhotoRejected),
        ("missing", PhotoRejected),
        ("down", PhotoUnavailable),
    ],
)
async def test_bad_days_of_a_photo(source, faults, fault, error):
    """Each fault of a photo costs that photo alone."""
    bad, good, *_ = await source.search("horse", NONE, 5)
    faults.photos[int(bad.id.removeprefix("pixabay:"))] = fault

    with pytest.raises(error):
        decode_photo(await source.photo(bad), max_pixels=40_000_000)
    assert decode_photo(await source.photo(good), max_pixels=40_000_000)


@pytest.mark.anyio
async def test_a_wrong_key_is_refused(folder, clock):
    """A key that is not the server's is refused with the setting's name."""
    with serve(lookalike(folder, key="right", faults=Faults())) as base:
        settings = Settings(
            _env_file=None, pixabay_api_key=SecretStr("wrong"), pixabay_url=f"{base}/api/"
        )
        source = PixabaySource.from_settings(settings, LocalQuota(clock))

        with pytest.raises(SourceRefused, match="NEARHIT_PIXABAY_API_KEY"):
            await source.search("horse", NONE, 3)
        await source.aclose()


def test_a_limit_tells_how_long_to_wait(client, faults):
    """The refusal has the API's text and headers."""
    faults.api = "limit"

    answer = client.get("/api/")

    assert (answer.status_code, answer.text) == (429, "API rate limit exceeded")
    assert answer.headers["X-RateLimit-Limit"] == "100"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert answer.headers["X-RateLimit-Reset"] == answer.headers["Retry-After"] == "30"


def test_a_server_that_is_down_closes_without_a_byte(running, faults):
    """The connection ends before an answer begins, and the next one is served again."""
    faults.api = "down"
    address = httpx.URL(running[1])
    with socket.create_connection((address.host, address.port)) as connection:
        connection.sendall(b"GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1) == b""

    faults.api = None
    assert httpx.get(f"{running[1]}/api/").status_code == 400


def test_an_endless_photo_has_no_end(client, faults):
    """More and more comes, however much was taken; others are served meanwhile."""
    hit = the_hit(client)
    faults.photos[hit["id"]] = "endless"

    taken = 0
    with client.stream("GET", hit["previewURL"]) as answer:
        for chunk in answer.iter_bytes():
            taken += len(chunk)
            if taken > 100_000_000:
                break
        assert httpx.get(client.base_url).status_code == 404

    assert taken > 100_000_000


def test_a_share_of_the_photos_may_be_broken(client, faults):
    """Which photos these are goes by their ids, and the more the larger the share."""
    hits = search(client)["hits"]
    faults.others = "missing"

    def missing(share):
        faults.share = share
        return {hit["id"] for hit in hits if client.get(hit["previewURL"]).status_code == 404}

    assert missing(0.0) == set()
    assert set() < missing(0.5) < missing(1.0)
    assert missing(0.5) == missing(0.5)
    assert len(missing(1.0)) == 12


def test_a_photos_own_fault_goes_before_that_of_others(client, faults):
    """A photo named stays as it was named."""
    hit = the_hit(client)
    faults.others, faults.share, faults.photos[hit["id"]] = "missing", 1.0, "html"

    assert client.get(hit["previewURL"]).text.startswith("<!DOCTYPE html>")


def took_s(call):
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_latency_of_the_api_is_waited_for(folder):
    """An answer takes as long as was asked for; a picture does not."""
    with serve(lookalike(folder, latency_s=0.3)) as base, httpx.Client(base_url=base) as client:
        assert took_s(lambda: client.get("/api/")) >= 0.3
        assert took_s(lambda: client.get("/photo/x-1_150.jpg")) < took_s(
            lambda: client.get("/api/")
        )


def test_latency_of_pictures_is_waited_for(client, faults):
    """It can be changed, and is the pictures' alone."""
    address = the_hit(client)["previewURL"]
    faults.photo_latency_s = 0.3

    picture, api = took_s(lambda: client.get(address)), took_s(lambda: client.get("/api/"))

    assert picture >= 0.3
    assert api < picture


def test_counters_tell_what_was_asked(folder):
    """Calls are counted by outcome, pictures by size."""
    with (
        serve(lookalike(folder, rate_limit=2)) as base,
        httpx.Client(base_url=base, params={"key": "demo-key"}) as client,
    ):
        hit = the_hit(client)
        client.get("/api/", params={"page": 0})
        client.get("/api/")
        client.get("/api/", params={"key": "wrong"})
        client.get(hit["webformatURL"])
        client.get(hit["webformatURL"])
        client.get(hit["previewURL"])
        client.put("/faults", json={"api": "error"})
        client.get("/api/")
        counters = client.get("/counters").json()

    assert counters == {
        "api_calls": 5,
        "api_outcomes": {"answered": 1, "refused": 1, "limited": 1, "wrong_key": 1, "fault": 1},
        "photo_requests": {"640": 2, "150": 1},
        "faults": WELL | {"api": "error"},
    }


def test_faults_are_set_over_http(client, faults):
    """What is named is set, and told back."""
    wanted = {
        "api": "slow",
        "photos": {"12": "html"},
        "others": "bomb",
        "share": 0.25,
        "api_latency_ms": 10.0,
        "photo_latency_ms": 20.0,
    }

    answer = client.put("/faults", json=wanted)

    assert answer.json() == client.get("/faults").json() == wanted
    assert faults == Faults("slow", {12: "html"}, "bomb", 0.25, 0.01, 0.02)


def test_faults_that_are_not_named_stay(client, faults):
    """One switch leaves the others where they are."""
    client.put("/faults", json={"api": "error", "api_latency_ms": 5})
    answer = client.put("/faults", json={"api": None})

    assert answer.json() == WELL | {"api_latency_ms": 5.0}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
        (b"[]", "Input should be an object."),
        (b'{"api": "sad"}', "api: Input should be 'error', "),
        (b'{"photos": {"x": "html"}}', "photos.x"),
        (b'{"photos": {"1": "sad"}}', "photos.1: Input should be 'truncated', "),
        (b'{"share": 1.5}', "share: Input should be less than or equal to 1."),
        (b'{"api_latency_ms": -1}', "api_latency_ms: "),
        (b'{"api_latency_ms": NaN}', "api_latency_ms: "),
        (b'{"weather": 1, "share": 1}', "weather: Extra inputs are not permitted."),
    ],
)
def test_faults_there_are_none_of_are_refused(client, body, sentence):
    """A wrong switch is one sentence with status 400, and switches nothing."""
    answer = client.put("/faults", content=body)

    assert answer.status_code == 400
    assert answer.text.startswith(f"[ERROR 400] {sentence}")
    assert answer.text.count("\n") == 0
    assert client.get("/faults").json() == WELL


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::1", "a.example"])
async def test_faults_are_set_from_this_machine_alone(folder, host):
    """A call from elsewhere is forbidden; looking is not."""
    transport = httpx.ASGITransport(lookalike(folder), client=(host, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://a.example") as client:
        assert (await client.put("/faults", json={"api": "error"})).status_code == 403
        assert (await client.get("/faults")).json() == WELL


@pytest.mark.anyio
async def test_where_a_connection_cannot_be_closed_it_is_refused(folder):
    """Under another server than uvicorn `down` is a 503."""
    transport = httpx.ASGITransport(lookalike(folder, faults=Faults(api="down")))
    async with httpx.AsyncClient(transport=transport, base_url="http://a.example") as client:
        assert (await client.get("/api/")).status_code == 503
