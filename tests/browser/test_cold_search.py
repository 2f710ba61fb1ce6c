"""A cold search as a visitor sees it, on a site nobody has searched yet."""

import pytest
from playwright.sync_api import Page, expect

from service.demo.lookalike.faults import Faults

pytestmark = pytest.mark.browser


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
