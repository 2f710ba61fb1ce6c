"""A cold search as a visitor sees it, on a site nobody has searched yet."""

import json

import pytest
from playwright.sync_api import Page, expect

from service.demo.lookalike.faults import Faults

pytestmark = pytest.mark.browser

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>'


def test_a_cold_search_shows_the_best_so_far_and_how_far_it_is(page: Page, faults: Faults) -> None:
    """While photos arrive there are a bar and the best of those that are here; then the answer."""
    faults.photo_latency_s = 1.0
    page.goto("/?t=meadow&s_query=animals+on+a+meadow&k=4")

    expect(page.locator("#reason")).to_contain_text("The best so far")
    expect(page.locator("#fetched")).to_contain_text("24 of 27 here, 24 ranked")
    expect(page.locator("#photos img")).to_have_count(4)
    expect(page.locator("#outcome")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#tier")).to_have_text("origin")
    expect(page.locator("#waiting")).to_be_hidden()
    expect(page.locator("#photos img")).to_have_count(4)


def test_what_was_shown_stays_when_the_search_fails(page: Page) -> None:
    """An error takes away nothing that somebody is looking at."""
    photo = {"id": "a:1", "score": 1.0, "url": "", "image": "/images/a:1", "page_url": ""}
    photo |= {"width": 3, "height": 2, "author": "", "author_url": "", "tags": [], "source": "a"}
    best = {"top_urls": [], "top_scores": [], "results": [photo], "encoded": 24}
    problem = {"detail": "It took too long, so try again soon.", "retry_after_s": 5}
    told = [("partial", best), ("error", problem)]
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in told)
    page.route(
        "**/search/stream?*",
        lambda route: route.fulfill(content_type="text/event-stream", body=body),
    )
    page.route("**/images/**", lambda route: route.fulfill(content_type="image/svg+xml", body=SVG))

    page.goto("/?t=meadow&s_query=a+slow+search&k=4")

    expect(page.get_by_role("alert")).to_have_text(
        "It took too long, so try again soon. "
        "These are the best of the photos that had come by then."
    )
    expect(page.locator("#photos .photo")).to_have_count(1)
    expect(page.locator("#outcome")).to_have_attribute("aria-busy", "false")
