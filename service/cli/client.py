"""Asking a running service."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx
from httpx_sse import EventSource, SSEError

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
        if not self._base.startswith(("http://", "https://")):
            raise ServiceError(f"“{self._base}” needs http:// or https:// before it.")
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
        with self._answers():
            answer = self._client.request(method, path, params=parameters, json=body)
            return self._content(answer)

    def events(self, path: str, parameters: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """
        Yield name and JSON of each event the service sends, until it ends the stream.

        Raises:
            ServiceError: As `ask`, and with the sentence of an event `error`.
        """
        with self._answers(), self._client.stream("GET", path, params=parameters) as answer:
            if not answer.is_success:
                answer.read()
                self._content(answer)
            for event in EventSource(answer).iter_sse():
                content: Any = event.json()
                if not isinstance(content, dict):
                    raise self._nobody()
                if event.event == "error":
                    raise _problem(content, content.get("retry_after_s"))
                yield event.event, content

    @contextmanager
    def _answers(self) -> Iterator[None]:
        """Say in a sentence what kept an answer from coming."""
        try:
            yield
        except httpx.ReadTimeout as exc:
            raise ServiceError(
                f"The service at {self._base} did not answer within {self._timeout_s:g} s."
            ) from exc
        except (httpx.ReadError, httpx.RemoteProtocolError) as exc:
            raise ServiceError(
                f"The connection to the service at {self._base} was lost; try again."
            ) from exc
        except (httpx.HTTPError, httpx.InvalidURL, SSEError, ValueError) as exc:
            raise self._nobody() from exc

    def _content(self, answer: httpx.Response) -> dict[str, Any]:
        content: Any = answer.json()
        if not isinstance(content, dict):
            raise self._nobody()
        if not answer.is_success:
            raise _problem(content, _retry_after_s(answer))
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


def _problem(content: dict[str, Any], retry_after_s: float | None) -> ServiceError:
    return ServiceError(str(content.get("detail", content)), retry_after_s=retry_after_s)


def _retry_after_s(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None
