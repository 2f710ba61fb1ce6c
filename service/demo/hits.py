"""Hits of the Pixabay API: the same 22 fields, told of photos in a folder."""

from service.demo.stock import LARGE, PREVIEW, WEB, StockPhoto, author
from service.sources.photos import fitted

__all__ = ["hit"]


def hit(photo: StockPhoto, base: str) -> dict[str, str | int]:
    """
    Return a photo as the API describes it.

    Args:
        photo: The photo.
        base: Address of the server, with a slash at its end.
    """
    name = f"{photo.slug}-{photo.id}"
    preview, web = fitted(photo.size, PREVIEW), fitted(photo.size, WEB)
    user, user_id = author(photo)
    return {
        "id": photo.id,
        "pageURL": f"{base}photos/{name}/",
        "type": "photo",
        "tags": ", ".join(tag.replace(",", " ") for tag in photo.file.tags),
        "previewURL": f"{base}photo/{name}_{PREVIEW}.jpg",
        "previewWidth": preview[0],
        "previewHeight": preview[1],
        "webformatURL": f"{base}get/{photo.token}_{WEB}.jpg",
        "webformatWidth": web[0],
        "webformatHeight": web[1],
        "largeImageURL": f"{base}get/{photo.token}_{LARGE}.jpg",
        "imageWidth": photo.size[0],
        "imageHeight": photo.size[1],
        "imageSize": photo.file.bytes,
        **_popularity(photo.id),
        "user_id": user_id,
        "user": user,
        "userImageURL": "",
    }


def _popularity(id_: int) -> dict[str, str | int]:
    views = 1000 + id_ % 900_000
    return {
        "views": views,
        "downloads": views // 2,
        "collections": views // 300,
        "likes": views // 400,
        "comments": views // 3000,
    }
