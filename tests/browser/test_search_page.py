"""The search page as a visitor sees it, in a real browser."""

import json

import pytest
from playwright.sync_api import Page, expect

from service.demo.lookalike.faults import Faults

pytestmark = pytest.mark.browser


def test_a_search_shows_as_many_photos_as_asked(page: Page) -> None:
    """A search shows k photos, loaded, from our own cache of images."""
    page.goto("/")

    search(page, tag="horse", query="horses amidst flowers", count=3)

    expect(photos(page)).to_have_count(3)
    for image in photos(page).locator("img").all():
        expect(image).not_to_have_js_property("naturalWidth", 0)
    assert all("/images/" in src and "size=thumb" in src for src in sources(page))


def test_only_the_demo_says_that_it_is_one(page: Page) -> None:
    """A service over a photo API shows no note about the demo."""
    page.goto("/")

    expect(page.locator("body")).to_have_attribute("data-source", "pixabay")
    expect(page.locator("#demo")).to_be_hidden()


def test_every_photo_credits_its_author_and_source(page: Page) -> None:
    """Under each photo stands who took it and where it is from."""
    page.goto("/")

    search(page, tag="horse", query="a brown horse", count=3)

    expect(photos(page)).to_have_count(3)
    for caption in page.locator("#photos figcaption").all():
        expect(caption).to_contain_text("Photo by ")
        expect(caption).to_contain_text(" on ")
        expect(caption).to_contain_text("score ")


def test_the_badge_tells_how_a_repeated_search_was_answered(page: Page) -> None:
    """The first search for a tag comes from the origin, its repetition is exact."""
    page.goto("/")

    search(page, tag="cat", query="a cat on a sofa", count=3)
    expect(page.locator("#tier")).to_have_text("origin")
    page.get_by_role("button", name="Search").click()

    expect(page.locator("#tier")).to_have_text("exact")
    expect(page.locator("#explanation")).to_contain_text("Remembered answer")


def test_a_source_that_is_down_is_said_with_when_to_try_again(page: Page, faults: Faults) -> None:
    """What goes wrong after the search has begun is shown like any error."""
    faults.api = "unavailable"
    page.goto("/")

    search(page, tag="boat", query="boats at sea", count=2)

    expect(page.get_by_role("alert")).to_contain_text("Try again in ")


def test_a_tag_without_photos_is_said_in_words(page: Page) -> None:
    """A tag nothing is known for shows a sentence, not an empty page."""
    page.goto("/")

    search(page, tag="unicorn", query="a white unicorn", count=3)

    expect(page.locator("#empty")).to_have_text(
        "The source has no photos for the tag “unicorn”. Try a more common word."
    )
    expect(photos(page)).to_have_count(0)


def test_an_error_is_shown_as_the_sentence_of_the_api(page: Page) -> None:
    """An empty tag that slips past the form shows what the API says of it."""
    page.goto("/")
    page.locator("#search").evaluate("form => { form.noValidate = true }")
    said = page.request.get("/search?t=&s_query=horses&k=3").json()["detail"]

    search(page, tag="", query="horses", count=3)

    expect(page.get_by_role("alert")).to_have_text(said)
    expect(page.locator("#outcome")).to_have_attribute("aria-busy", "false")


def test_an_error_gives_way_to_the_next_answer(page: Page) -> None:
    """After an error the next search shows photos and no error."""
    page.goto("/?t=&s_query=horses&k=3")
    expect(page.get_by_role("alert")).to_be_visible()

    search(page, tag="horse", query="horses", count=3)

    expect(photos(page)).to_have_count(3)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_the_back_button_returns_to_the_search_before(page: Page) -> None:
    """Each search is an address of its own, and going back shows it again."""
    page.goto("/")
    search(page, tag="horse", query="a horse at dawn", count=3)
    expect(photos(page)).to_have_count(3)
    search(page, tag="dog", query="a dog at dusk", count=2)
    expect(photos(page)).to_have_count(2)

    page.go_back()

    expect(photos(page)).to_have_count(3)
    expect(page.get_by_label("Tag")).to_have_value("horse")
    expect(page.get_by_label("What it shows")).to_have_value("a horse at dawn")


def test_a_link_to_a_search_shows_its_answer(page: Page) -> None:
    """An address with a search in it is answered at once, with the form filled."""
    page.goto("/?t=dog&s_query=a+dog+in+the+snow&k=2")

    expect(photos(page)).to_have_count(2)
    expect(page.get_by_label("What it shows")).to_have_value("a dog in the snow")


def test_what_the_api_says_is_text_never_markup(page: Page) -> None:
    """Markup and script addresses in an answer stay harmless."""
    page.route("**/search/stream?*", lambda route: route.fulfill(**hostile(route.fetch().text())))
    page.goto("/?t=horse&s_query=an+odd+horse&k=1")

    expect(page.locator("#photos figcaption")).to_contain_text("<b>bold</b>")
    expect(page.locator("#photos figcaption b")).to_have_count(0)
    assert page.locator("#photos a[href^='javascript']").count() == 0


@pytest.mark.parametrize("width", [360, 820, 1440])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    """From phone to wide screen nobody has to scroll sideways."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/?t=horse&s_query=horses+in+a+row&k=9")

    expect(photos(page)).to_have_count(9)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def search(page: Page, *, tag: str, query: str, count: int) -> None:
    page.get_by_label("Tag").fill(tag)
    page.get_by_label("What it shows").fill(query)
    page.get_by_label("Photos").fill(str(count))
    page.get_by_role("button", name="Search").click()


def photos(page: Page):
    return page.locator("#photos:not(.placeholders) img")


def sources(page: Page) -> list[str]:
    return page.locator("#photos img").evaluate_all("all => all.map(img => img.src)")


def hostile(events: str) -> dict[str, str]:
    answer = json.loads(events.rpartition("data: ")[2])
    result = answer["results"][0]
    result.update(author="<b>bold</b>", author_url="javascript:alert(1)", page_url="javascript:0")
    body = f"event: result\ndata: {json.dumps(answer)}\n\n"
    return {"body": body, "content_type": "text/event-stream"}
