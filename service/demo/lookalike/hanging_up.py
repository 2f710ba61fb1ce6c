"""Closing a connection without an answer, as a server does that goes down."""

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

__all__ = ["HangUp", "TransportAware"]

_HANG_UP = "nearhit.hang_up"


class TransportAware(Starlette):
    """An app whose responses may be `HangUp`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, remembering the connection it came by."""
        # ASGI has no way to hang up: of a connection it shows no more than `send`, which
        # under uvicorn is a method of what holds the connection.
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        scope[_HANG_UP] = getattr(transport, "abort", None)
        await super().__call__(scope, receive, send)


class HangUp(Response):
    """No answer; under a server that is not uvicorn, a 503."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection and wait until it is closed."""
        hang_up = scope.get(_HANG_UP)
        if hang_up is None:
            await PlainTextResponse("Service Unavailable", 503)(scope, receive, send)
            return
        hang_up()
        while (await receive())["type"] != "http.disconnect":
            pass
