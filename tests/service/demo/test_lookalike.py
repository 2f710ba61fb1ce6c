"""The look-alike of the Pixabay API: its answers, its errors, its bad days."""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from PIL import Image
from pydantic import SecretStr

from cache.pools.filters import Filters
from service.demo.faults import Faults
from service.demo.lookalike import lookalike
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
from tests.clocks import ManualClock
from tests.evaluation import EVALUATION
from tests.servers import serve
from tests.service.sources.doubles import jpeg, picture

ROOT = Path(__file__).parents[3]
RECORDED = sorted(EVALUATION.glob("data/pixabay/*.json"))
NONE = Filters()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve photos: ten horses, a tall tree, a wide sea."""
    folder = tmp_path_factory.mktemp("stock")
    for number in range(10):
        (folder / f"horse_meadow_{number}.jpg").write_bytes(jpeg(600, 400))
    (folder / "tree.png").write_bytes(picture("PNG", size=(800, 1600)))
    (folder / "sea_animals.jpg").write_bytes(jpeg(1600, 800))
    return folder


@pytest.fixture(scope="module")
def running(folder):
    """The look-alike with its address and its clock."""
    clock = ManualClock()
    app = lookalike(folder, clock=clock, rate_limit=50)
    with serve(app) as base:
        yield app, base, clock


@pytest.fixture
def faults(running):
    """What goes wrong; nothing at first, and in a window of its own."""
    app, _, clock = running
    clock.advance(seconds=60)
    app.state.faults.api = None
    app.state.faults.photos.clear()
    return app.state.faults


@pytest.fixture
def client(running, faults):
    """A client with the right key."""
    with httpx.Client(base_url=running[1], params={"key": "demo-key"}) as client:
        yield client


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
    source = PixabaySource.from_settings(settings, clock)
    yield source
    await source.aclose()


@pytest.fixture
def clock():
    """A clock that moves when told."""
    return ManualClock()


def search(client, **params):
    answer = client.get("/api/", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_hit_has_the_fields_of_the_api(client):
    """A hit has the 22 documented fields, with numbers where the API has numbers."""
    (hit,) = search(client, q="sea")["hits"]

    assert len(hit) == 22
    assert (hit["type"], hit["tags"]) == ("photo", "sea, animals")
    assert (hit["previewWidth"], hit["previewHeight"]) == (150, 75)
    assert (hit["webformatWidth"], hit["webformatHeight"]) == (640, 320)
    assert (hit["imageWidth"], hit["imageHeight"]) == (1600, 800)
    assert isinstance(hit["id"], int)


@pytest.mark.skipif(not RECORDED, reason="no evaluation data beside the checkout")
def test_a_hit_looks_like_a_recorded_one(client):
    """Names, order and types of the fields are those of recorded answers."""
    recorded = json.loads(RECORDED[0].read_bytes())

    answer = search(client, q="sea")

    assert list(answer) == list(recorded)
    assert [(name, type(value)) for name, value in answer["hits"][0].items()] == [
        (name, type(value)) for name, value in recorded["hits"][0].items()
    ]


def test_pages_follow_each_other(client):
    """Pages are disjoint, keep their order, and the last one is short."""
    pages = [search(client, q="horses", per_page=4, page=page) for page in (1, 2, 3)]

    ids = [hit["id"] for page in pages for hit in page["hits"]]
    assert [len(page["hits"]) for page in pages] == [4, 4, 2]
    assert len(set(ids)) == 10
    assert {(page["total"], page["totalHits"]) for page in pages} == {(10, 10)}


def test_a_page_has_20_hits_unless_asked_otherwise(client):
    """Without a tag all photos are found, 20 on a page."""
    assert len(search(client)["hits"]) == 12


def test_nothing_found_is_an_empty_answer(client):
    """A tag nobody has is no error."""
    assert search(client, q="zebra") == {"total": 0, "totalHits": 0, "hits": []}


@pytest.mark.parametrize(
    ("params", "tags"),
    [
        ({"orientation": "vertical"}, ["tree"]),
        ({"min_width": "1000"}, ["sea, animals"]),
        ({"min_height": "1000"}, ["tree"]),
        ({"category": "animals"}, ["sea, animals"]),
        ({"image_type": "vector"}, []),
        ({"q": "sea", "image_type": "photo", "lang": "en", "colors": "red"}, ["sea, animals"]),
    ],
)
def test_filters_narrow_the_answer(client, params, tags):
    """Filters that go by size, category and type are applied."""
    assert [hit["tags"] for hit in search(client, **params)["hits"]] == tags


def test_latest_begins_with_the_newest_file(client, folder):
    """The order `latest` goes by the files' times."""
    os.utime(folder / "tree.png", (4e9, 4e9))
    with serve(lookalike(folder)) as base:
        answer = httpx.get(f"{base}/api/", params={"key": "demo-key", "order": "latest"})

    assert answer.json()["hits"][0]["tags"] == "tree"


def test_ids_stay_the_same(client, folder):
    """Another run numbers the photos alike."""
    with serve(lookalike(folder)) as base:
        again = httpx.get(f"{base}/api/", params={"key": "demo-key", "q": "horse"}).json()

    first = search(client, q="horse")
    assert [hit["id"] for hit in first["hits"]] == [hit["id"] for hit in again["hits"]]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"key": "wrong"}, "Invalid or missing API key (https://pixabay.com/api/docs/)."),
        ({"key": ""}, "Invalid or missing API key (https://pixabay.com/api/docs/)."),
        ({"per_page": "2"}, '"per_page" is out of valid range.'),
        ({"per_page": "201"}, '"per_page" is out of valid range.'),
        ({"per_page": "many"}, '"per_page" is out of valid range.'),
        ({"page": "0"}, '"page" is out of valid range.'),
        ({"page": "2"}, '"page" is out of valid range.'),
        ({"q": "x" * 101}, '"q" is out of valid range.'),
        ({"orientation": "up"}, '"orientation" is out of valid range.'),
    ],
)
def test_errors_are_plain_text(client, params, sentence):
    """Errors are the API's plain sentences with status 400."""
    answer = client.get("/api/", params=params)

    assert (answer.status_code, answer.text) == (400, f"[ERROR 400] {sentence}")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_the_rate_is_limited_and_told(client, running):
    """Headers count down; beyond the limit calls are refused until the window ends."""
    answers = [client.get("/api/") for _ in range(51)]

    assert answers[0].headers["X-RateLimit-Limit"] == "50"
    assert answers[0].headers["X-RateLimit-Remaining"] == "49"
    assert answers[0].headers["X-RateLimit-Reset"] == "60"
    assert (answers[50].status_code, answers[50].text) == (429, "API rate limit exceeded")
    running[2].advance(seconds=60)
    assert client.get("/api/").status_code == 200


@pytest.mark.parametrize(
    ("field", "size"),
    [("previewURL", (150, 75)), ("webformatURL", (640, 320)), ("largeImageURL", (1280, 640))],
)
def test_photos_come_in_three_sizes(client, field, size):
    """Each address of a hit serves a JPEG of the size the hit states."""
    (hit,) = search(client, q="sea")["hits"]

    answer = client.get(hit[field])

    assert answer.headers["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == size


@pytest.mark.parametrize(("edge", "width"), [(180, 180), (340, 340), (960, 960)])
def test_the_web_size_may_be_another(client, edge, width):
    """The end `_640` may be replaced, as the API documents."""
    (hit,) = search(client, q="sea")["hits"]

    answer = client.get(hit["webformatURL"].replace("_640", f"_{edge}"))

    assert Image.open(io.BytesIO(answer.content)).size[0] == width


def test_a_small_photo_is_served_as_it_is(client, folder):
    """A photo that needs no resizing is its file."""
    hit = search(client, q="horse")["hits"][0]

    data = client.get(hit["webformatURL"]).content

    assert data == (folder / "horse_meadow_0.jpg").read_bytes()


def test_the_page_of_a_photo_leads_somewhere(client):
    """The address of a photo's page is no dead end."""
    (hit,) = search(client, q="sea")["hits"]

    assert client.get(hit["pageURL"]).status_code == 200


@pytest.mark.parametrize("path", ["/get/gff_640.jpg", "/get/x", "/photo/x", "/photo/x-1_150.jpg"])
def test_unknown_photos_are_not_found(client, path):
    """An address that is no photo's is a 404."""
    assert client.get(path).status_code == 404


def test_counters_tell_what_was_asked(folder):
    """Calls of the API and requests of photos are counted apart, photos by path."""
    with serve(lookalike(folder)) as base, httpx.Client(base_url=base) as client:
        client.get("/api/")
        hit = client.get("/api/", params={"key": "demo-key", "q": "sea"}).json()["hits"][0]
        client.get(hit["webformatURL"])
        client.get(hit["webformatURL"])
        counters = client.get("/counters").json()

    path = httpx.URL(hit["webformatURL"]).path
    assert counters == {"api_calls": 2, "photo_requests": {path: 2}}


def test_latency_is_waited_for(folder):
    """An answer takes as long as was asked for."""
    with serve(lookalike(folder, latency_s=0.2)) as base:
        began = time.monotonic()
        httpx.get(f"{base}/api/")

    assert time.monotonic() - began >= 0.2


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
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("error", SourceUnavailable),
        ("limit", QuotaExhausted),
        ("challenge", SourceUnavailable),
        ("garbage", SourceUnavailable),
        ("slow", SourceUnavailable),
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
        ("missing", PhotoRejected),
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
        source = PixabaySource.from_settings(settings, clock)

        with pytest.raises(SourceRefused, match="NEARHIT_PIXABAY_API_KEY"):
            await source.search("horse", NONE, 3)
        await source.aclose()


def test_the_command_tells_how_to_use_it(folder):
    """On start the settings that point nearhit at the look-alike are printed."""
    command = [sys.executable, "-m", "service.demo.lookalike", "--folder", folder, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        lines = [process.stdout.readline() for _ in range(4)]
        process.terminate()

    assert "NEARHIT_PIXABAY_URL=http://127.0.0.1:0/api/\n" in lines
    assert "NEARHIT_PIXABAY_API_KEY=demo-key\n" in lines
    assert "NEARHIT_PHOTO_HOSTS='[\"127.0.0.1\"]'\n" in lines
