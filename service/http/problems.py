"""Errors to answers: the one table of HTTP codes, as `application/problem+json` (RFC 9457)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from cache.errors import FlightsFull, StoreFull, StoreUnavailable
from service import errors
from service.telemetry.counters import Counters

__all__ = ["PROBLEMS", "Known", "Problems"]

PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    errors.BadRequest: (422, "bad-request"),
    errors.UnknownFilter: (422, "unknown-filter"),
    errors.BodyTooLarge: (413, "body-too-large"),
    errors.AdminTokenRejected: (401, "admin-token-rejected"),
    errors.AdminTokenUnset: (403, "admin-token-unset"),
    errors.AlreadyWarming: (503, "already-warming"),
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
    StoreFull: (503, "store-full"),
    StoreUnavailable: (503, "store-unavailable"),
}
"""Status and the last part of `type`, which never changes once published."""

_HEADERS: dict[type[Exception], Mapping[str, str]] = {
    errors.AdminTokenRejected: {"WWW-Authenticate": "Bearer"},
}
_RETRY_AFTER_S = 5.0
_MOST_SENTENCES = 5
_UNFORESEEN = "Something went wrong here; it has been logged under this request's id."
_TYPE = "urn:nearhit:problem:"
_MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """
    An error as the table has it.

    Args:
        status: HTTP code.
        slug: Last part of `type`.
        detail: The error's own sentence.
        retry_after_s: Seconds after which trying again may help, or None.
    """

    status: int
    slug: str
    detail: str
    retry_after_s: float | None

    @classmethod
    def of(cls, exc: Exception) -> Self:
        """
        Look an error up.

        Raises:
            StopIteration: If neither it nor what it is derived from is in the table.
        """
        status, slug = next(PROBLEMS[kind] for kind in type(exc).__mro__ if kind in PROBLEMS)
        wait_s = getattr(exc, "retry_after_s", None)
        if wait_s is None and status == HTTPStatus.SERVICE_UNAVAILABLE:
            wait_s = _RETRY_AFTER_S
        return cls(status, slug, str(exc), wait_s)

    @property
    def type(self) -> str:
        """The problem's `type`."""
        return _TYPE + self.slug

    @property
    def wait_s(self) -> int | None:
        """Whole seconds to wait, as `Retry-After` has them."""
        return None if self.retry_after_s is None else max(1, math.ceil(self.retry_after_s))


class Problems:
    """
    Answers every error of an app with a problem, and counts it.

    Args:
        counters: Counts problems by type.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def install(self, app: FastAPI) -> None:
        """Answer the errors that were foreseen."""
        for kind in PROBLEMS:
            app.add_exception_handler(kind, self._known)
        app.add_exception_handler(RequestValidationError, self._invalid)
        app.add_exception_handler(HTTPException, self._http)

    def unforeseen(self, exc: Exception) -> Response:
        """Log an error of ours, and answer that there was one."""
        _log.error("unforeseen_error", exc_info=exc)
        return self._answer(500, "internal-error", _UNFORESEEN)

    def in_stream(self, exc: Exception) -> Mapping[str, Any]:
        """Return the problem an answer that has begun ends with, whatever the error is."""
        if isinstance(exc, tuple(PROBLEMS)):
            known = Known.of(exc)
            body = self._body(known.status, known.slug, known.detail)
            return body | {"retry_after_s": known.wait_s}
        _log.error("unforeseen_error", exc_info=exc)
        return self._body(500, "internal-error", _UNFORESEEN) | {"retry_after_s": None}

    async def _known(self, _: Request, exc: Exception) -> Response:
        known = Known.of(exc)
        headers = dict(_HEADERS.get(type(exc), {}))
        if known.wait_s is not None:
            headers["Retry-After"] = str(known.wait_s)
        return self._answer(known.status, known.slug, known.detail, headers)

    async def _invalid(self, _: Request, exc: Exception) -> Response:
        if not isinstance(exc, RequestValidationError):
            raise exc
        sentences = [_sentence(error) for error in exc.errors()[:_MOST_SENTENCES]]
        return self._answer(422, "bad-request", " ".join(sentences))

    async def _http(self, _: Request, exc: Exception) -> Response:
        if not isinstance(exc, HTTPException):
            raise exc
        slug = HTTPStatus(exc.status_code).phrase.lower().replace(" ", "-")
        return self._answer(exc.status_code, slug, f"{exc.detail}.", exc.headers)

    def _answer(
        self, status: int, slug: str, sentence: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        body = self._body(status, slug, sentence)
        return JSONResponse(body, status, headers, media_type=_MEDIA_TYPE)

    def _body(self, status: int, slug: str, sentence: str) -> dict[str, Any]:
        self._counters.add("nearhit_problems", slug)
        return {
            "type": _TYPE + slug,
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": sentence,
        }


def _sentence(error: dict[str, object]) -> str:
    """Say what pydantic found wrong with one parameter, or one field of a body."""
    what = _name(error["loc"])
    match error["type"]:
        case "missing":
            return f"The {what} is missing."
        case "extra_forbidden":
            return f"There is no {what}."
        case "json_invalid":
            return "The body is not JSON."
        case _:
            return f"The {what} is not right: {_lowered(str(error['msg']))}."


def _name(location: object) -> str:
    match location:
        case ("body",):
            return "body"
        case ("body", *path):
            return f"field `{'.'.join(map(str, path))}`"
        case (*_, name):
            return f"parameter `{name}`"
        case _:
            return f"parameter `{location}`"


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")
