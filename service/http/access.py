"""Every request has an id, and one line in the log."""

import random
import re
from collections.abc import Callable

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cache.clock import Clock

__all__ = ["AccessLog"]

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_NAME = b"x-request-id"
_DIGITS = 16
_QUIET_PATHS = {"/alive", "/ready", "/metrics"}

_log = structlog.get_logger("access")


class AccessLog:
    """
    ASGI middleware: binds the request's id to all logs and logs the request, without its query.

    An `X-Request-ID` that came along is kept where it is harmless; no route sets one.

    Args:
        app: What answers.
        clock: Measures.
        unforeseen: Logs an error nothing else has answered, and returns the answer.
    """

    def __init__(
        self, app: ASGIApp, clock: Clock, unforeseen: Callable[[Exception], ASGIApp]
    ) -> None:
        self._app = app
        self._clock = clock
        self._unforeseen = unforeseen
        self._log = _log.bind()  # once, or every line would put a logger together

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (_NAME, request_id.encode())]
            await send(message)

        began = self._clock.monotonic()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is logged with its request
            await self._unforeseen(exc)(scope, receive, send_with_id)
        finally:
            ms = round((self._clock.monotonic() - began) * 1000, 2)
            log = self._log.debug if scope["path"] in _QUIET_PATHS else self._log.info
            log("request", method=scope["method"], path=scope["path"], status=status, ms=ms)
            structlog.contextvars.unbind_contextvars("request_id")


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == _NAME), b"")
    if _SANE_ID.fullmatch(given):
        return str(given, "ascii")
    # To be told apart, not to be kept secret
    return f"{random.getrandbits(4 * _DIGITS):0{_DIGITS}x}"
