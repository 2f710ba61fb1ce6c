"""Asking a running service."""

from types import TracebackType
from typing import Any, Self

import httpx

from service.errors import ServiceError
from service.settings import Settings

__all__ = ["Remote", "get"]

_TIMEOUT_S = 120.0


class Remote:
    """
    A running service, asked over one connection.

    Args:
        url: Address of the service; where the settings put it if None.
        settings: Say where a service of this configuration listens, and hold the token.
        as_admin: Whether the token goes along.

    Raises:
        ServiceError: If there is no token to go along, or the address is none.
    """

    def __init__(self, url: str | None, settings: Settings, *, as_admin: bool = False) -> None:
        self._base = url or f"http://{settings.host}:{settings.port}"
        # A service answers within this, or with the problem that it cannot.
        self._timeout_s = _TIMEOUT_S + settings.search_timeout_s
        headers = _admin(settings) if as_admin else {}
        try:
            self._client = httpx.Client(
                base_url=self._base, headers=headers, timeout=self._timeout_s
            )
        except httpx.InvalidURL as exc:
            raise self._nobody() from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        parameters: dict[str, Any] | None = None,
        body: object = None,
    ) -> dict[str, Any]:
        """
        Return the JSON the service answers.

        Raises:
            ServiceError: With the service's own sentence and the wait it asks for, or that
                there is no service.
        """
        try:
            answer = self._client.request(method, path, params=parameters, json=body)
            content: Any = answer.json()
        except httpx.ReadTimeout as exc:
            raise ServiceError(
                f"The service at {self._base} did not answer within {self._timeout_s:g} s."
            ) from exc
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
            raise self._nobody() from exc
        if not isinstance(content, dict):
            raise self._nobody()
        if not answer.is_success:
            sentence = str(content.get("detail", content))
            raise ServiceError(sentence, retry_after_s=_retry_after_s(answer))
        return content

    def _nobody(self) -> ServiceError:
        return ServiceError(
            f"No nearhit answers at {self._base}: start one with `nearhit serve`, or say with "
            "`--url` where it is."
        )


def get(
    path: str, parameters: dict[str, Any], url: str | None, settings: Settings
) -> dict[str, Any]:
    """
    Return the JSON a running service answers to one call.

    Args:
        path: Path of the call.
        parameters: Its query parameters.
        url: Address of the service; where the settings put it if None.
        settings: Say where a service of this configuration listens.

    Raises:
        ServiceError: With the service's own sentence, or that there is none.
    """
    with Remote(url, settings) as remote:
        return remote.ask("GET", path, parameters=parameters)


def _admin(settings: Settings) -> dict[str, str]:
    if settings.admin_token is None:
        raise ServiceError(
            "This is for admins: set NEARHIT_ADMIN_TOKEN to the token the service was started with."
        )
    return {"Authorization": f"Bearer {settings.admin_token.get_secret_value()}"}


def _retry_after_s(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None
