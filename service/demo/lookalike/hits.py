"""Hits of the Pixabay API: the same 22 fields, told of photos of a stock."""

from service.demo.lookalike import authors
from service.demo.lookalike.stock import LARGE, PREVIEW, WEB, StockPhoto
from service.demo.lookalike.tokens import Tokens
from service.sources.photos import fitted

__all__ = ["address", "hit"]


def hit(photo: StockPhoto, base: str, tokens: Tokens) -> dict[str, str | int]:
    """
    Return a photo as the API describes it.

    Args:
        photo: The photo.
        base: Address of the server, with a slash at its end.
        tokens: Make the addresses that expire.
    """
    preview, web = fitted(photo.size, PREVIEW), fitted(photo.size, WEB)
    user_id = authors.number(photo.author)
    portrait = f"{base}user/{user_id}_{authors.PORTRAIT}x{authors.PORTRAIT}.png"
    return {
        "id": photo.id,
        "pageURL": f"{base}photos/{photo.slug}-{photo.id}/",
        "type": "photo",
        "tags": ", ".join(tag.replace(",", " ") for tag in photo.tags),
        "previewURL": address(photo, PREVIEW, base, tokens),
        "previewWidth": preview[0],
        "previewHeight": preview[1],
        "webformatURL": address(photo, WEB, base, tokens),
        "webformatWidth": web[0],
        "webformatHeight": web[1],
        "largeImageURL": address(photo, LARGE, base, tokens),
        "imageWidth": photo.size[0],
        "imageHeight": photo.size[1],
        "imageSize": photo.bytes,
        **_popularity(photo.views),
        "user_id": user_id,
        "user": photo.author,
        "userImageURL": portrait if authors.has_portrait(user_id) else "",
    }


def address(photo: StockPhoto, edge: int, base: str, tokens: Tokens) -> str:
    """Return where a photo's picture is at `PREVIEW`, `WEB` or `LARGE` size."""
    if edge == PREVIEW:
        return f"{base}photo/{photo.slug}-{photo.id}_{PREVIEW}.jpg"
    return f"{base}get/{tokens.issue(photo.id, edge)}_{edge}.jpg"


def _popularity(views: int) -> dict[str, str | int]:
    return {
        "views": views,
        "downloads": views // 2,
        "collections": views // 300,
        "likes": views // 400,
        "comments": views // 3000,
    }
