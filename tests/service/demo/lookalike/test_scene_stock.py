"""Scenes as a stock of photos: what is found, in what order, and how it looks."""

import io

import httpx
import pytest
from PIL import Image

from cache.pools.filters import NO_FILTERS, Filters
from service.demo.lookalike import lookalike
from service.demo.lookalike.scene_stock import SceneStock
from service.demo.scenes.attributes import Kind
from service.demo.scenes.scene import STOCK, Scene
from service.sources.photos import fitted
from tests.servers import serve

ANIMALS = {"bird", "cat", "dog", "fish", "horse", "sheep"}
BUILDINGS = {"city", "house", "lighthouse", "windmill"}


def flat(scene, edge):
    """Return a picture of one colour, the scene's number."""
    return Image.new("RGB", fitted(scene.size, edge), (scene.id % 256, 0, 0))


@pytest.fixture(scope="module")
def stock():
    """All scenes, drawn quickly."""
    return SceneStock(draw=flat)


@pytest.fixture(scope="module")
def client(stock):
    """A client of a look-alike that serves them."""
    with (
        serve(lookalike(stock, rate_limit=1000)) as base,
        httpx.Client(base_url=base, params={"key": "demo-key"}) as client,
    ):
        yield client


def scenes(stock, tag="", **filters):
    return [Scene.of(photo.id) for photo in stock.search(tag, Filters.of(filters))]


def test_without_a_tag_all_scenes_are_found(stock):
    """Every number is a photo."""
    assert {photo.id for photo in stock.search("", NO_FILTERS)} == set(STOCK)


@pytest.mark.parametrize("tag", ["horse", "horses", "Horse ", "HORSES"])
def test_a_tag_finds_what_shows_it(stock, tag):
    """All scenes of a kind and no others, by stem, whatever the case."""
    assert {one.id for one in scenes(stock, tag)} == {
        number for number in STOCK if "horse" in Scene.of(number).facts
    }


@pytest.mark.parametrize(
    ("tag", "facts"),
    [
        ("bird city", {"bird", "city"}),
        ("city, night", {"city", "night"}),
        ("snow+mountains", {"snowing", "mountains"}),
        ("ocean", {"sea"}),
        ("animal forest", {"forest"}),
    ],
)
def test_all_words_are_needed(stock, tag, facts):
    """Every word of a tag is in some tag of each photo found."""
    found = [one for one in scenes(stock, tag) if one.landscape != "underwater"]

    assert found
    assert all(facts <= one.facts for one in found)


def test_who_has_the_tag_itself_comes_first(stock):
    """Fields of yellow flowers before yellow tents among flowers."""
    fit = ["yellow flowers" in one.facts for one in scenes(stock, "yellow flowers")]

    assert fit.count(True) > 50
    assert fit == sorted(fit, reverse=True)


@pytest.mark.parametrize("tag", ["person", "horse riding", "...", "  !"])
def test_what_nobody_shows_finds_nothing(stock, tag):
    """A word no scene has, or no word at all."""
    assert scenes(stock, tag) == []


def test_every_kind_has_a_pool_worth_ranking(stock):
    """Any main word finds more photos than are shown."""
    for tag in (*Kind, "sea", "city", "night", "snow"):
        assert len(scenes(stock, tag)) > 100, tag


def test_the_popular_come_first(stock):
    """Popularity falls, is not the order of numbers, and is the same in every run."""
    found = stock.search("horse", NO_FILTERS)
    views = [photo.views for photo in found]

    assert views == sorted(views, reverse=True)
    assert views[0] > 50 * views[-1]
    assert [photo.id for photo in found] != sorted(photo.id for photo in found)
    assert SceneStock(draw=flat).search("horse", NO_FILTERS) == found


def test_different_tags_have_different_tops(stock):
    """What is popular of one thing is not what is popular of another."""
    tops = [
        {photo.id for photo in stock.search(tag, NO_FILTERS)[:20]}
        for tag in ("horse", "city", "fish", "snow")
    ]

    assert len(set.union(*tops)) > 70


def test_the_latest_have_the_highest_numbers(stock):
    """Numbers were given one after the other."""
    found = [one.id for one in scenes(stock, "horse", order="latest")]

    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"orientation": "vertical"}, lambda one: one.size == (854, 1280)),
        ({"orientation": "horizontal"}, lambda one: one.size == (1280, 854)),
        ({"min_width": 1000}, lambda one: one.size == (1280, 854)),
        ({"min_height": 1000}, lambda one: one.size == (854, 1280)),
        ({"image_type": "photo"}, lambda _: True),
        ({"image_type": "all"}, lambda _: True),
        ({"category": "animals"}, lambda one: one.facts & ANIMALS),
        ({"category": "buildings"}, lambda one: one.facts & BUILDINGS),
        ({"category": "backgrounds"}, lambda one: not one.groups),
        ({"colors": "grayscale"}, lambda one: one.style == "monochrome"),
        ({"colors": "lilac"}, lambda one: any(fact.startswith("purple ") for fact in one.facts)),
    ],
)  # fmt: skip
def test_filters_let_through_what_they_name(stock, filters, holds):
    """All that a filter names and nothing else."""
    expected = {number for number in STOCK if holds(Scene.of(number))}

    assert {one.id for one in scenes(stock, **filters)} == expected
    assert expected


@pytest.mark.parametrize(
    ("colour", "facts"),
    [
        ("red", {"red car", "plain"}),
        ("red", {"sunset", "watercolour"}),
        ("orange", {"sunset", "plain"}),
        ("blue", {"sea", "clear", "day", "plain"}),
        ("blue", {"underwater", "plain"}),
        ("green", {"forest", "clear", "day", "plain"}),
        ("white", {"snowing", "day", "plain"}),
        ("yellow", {"yellow flowers", "plain"}),
    ],
)
def test_a_colour_is_found_where_it_is_seen(stock, colour, facts):
    """Colours of figures and flowers, of the sky and the land."""
    expected = {number for number in STOCK if facts <= Scene.of(number).facts}

    assert expected
    assert expected <= {one.id for one in scenes(stock, colors=colour)}


def test_colours_are_found_in_pictures_with_colours_alone(stock):
    """A vintage sunset is not red; what is grey or brown all over has no colour of its own."""
    assert {one.style for one in scenes(stock, colors="red")} == {"plain", "watercolour"}


def test_several_colours_are_all_needed(stock):
    """Each one narrows the answer."""
    blue, red = ({one.id for one in scenes(stock, colors=name)} for name in ("blue", "red"))

    assert {one.id for one in scenes(stock, colors="blue,red")} == blue & red


@pytest.mark.parametrize(
    "filters",
    [
        {"image_type": "vector"},
        {"image_type": "illustration"},
        {"category": "people"},
        {"colors": "transparent"},
        {"min_width": 1281},
    ],
)
def test_what_scenes_are_not_is_not_found(stock, filters):
    """No scene is a vector drawing, shows people or is larger than scenes are."""
    assert scenes(stock, **filters) == []


def test_a_tenth_is_chosen_by_editors(stock):
    """Always the same tenth; `false` leaves nothing out."""
    chosen = scenes(stock, editors_choice=True)

    assert 0.08 < len(chosen) / len(STOCK) < 0.12
    assert chosen == scenes(stock, editors_choice=True)
    assert len(scenes(stock, editors_choice=False)) == len(STOCK)


def test_the_api_serves_500_of_what_is_found(client):
    """`total` is what there is, `totalHits` what can be had."""
    parameters = {"q": "sea", "per_page": 200, "page": 3}
    answer = client.get("/api/", params=parameters)

    assert answer.json()["total"] > 500
    assert (answer.json()["totalHits"], len(answer.json()["hits"])) == (500, 100)
    assert client.get("/api/", params=parameters | {"page": 4}).status_code == 400


def test_a_scene_is_drawn_in_the_size_its_hit_states(client):
    """Every address of a hit is a JPEG of the right size."""
    hit = client.get("/api/", params={"q": "windmill"}).json()["hits"][0]

    for name in ("preview", "webformat", "largeImage"):
        picture = Image.open(io.BytesIO(client.get(hit[f"{name}URL"]).content))
        size = name.removesuffix("Image").replace("large", "image")
        assert picture.format == "JPEG"
        assert picture.size == (hit[f"{size}Width"], hit[f"{size}Height"])


def test_a_scenes_photo_has_its_number(client):
    """The hit of an id is that scene, of some author."""
    (hit,) = client.get("/api/", params={"id": 17}).json()["hits"]

    assert hit["tags"].split(", ")[0].startswith(Scene.of(17).groups[0].kind[:3])
    assert hit["user"]
    assert hit["pageURL"].endswith("-17/")


def test_authors_have_about_as_many_photos_each(stock):
    """No author made half of all."""
    made = [photo.author for photo in stock.search("", NO_FILTERS)]

    assert len(set(made)) == 60
    assert max(map(made.count, set(made))) < 150


@pytest.mark.parametrize("number", [1, 2, 3, 7])
@pytest.mark.parametrize("edge", [150, 640])
def test_scenes_themselves_have_the_size_that_is_stated(number, edge):
    """What draws by default draws in the sizes that hits tell."""
    stock = SceneStock([number])

    data = stock.picture(stock.by_id(number), edge)

    assert Image.open(io.BytesIO(data)).size == fitted(Scene.of(number).size, edge)
