"""Routes for admins: the token is looked at first, and no more of a body is read than may be."""

import hmac
from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.types import Message

from service.errors import AdminTokenRejected, AdminTokenUnset, BodyTooLarge
from service.http.running import state

__all__ = ["BEARER", "AdminRoute"]

BEARER = HTTPBearer(
    auto_error=False, scheme_name="admin", description="The service's `NEARHIT_ADMIN_TOKEN`."
)
"""For the API's description alone: FastAPI would ask it after the body has been read."""

_MAX_BODY_BYTES = 2 * 1024**2
"""A hundred searches of the longest kind, each character escaped."""

_Handler = Callable[[Request], Awaitable[Response]]


class AdminRoute(APIRoute):
    """A route that answers nobody but those who bring the admin token."""

    def get_route_handler(self) -> _Handler:  # type: ignore[override]  # any awaitable will do
        """Return a handler that looks at the token and the body's length first."""
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            await _require_admin(request)
            body = await _read_bounded(request)

            async def replay() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await answer(Request(request.scope, replay))

        return guarded


async def _require_admin(request: Request) -> None:
    expected = (await state(request)).settings.admin_token
    if expected is None:
        raise AdminTokenUnset(
            "This call is closed: set NEARHIT_ADMIN_TOKEN, start the service again, and send "
            "the token as `Authorization: Bearer …`."
        )
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    # Compared whole, however soon they differ: the time taken tells nothing.
    is_right = hmac.compare_digest(given.strip().encode(), expected.get_secret_value().encode())
    if scheme.lower() != "bearer" or not is_right:
        raise AdminTokenRejected(
            "This call needs the service's NEARHIT_ADMIN_TOKEN, as `Authorization: Bearer …`; "
            + ("what came is not it." if given else "none came.")
        )


async def _read_bounded(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BODY_BYTES:
            raise BodyTooLarge(f"The body is longer than {_MAX_BODY_BYTES} bytes.")
    return bytes(body)
