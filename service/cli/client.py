"""Asking a running service."""

from typing import Any

import httpx

from service.errors import ServiceError
from service.settings import Settings

__all__ = ["get"]

_TIMEOUT_S = 120.0


def get(
    path: str, parameters: dict[str, Any], url: str | None, settings: Settings
) -> dict[str, Any]:
    """
    Return the JSON a running service answers.

    Args:
        path: Path of the call.
        parameters: Its query parameters.
        url: Address of the service; where the settings put it if None.
        settings: Say where a service of this configuration listens.

    Raises:
        ServiceError: With the service's own sentence, or that there is none.
    """
    base = url or f"http://{settings.host}:{settings.port}"
    try:
        answer = httpx.get(base.rstrip("/") + path, params=parameters, timeout=_TIMEOUT_S)
        body: dict[str, Any] = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
        raise ServiceError(
            f"No nearhit answers at {base}: start one with `nearhit serve`, or say with `--url` "
            "where it is."
        ) from exc
    if not answer.is_success:
        raise ServiceError(str(body.get("detail", body)))
    return body
