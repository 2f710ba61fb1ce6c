"""
Makes the pictures of the docs from a running demo.

Run `make run` without a key, then `.venv/bin/python docs/images/make.py`.
"""

import io
import shutil
from pathlib import Path

import httpx
from PIL import Image, ImageDraw, ImageFont, ImageOps
from playwright.sync_api import sync_playwright

from service.demo.scenes.attributes import Landscape, Style
from service.demo.scenes.draw import draw
from service.demo.scenes.scene import STOCK, Scene

_FOLDER = Path(__file__).parent
_DEMO = "http://127.0.0.1:8080"
_SEARCHES = (
    ("mountains", "mountains with dark skies"),
    ("horse", "horses amidst flowers"),
    ("boat", "boats at sunset"),
)
_CELL = (320, 214)
_GAP = 8
_TITLE = 34
_COLUMNS, _ROWS = 6, 7
_INK, _PAPER = (29, 38, 34), (250, 248, 244)


def main() -> None:
    """Make all of them."""
    _sheet([[draw(scene, 640) for scene in row] for row in _assorted()]).save(
        _FOLDER / "scenes.jpg", quality=85
    )
    rows = [_found(tag, query) for tag, query in _SEARCHES]
    titles = [f"{query}  ·  tag: {tag}" for tag, query in _SEARCHES]
    _sheet(rows, titles).save(_FOLDER / "searches.jpg", quality=85)
    _screenshot(*_SEARCHES[1])


def _assorted() -> list[list[Scene]]:
    """Horizontal scenes of every landscape and style, in rows."""
    kinds = [(landscape, style) for style in Style for landscape in Landscape]
    chosen: dict[int, Scene] = {}
    for landscape, style in kinds:
        found = (
            scene
            for scene in map(Scene.of, STOCK)
            if (scene.landscape, scene.style) == (landscape, style)
            and scene.size[0] > scene.size[1]
            and scene.groups
            and scene.id not in chosen
        )
        for scene in list(found)[: 2 if style is Style.PLAIN else 1]:
            chosen[scene.id] = scene
    scenes = sorted(chosen.values(), key=lambda scene: scene.id * 7919 % 6007)
    return [scenes[n * _COLUMNS : (n + 1) * _COLUMNS] for n in range(_ROWS)]


def _found(tag: str, query: str) -> list[Image.Image]:
    """The first pictures of a search, from the running demo."""
    asked = {"t": tag, "s_query": query, "k": 4}
    answer = httpx.get(f"{_DEMO}/search", params=asked, timeout=60).raise_for_status().json()
    links = [_DEMO + result["image"] for result in answer["results"]]
    return [Image.open(io.BytesIO(httpx.get(link).content)) for link in links]


def _sheet(rows: list[list[Image.Image]], titles: list[str] | None = None) -> Image.Image:
    """Pictures in rows, each row under its title."""
    width, height = _CELL
    title = _TITLE if titles else 0
    columns = max(map(len, rows))
    size = (
        columns * (width + _GAP) + _GAP,
        len(rows) * (height + title + _GAP) + _GAP,
    )
    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    for y, row in enumerate(rows):
        top = _GAP + y * (height + title + _GAP)
        if titles:
            pen.text((_GAP + 2, top + 4), titles[y], _INK, ImageFont.load_default(20))
        for x, picture in enumerate(row):
            small = ImageOps.pad(picture, _CELL, color=_PAPER)
            sheet.paste(small, (_GAP + x * (width + _GAP), top + title))
    return sheet


def _screenshot(tag: str, query: str) -> None:
    """The search page with an answer."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1180})
        page.goto(f"{_DEMO}/?{httpx.QueryParams({'t': tag, 's_query': query, 'k': 9})}")
        page.wait_for_selector("#photos .photo figcaption")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=_FOLDER / "page.jpg", type="jpeg", quality=80)
        browser.close()


if __name__ == "__main__":
    main()
