"""The look-alike of the Pixabay API over a folder: its answers and its errors."""

import json
import os

import httpx
import pytest

from service.demo.lookalike import lookalike
from tests.evaluation import EVALUATION
from tests.servers import serve
from tests.service.demo.lookalike.asking import search, the_hit

RECORDED = sorted(EVALUATION.glob("data/pixabay/*.json"))
BAD_KEY = "Invalid or missing API key (https://pixabay.com/api/docs/)."


def test_a_hit_has_the_fields_of_the_api(client):
    """A hit has the 22 documented fields, with numbers where the API has numbers."""
    hit = the_hit(client)

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


def test_without_a_tag_all_photos_are_found(client):
    """No tag, or an empty one, leaves nothing out."""
    assert search(client)["total"] == search(client, q="")["total"] == 12


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
        ({"q": "sea", "safesearch": "true", "unheard_of": "1"}, ["sea, animals"]),
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


def test_a_photo_is_found_by_its_id(client):
    """`id` asks for one photo, whatever the tag."""
    hit = the_hit(client)

    assert search(client, id=hit["id"], q="tree") == {"total": 1, "totalHits": 1, "hits": [hit]}


def test_an_id_that_is_nobodys_is_an_empty_answer(client):
    """A number without a photo is no error."""
    assert search(client, id=1)["hits"] == []


def test_a_callback_gets_the_answer(client):
    """With `callback` the answer is a script that calls it."""
    answer = client.get("/api/", params={"q": "sea", "callback": "show.it"})

    assert answer.headers["Content-Type"].startswith("application/javascript")
    assert answer.text.startswith("show.it({")
    assert json.loads(answer.text.removeprefix("show.it(")[:-1])["total"] == 1


def test_a_pretty_answer_is_indented(client):
    """With `pretty` the same answer has lines."""
    plain = client.get("/api/", params={"q": "sea"})
    pretty = client.get("/api/", params={"q": "sea", "pretty": "true"})

    assert "\n" not in plain.text
    assert len(pretty.text.splitlines()) > 22
    assert pretty.json() == plain.json()


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"key": "wrong"}, BAD_KEY),
        ({"key": ""}, BAD_KEY),
        ({"q": "x" * 101}, '"q" is out of valid range.'),
        *(
            ({name: value}, f'"{name}" is out of valid range.')
            for name, value in (
                ("lang", "xx"),
                ("id", "0"),
                ("id", "12a"),
                ("id", "9999999999"),
                ("image_type", "film"),
                ("orientation", "up"),
                ("category", "cars"),
                ("min_width", "-1"),
                ("min_height", "wide"),
                ("colors", "red,mauve"),
                ("editors_choice", "yes"),
                ("safesearch", "1"),
                ("order", "oldest"),
                ("page", "0"),
                ("page", "2"),
                ("page", "501"),
                ("page", "٣"),
                ("per_page", "2"),
                ("per_page", "201"),
                ("per_page", "many"),
                ("callback", "alert(1)//"),
                ("callback", "9x"),
                ("pretty", "very"),
            )
        ),
    ],
)
def test_errors_are_plain_text(client, params, sentence):
    """Errors are the API's plain sentences with status 400."""
    answer = client.get("/api/", params=params)

    assert (answer.status_code, answer.text) == (400, f"[ERROR 400] {sentence}")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_without_a_key_nothing_is_answered(running):
    """A key that is missing is said to be."""
    answer = httpx.get(f"{running[1]}/api/")

    assert (answer.status_code, answer.text) == (400, f"[ERROR 400] {BAD_KEY}")


def test_the_rate_is_limited_and_told(client, running):
    """Headers count down; beyond the limit calls are refused until the window ends."""
    answers = [client.get("/api/") for _ in range(51)]

    assert answers[0].headers["X-RateLimit-Limit"] == "50"
    assert answers[0].headers["X-RateLimit-Remaining"] == "49"
    assert answers[0].headers["X-RateLimit-Reset"] == "60"
    assert (answers[50].status_code, answers[50].text) == (429, "API rate limit exceeded")
    assert answers[50].headers["X-RateLimit-Remaining"] == "0"
    running[2].advance(seconds=60)
    assert client.get("/api/").status_code == 200


def test_a_refused_call_counts_in_the_window(client):
    """What was asked wrongly was asked."""
    client.get("/api/", params={"page": "0"})

    assert client.get("/api/").headers["X-RateLimit-Remaining"] == "48"
