"""Pictures, hits and a server that tests of sources share."""

import io
from collections.abc import Callable

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["Canned", "hit", "jpeg", "picture"]


class Canned:
    """A server that gives one answer to everything and remembers what was asked."""

    def __init__(self):
        self.answer: Callable[[Request], Response] = lambda _: JSONResponse({"hits": []})
        self.requests: list[Request] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._handle)])

    async def _handle(self, request: Request):
        self.requests.append(request)
        return self.answer(request)


def picture(format_="JPEG", *, size=(60, 40), mode="RGB", color="red", **options):
    """Return a drawn picture's file."""
    stream = io.BytesIO()
    Image.new(mode, size, color).save(stream, format_, **options)
    return stream.getvalue()


def jpeg(width=60, height=40, color="red"):
    """Return a drawn JPEG's bytes."""
    return picture(size=(width, height), color=color)


def hit(id_=1, **fields):
    """Return a small hit of the API; None takes a field away."""
    whole = {
        "id": id_,
        "pageURL": f"https://pixabay.com/photos/horse-{id_}/",
        "tags": "horse, white horse , meadow",
        "webformatURL": f"https://pixabay.com/get/g{id_}_640.jpg",
        "webformatWidth": 640,
        "webformatHeight": 427,
        "user_id": 7,
        "user": "Ann Lee",
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not None}
