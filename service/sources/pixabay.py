"""The Pixabay API as a source of photos; https://pixabay.com/api/docs/ describes it."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Self

import httpx
import stamina
import structlog
from pydantic import SecretStr

from cache.pools.filters import Filters
from cache.pools.pool import POOL_LIFETIME_S, Candidate
from cache.sharing.quota import Quota
from service.errors import SetupError
from service.settings import Settings
from service.sources.fetch import PhotoFetcher
from service.sources.pixabay_answers import (
    PIXABAY,
    Api,
    is_page,
    read_candidates,
    refusal,
    unavailable,
)
from service.sources.quota import ApiQuota
from service.sources.rules import PIXABAY_RULES, canonical
from service.sources.web import has_real_port, make_client, read_at_most

__all__ = ["PixabaySource"]

_log = structlog.get_logger(__name__)

_PER_PAGE = (3, 200)
_MAX_BYTES = 2 * 1024**2
_TOO_MANY_REQUESTS = 429


class PixabaySource:
    """
    Photos of Pixabay, or of a look-alike of its API.

    Args:
        client: Asks the API; closed by `aclose`.
        fetcher: Fetches the photos; closed by `aclose`.
        key: The API key. It goes out with every call and nowhere else.
        url: Address of the API.
        timeout_s: Longest wait for an answer, a second attempt included.
        quota: How many more calls may be made with this key.
        api: Whose API it is.
    """

    lifetime_s = POOL_LIFETIME_S

    def __init__(
        self,
        client: httpx.AsyncClient,
        fetcher: PhotoFetcher,
        *,
        key: SecretStr,
        url: str,
        timeout_s: float,
        quota: Quota,
        api: Api = PIXABAY,
    ) -> None:
        self._api = api
        self._client = client
        self._fetcher = fetcher
        self._key = key
        self._url = _api_url(url)
        self._site = f"{self._url.scheme}://{self._url.netloc.decode()}"
        self._timeout_s = timeout_s
        self._quota = ApiQuota(quota)
        _keep_queries_from_logs()

    @classmethod
    def from_settings(cls, settings: Settings, quota: Quota, api: Api = PIXABAY) -> Self:
        """
        Build with clients of its own.

        Raises:
            SetupError: If there is no key, or the address is none.
        """
        key = settings.pixabay_api_key
        if key is None or not key.get_secret_value():
            raise SetupError(
                "Pixabay needs a key: set NEARHIT_PIXABAY_API_KEY "
                "(free at https://pixabay.com/api/docs/)."
            )
        return cls(
            make_client(),
            PhotoFetcher.from_settings(settings),
            key=key,
            url=settings.pixabay_url,
            timeout_s=settings.api_timeout_s,
            quota=quota,
            api=api,
        )

    @property
    def identity(self) -> str:
        """Name, and for a look-alike of Pixabay where it is."""
        if self._api is not PIXABAY:
            return self._api.identity
        url = self._url
        place = f"{url.host}{f':{url.port}' if url.port else ''}{url.path.rstrip('/')}"
        if (url.scheme, place) == ("https", "pixabay.com/api"):
            return PIXABAY.identity
        return f"{PIXABAY.identity}@{place}"

    def canonical(self, filters: Filters) -> Filters:
        """Return filters without those that ask for the defaults, as `ImageSource` says."""
        return canonical(filters, PIXABAY_RULES, source=self._api.label)

    async def search(self, tag: str, filters: Filters, limit: int) -> Sequence[Candidate]:
        """
        Return up to `limit` candidates of a tag, in one call of the API.

        Raises:
            UnknownFilter, BadRequest: As `canonical`.
            SourceUnavailable: If the API does not answer in time or not sensibly.
            SourceRefused: If it rejects the request or the key.
            QuotaExhausted: If it asks us to wait.
        """
        filters = self.canonical(filters)
        body = await self._ask(self._params(tag, filters, limit))
        candidates, skipped = read_candidates(body, site=self._site, api=self._api)
        if skipped:
            _log.warning("pixabay_hits_skipped", skipped=skipped, kept=len(candidates))
        return candidates[: max(limit, 0)]

    async def spare_in_s(self, share: float) -> float:
        """Say when a call of the API can be spared, as `ImageSource` says."""
        return await self._quota.spare_in_s(share)

    async def photo(self, candidate: Candidate) -> bytes:
        """Return the bytes behind a candidate's `url`; raises as `PhotoFetcher.fetch`."""
        return await self._fetcher.fetch(candidate.url)

    async def aclose(self) -> None:
        """Give back connections."""
        await self._client.aclose()
        await self._fetcher.aclose()

    def _params(self, tag: str, filters: Filters, limit: int) -> dict[str, str]:
        least, most = _PER_PAGE
        return {
            "image_type": "photo",
            **dict(filters.pairs),
            "key": self._key.get_secret_value(),
            "q": tag,
            "per_page": str(min(max(limit, least), most)),
            "safesearch": "true",
        }

    async def _ask(self, params: dict[str, str]) -> bytes:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ask_twice(params)
        except (TimeoutError, httpx.TimeoutException) as exc:
            raise unavailable(
                f"{self._api.label} did not answer within {self._timeout_s:g} s."
            ) from exc
        except httpx.HTTPStatusError as exc:
            status = exc.response.status_code
            raise unavailable(
                f"{self._api.label} answered with an error of its own ({status})."
            ) from exc
        except httpx.HTTPError as exc:
            raise unavailable(f"{self._api.label} cannot be reached.") from exc

    async def _ask_twice(self, params: dict[str, str]) -> bytes:
        @stamina.retry(on=_may_pass, attempts=2, wait_initial=0.1, wait_jitter=0.1)
        async def ask() -> bytes:
            return await self._call(params)

        return await ask()

    async def _call(self, params: dict[str, str]) -> bytes:
        ticket = await self._quota.take()
        async with self._client.stream(
            "GET",
            self._url.copy_merge_params(params),
            follow_redirects=False,
            timeout=self._timeout_s,
        ) as response:
            body = await read_at_most(response, _MAX_BYTES)
        await self._quota.learn(ticket, response.headers)
        if body is None:
            raise unavailable(f"{self._api.label} answered with more than {_MAX_BYTES} bytes.")
        await self._check(response, body)
        return body

    async def _check(self, response: httpx.Response, body: bytes) -> None:
        if response.is_server_error:
            # Not raise_for_status: its message holds the address, and so the key.
            raise httpx.HTTPStatusError(
                f"status {response.status_code}", request=response.request, response=response
            )
        if response.status_code == _TOO_MANY_REQUESTS and not is_page(body):
            raise await self._quota.exhaust(response.headers)
        error = refusal(response.status_code, body, key=self._key.get_secret_value(), api=self._api)
        if error is not None:
            raise error


def _api_url(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
        complete = url.scheme in ("http", "https") and url.host and has_real_port(url)
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise SetupError("NEARHIT_PIXABAY_URL is not a web address.") from exc
    if not complete:
        raise SetupError("NEARHIT_PIXABAY_URL must be a whole address, with https:// or http://.")
    return url


def _may_pass(error: Exception) -> bool:
    """Whether asking once more at once may help; a time-out has used up the time for that."""
    if isinstance(error, httpx.TimeoutException):
        return False
    return isinstance(error, httpx.TransportError | httpx.HTTPStatusError)


def _keep_queries_from_logs() -> None:
    # httpx logs every address at INFO: ours hold the key and what people search for.
    logging.getLogger("httpx").addFilter(_without_query)


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            arg.copy_with(query=None) if isinstance(arg, httpx.URL) else arg for arg in record.args
        )
    return True
