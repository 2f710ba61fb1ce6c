"""The static pages, read: what they load is ours, and there."""

import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "service" / "web"
PAGES = sorted(WEB.glob("*.html"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_load_files_that_are_there(page):
    """Scripts, styles and pictures of a page are static files of ours."""
    loaded = re.findall(r'<(?:script|link|img)\b[^>]*?\b(?:src|href)="([^"]*)"', page.read_text())

    assert loaded
    for address in loaded:
        assert address.startswith("/static/")
        assert (WEB / address.removeprefix("/static/")).is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_keep_to_a_strict_policy(page):
    """No script, style or handler stands in a page itself, so a strict policy can forbid them."""
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", page.read_text())


@pytest.mark.parametrize("script", sorted(WEB.glob("*.js")), ids=lambda script: script.name)
def test_scripts_write_text_and_never_markup(script):
    """Nothing that comes from outside can become markup."""
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", script.read_text()
    )
