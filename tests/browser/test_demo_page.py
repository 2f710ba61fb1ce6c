"""The search page over the demo, as who has just run it sees it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from service.demo.scenes.attributes import Kind, Landscape
from tests.servers import process, wait_until_ready

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(demo_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of the demo, a process without any other settings."""
    settings = {"NEARHIT_DEMO_PORT": "0", "NEARHIT_MODEL_FOLDER": str(demo_models)}
    with process(settings, tmp_path_factory.mktemp("demo-site")) as (server, url):
        wait_until_ready(url, lambda: server.poll() is None)
        yield url


def test_the_page_says_that_this_is_the_demo(page: Page) -> None:
    """A note says what the pictures are and how to get real photos."""
    page.goto("/")

    note = page.locator("#demo")
    expect(note).to_be_visible()
    expect(note).to_contain_text("This is the demo.")
    expect(note).to_contain_text("NEARHIT_PIXABAY_API_KEY=your-key make run")
    expect(note).to_contain_text("NEARHIT_FOLDER=")


@pytest.mark.parametrize(
    "example", ["mountains with dark skies", "horses amidst flowers", "boats at sunset"]
)
def test_an_example_shows_pictures(page: Page, example: str) -> None:
    """Each example leads to nine loaded pictures, credited to the demo."""
    page.goto("/")

    page.get_by_role("link", name=example).click()

    expect(page.locator("#photos .photo figcaption")).to_have_count(9)
    for image in page.locator("#photos img").all()[:3]:
        expect(image).not_to_have_js_property("naturalWidth", 0)
    expect(page.locator("#photos figcaption").first).to_contain_text("in the demo")


def test_the_tags_it_names_are_those_of_the_scenes(page: Page) -> None:
    """Every landscape and every kind stands among the tags to try."""
    page.goto("/")

    for tag in (*Landscape, *Kind):
        expect(page.locator("#demo")).to_contain_text(tag)
