"""Pictures in their sizes, addresses that expire, pages about photos and authors."""

import io
from html.parser import HTMLParser
from xml.etree import ElementTree

import httpx
import pytest
from PIL import Image

from service.demo.lookalike import lookalike
from tests.servers import serve
from tests.service.demo.lookalike.asking import search, the_hit

LARGER = ["webformatURL", "largeImageURL"]


@pytest.fixture
def expiring(folder, clock):
    """A client of a look-alike whose addresses are good for an hour, with a clock of its own."""
    with (
        serve(lookalike(folder, clock=clock, url_lifetime_s=3600)) as base,
        httpx.Client(base_url=base, params={"key": "demo-key"}) as client,
    ):
        yield client


def size_of(answer):
    return Image.open(io.BytesIO(answer.content)).size


@pytest.mark.parametrize(
    ("field", "size"),
    [("previewURL", (150, 75)), ("webformatURL", (640, 320)), ("largeImageURL", (1280, 640))],
)
def test_photos_come_in_three_sizes(client, field, size):
    """Each address of a hit serves a JPEG of the size the hit states."""
    answer = client.get(the_hit(client)[field])

    assert answer.headers["Content-Type"] == "image/jpeg"
    assert size_of(answer) == size


@pytest.mark.parametrize("edge", [180, 340, 960])
def test_the_web_size_may_be_another(client, edge):
    """The end `_640` may be replaced, as the API documents."""
    address = the_hit(client)["webformatURL"]

    assert size_of(client.get(address.replace("_640", f"_{edge}")))[0] == edge


def test_the_large_size_has_an_address_of_its_own(client):
    """What leads to the web size does not lead to the large one."""
    address = the_hit(client)["webformatURL"]

    assert client.get(address.replace("_640", "_1280")).status_code == 404


def test_a_small_photo_is_served_as_it_is(client, folder):
    """A photo that needs no resizing is its file."""
    hit = search(client, q="horse")["hits"][0]

    data = client.get(hit["webformatURL"]).content

    assert data == (folder / "horse_meadow_0.jpg").read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/get/gff_640.jpg",
        "/get/x",
        "/get/g_640.jpg",
        f"/get/g{'0' * 96}_640.jpg",
        "/photo/x",
        "/photo/x-1_150.jpg",
        "/photo/x-1_640.jpg",
        "/photos/x-1/",
        "/photos/x/",
        "/users/nobody-1/",
        "/users/nobody/",
        "/user/6_250x250.png",
        "/user/x",
    ],
)
def test_what_is_not_there_is_not_found(client, path):
    """An address that is nothing's is a 404."""
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("field", LARGER)
def test_an_address_is_good_for_its_lifetime(expiring, clock, field):
    """To the last second the picture is there, then it is not found."""
    address = the_hit(expiring)[field]

    clock.advance(seconds=3599)
    assert expiring.get(address).status_code == 200
    clock.advance(seconds=1)
    assert expiring.get(address).status_code == 404


def test_an_address_lives_a_24th_longer_at_most(expiring, clock):
    """Issued at any moment, it ends with the slot its lifetime ends in."""
    clock.advance(seconds=1)
    address = the_hit(expiring)["webformatURL"]

    clock.advance(seconds=3600)
    assert expiring.get(address).status_code == 200
    clock.advance(seconds=149)
    assert expiring.get(address).status_code == 404


def test_a_later_search_tells_addresses_that_are_good(expiring, clock):
    """Addresses are renewed by asking again."""
    old = the_hit(expiring)["webformatURL"]
    clock.advance(hours=2)

    new = the_hit(expiring)["webformatURL"]

    assert new != old
    assert expiring.get(new).status_code == 200


def test_previews_do_not_expire(expiring, clock):
    """The smallest picture stays where it is."""
    address = the_hit(expiring)["previewURL"]
    clock.advance(hours=10_000)

    assert expiring.get(address).status_code == 200


def test_addresses_outlive_a_restart(expiring, folder, clock):
    """Another process with the same key knows them."""
    path = httpx.URL(the_hit(expiring)["webformatURL"]).path

    with serve(lookalike(folder, clock=clock)) as base:
        assert httpx.get(base + path).status_code == 200


def test_addresses_of_another_key_are_not_found(expiring, folder, clock):
    """Without the key nobody can make an address."""
    path = httpx.URL(the_hit(expiring)["webformatURL"]).path

    with serve(lookalike(folder, clock=clock, key="another")) as base:
        assert httpx.get(base + path).status_code == 404


@pytest.mark.parametrize("place", [1, 16, 17, 32, 33, 36, 37, 96])
def test_a_changed_address_is_not_found(expiring, place):
    """Photo, end, size and seal: none can be another."""
    before, token, after = the_hit(expiring)["webformatURL"].partition("g" + "0" * 8)
    token += after
    other = "1" if token[place] == "0" else "0"

    assert len(token) == len("g" + "0" * 96 + "_640.jpg")
    assert expiring.get(f"{before}{token[:place]}{other}{token[place + 1 :]}").status_code == 404


def test_the_page_of_a_photo_tells_about_it(client):
    """The page shows picture, author and tags."""
    hit = the_hit(client)
    page = client.get(hit["pageURL"])

    tree = ElementTree.fromstring(page.text)
    (picture,) = tree.iter("img")
    (author,) = tree.iter("a")

    assert page.headers["Content-Type"].startswith("text/html")
    assert size_of(client.get(picture.get("src"))) == (1280, 640)
    assert author.text == hit["user"]
    assert "Tags: sea, animals" in page.text


def test_the_page_of_an_author_shows_photos(client):
    """An author's link leads to what is by the author, and from there to the photos."""
    hit = the_hit(client)
    address = f"{client.base_url}/users/{hit['user']}-{hit['user_id']}/"
    page = ElementTree.fromstring(client.get(hit["pageURL"]).text)
    assert [link.get("href") for link in page.iter("a")] == [address]

    tree = ElementTree.fromstring(client.get(address).text)

    assert hit["pageURL"] in [link.get("href") for link in tree.iter("a")]
    assert tree.find("body/h1").text == f"Photos by {hit['user']}"


def test_an_author_has_a_portrait(client):
    """The portrait's address is a picture; some authors have none."""
    portraits = {hit["userImageURL"] for hit in search(client)["hits"]} - {""}

    assert portraits
    assert {size_of(client.get(portrait)) for portrait in portraits} == {(250, 250)}


class Names(HTMLParser):
    """The names of a page's elements."""

    def __init__(self, page):
        super().__init__()
        self.names = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)


def test_what_others_wrote_is_text_on_pages(tmp_path, folder):
    """Names and tags from a sidecar are no markup."""
    (tmp_path / "a.jpg").write_bytes((folder / "sea_animals.jpg").read_bytes())
    (tmp_path / "photos.jsonl").write_text(
        '{"file": "a.jpg", "author": "\\"><script>/A & B?\\u0007", "tags": ["<b>", "\\"x\\" &y"]}\n'
    )
    with serve(lookalike(tmp_path)) as base, httpx.Client(base_url=base) as client:
        hit = client.get("/api/", params={"key": "demo-key"}).json()["hits"][0]
        page = client.get(hit["pageURL"])
        (author,) = ElementTree.fromstring(page.text).iter("a")
        by = client.get(author.get("href"))

    assert author.text == '"><script>/A & B? '
    assert by.status_code == 200
    assert not {"script", "b"} & (Names(page.text).names | Names(by.text).names)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert ElementTree.fromstring(by.text).find("body/h1").text == f"Photos by {author.text}"
