"""Errors to answers: the one table of HTTP codes, as `application/problem+json` (RFC 9457)."""

import math
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from cache.errors import FlightsFull, StoreUnavailable
from service import errors
from service.telemetry.counters import Counters

__all__ = ["PROBLEMS", "install"]

PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    errors.BadRequest: (422, "bad-request"),
    errors.UnknownFilter: (422, "unknown-filter"),
    errors.NotReady: (503, "not-ready"),
    errors.PhotoNotFound: (404, "photo-not-found"),
    errors.SourceUnavailable: (503, "source-unavailable"),
    errors.SourceRefused: (502, "source-refused"),
    errors.QuotaExhausted: (503, "quota-exhausted"),
    errors.PhotoUnavailable: (503, "photo-unavailable"),
    errors.PhotoRejected: (502, "photo-rejected"),
    errors.Overloaded: (503, "overloaded"),
    errors.EncoderFailed: (503, "encoder-failed"),
    errors.EncoderClosed: (503, "shutting-down"),
    errors.DeadlineExceeded: (503, "deadline-exceeded"),
    errors.ModelNotFound: (503, "model-not-found"),
    errors.SetupError: (503, "setup-error"),
    FlightsFull: (503, "overloaded"),
    StoreUnavailable: (503, "store-unavailable"),
}
"""Status and the last part of `type`, which never changes once published."""

_RETRY_AFTER_S = 5.0
_TYPE = "urn:nearhit:problem:"
_MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger(__name__)


def install(app: FastAPI, counters: Counters) -> None:
    """Answer every error of an app with a problem, and count it."""

    def answer(
        status: int, slug: str, sentence: str, headers: dict[str, str] | None = None
    ) -> JSONResponse:
        counters.add("nearhit_problems", slug)
        body = {
            "type": _TYPE + slug,
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": sentence,
        }
        return JSONResponse(body, status, headers, media_type=_MEDIA_TYPE)

    async def known(_: Request, exc: Exception) -> JSONResponse:
        status, slug = PROBLEMS[type(exc)]
        return answer(status, slug, str(exc), _retry_after(status, exc))

    async def invalid(_: Request, exc: Exception) -> JSONResponse:
        if not isinstance(exc, RequestValidationError):
            raise exc
        return answer(422, "bad-request", " ".join(_sentence(e) for e in exc.errors()))

    async def http(_: Request, exc: Exception) -> JSONResponse:
        if not isinstance(exc, HTTPException):
            raise exc
        slug = HTTPStatus(exc.status_code).phrase.lower().replace(" ", "-")
        return answer(exc.status_code, slug, f"{exc.detail}.", dict(exc.headers or {}))

    async def unforeseen(request: Request, exc: Exception) -> JSONResponse:
        _log.error("unforeseen_error", path=request.url.path, exc_info=exc)
        return answer(500, "internal-error", "Something went wrong here; it has been logged.")

    for kind in PROBLEMS:
        app.add_exception_handler(kind, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unforeseen)


def _retry_after(status: int, exc: Exception) -> dict[str, str]:
    wait_s = getattr(exc, "retry_after_s", None)
    if wait_s is None and status == HTTPStatus.SERVICE_UNAVAILABLE:
        wait_s = _RETRY_AFTER_S
    return {} if wait_s is None else {"Retry-After": str(max(1, math.ceil(wait_s)))}


def _sentence(error: dict[str, object]) -> str:
    """Say what pydantic found wrong with one parameter."""
    location = error["loc"]
    name = location[-1] if isinstance(location, tuple) else location
    match error["type"]:
        case "missing":
            return f"The parameter `{name}` is missing."
        case "extra_forbidden":
            return f"There is no parameter `{name}`."
        case _:
            return f"The parameter `{name}` is not right: {_lowered(str(error['msg']))}."


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")
