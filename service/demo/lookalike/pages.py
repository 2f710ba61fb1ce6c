"""Pages about photos and authors, for people who follow a link."""

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse

from service.demo.lookalike import authors
from service.demo.lookalike.hits import address
from service.demo.lookalike.stock import LARGE, PREVIEW, StockPhoto
from service.demo.lookalike.tokens import Tokens
from service.sources.photos import fitted

__all__ = ["author_page", "photo_page"]

_POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
_STYLE = (
    "body { font: 16px/1.5 sans-serif; max-width: 1280px; margin: 2em auto; padding: 0 1em } "
    "img { max-width: 100%; height: auto }"
)


def photo_page(photo: StockPhoto, base: str, tokens: Tokens) -> HTMLResponse:
    """Return the page about a photo: the picture, who made it, its tags."""
    tags = ", ".join(photo.tags)
    author = f"users/{quote(_text(photo.author), safe='')}-{authors.number(photo.author)}/"
    return _page(
        tags,
        f"<p>{_picture(photo, LARGE, base, tokens)}</p>",
        f'<p>A photo by <a href="{_html(base + author)}">{_html(photo.author)}</a>, '
        f"{photo.size[0]} × {photo.size[1]} pixels, seen {photo.views:,} times.</p>",
        f"<p>Tags: {_html(tags)}</p>",
    )


def author_page(name: str, photos: Iterable[StockPhoto], base: str, tokens: Tokens) -> HTMLResponse:
    """Return the page about an author: a name and some photos."""
    links = (
        f'<a href="{_html(f"{base}photos/{photo.slug}-{photo.id}/")}">'
        f"{_picture(photo, PREVIEW, base, tokens)}</a>"
        for photo in photos
    )
    return _page(f"Photos by {name}", f"<p>{' '.join(links)}</p>")


def _picture(photo: StockPhoto, edge: int, base: str, tokens: Tokens) -> str:
    width, height = fitted(photo.size, edge)
    source = _html(address(photo, edge, base, tokens))
    what = _html(", ".join(photo.tags))
    return f'<img src="{source}" width="{width}" height="{height}" alt="{what}" />'


def _page(title: str, *body: str) -> HTMLResponse:
    text = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8" /><title>{_html(title)}</title><style>{_STYLE}</style></head>
<body>
<h1>{_html(title)}</h1>
{"".join(body)}
</body>
</html>
"""
    return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY})


def _html(text: str) -> str:
    return escape(_text(text))


def _text(text: str) -> str:
    """Return a text of others without what cannot be written on a page."""
    return "".join(char if char.isprintable() else " " for char in text)
