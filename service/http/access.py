"""Every request has an id, and one line in the log."""

import re
import secrets
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cache.clock import Clock

__all__ = ["AccessLog"]

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET_PATHS = {"/alive", "/ready", "/metrics"}

_log = structlog.get_logger("access")


class AccessLog:
    """
    ASGI middleware: binds the request's id to all logs and logs the request, without its query.

    An `X-Request-ID` that came along is kept where it is harmless.

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
        request_id = _request_id(Headers(scope=scope).get("x-request-id", ""))
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        began = self._clock.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception as exc:  # noqa: BLE001 - whatever it is, it is logged with its request
                await self._unforeseen(exc)(scope, receive, send_with_id)
            finally:
                ms = round((self._clock.monotonic() - began) * 1000, 2)
                log = self._log.debug if scope["path"] in _QUIET_PATHS else self._log.info
                log("request", method=scope["method"], path=scope["path"], status=status, ms=ms)


def _request_id(given: str) -> str:
    return given if _SANE_ID.fullmatch(given) else secrets.token_hex(8)
