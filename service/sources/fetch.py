"""Photos over the network: only from hosts we trust, only so much, only so long."""

import asyncio
import ipaddress
from collections.abc import Iterable
from typing import Self

import httpx

from service.errors import PhotoRejected, PhotoUnavailable
from service.settings import Settings
from service.sources.photos import UNKNOWN_TYPE, media_type
from service.sources.web import has_real_port, make_client, read_at_most

__all__ = ["PhotoFetcher"]

_MAX_REDIRECTS = 3
_GONE = (404, 410)


class PhotoFetcher:
    """
    Fetches photos from an exact list of hosts; how many at a time is the caller's.

    Args:
        client: Closed by `aclose`.
        hosts: The only hosts asked, also after a redirect. Plain http is taken
            from loopback hosts among them alone.
        max_bytes: Largest photo taken, counted as it arrives.
        timeout_s: Longest wait for one photo, redirects and all.
    """

    def __init__(
        self, client: httpx.AsyncClient, *, hosts: Iterable[str], max_bytes: int, timeout_s: float
    ) -> None:
        self._client = client
        self._hosts = frozenset(host.strip("[]").lower() for host in hosts)
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Build with a client of its own."""
        return cls(
            make_client(settings.downloads),
            hosts=settings.photo_hosts,
            max_bytes=settings.photo_max_bytes,
            timeout_s=settings.photo_timeout_s,
        )

    async def fetch(self, url: str) -> bytes:
        """
        Return the bytes behind a photo's address.

        Raises:
            PhotoUnavailable: If they cannot be had now.
            PhotoRejected: If they are gone for good, too many, no photo, or
                from a host that is not allowed.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                data = await self._follow(url)
        except (TimeoutError, httpx.TimeoutException) as exc:
            raise PhotoUnavailable(
                f"The photo did not arrive within {self._timeout_s:g} s."
            ) from exc
        except (httpx.InvalidURL, UnicodeError) as exc:
            raise PhotoRejected("The photo's address is not a web address.") from exc
        except httpx.HTTPError as exc:
            raise PhotoUnavailable("The photo's host cannot be reached.") from exc
        if media_type(data) == UNKNOWN_TYPE:
            raise PhotoRejected("The photo's host sent something that is not a photo.")
        return data

    async def aclose(self) -> None:
        """Give back connections."""
        await self._client.aclose()

    async def _follow(self, address: str) -> bytes:
        url = httpx.URL(address)
        for _ in range(_MAX_REDIRECTS + 1):
            self._check(url)
            async with self._client.stream(
                "GET",
                url,
                # Compressing a photo gains nothing, and a small answer could swell.
                headers={"Accept": "image/*", "Accept-Encoding": "identity"},
                follow_redirects=False,
                timeout=self._timeout_s,
            ) as response:
                if not response.has_redirect_location:
                    return await self._read(response)
                url = url.join(response.headers["Location"])
        raise PhotoRejected("The photo's address leads from one redirect to the next.")

    def _check(self, url: httpx.URL) -> None:
        if not has_real_port(url):
            raise PhotoRejected("The photo's address has a port that does not exist.")
        if url.userinfo:
            raise PhotoRejected("The photo's address holds a user name or password.")
        if url.host not in self._hosts:
            raise PhotoRejected(
                f"Photos are not fetched from “{url.host}”; NEARHIT_PHOTO_HOSTS lists the hosts."
            )
        if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
            raise PhotoRejected("Photos are fetched over https alone.")

    async def _read(self, response: httpx.Response) -> bytes:
        if response.status_code in _GONE:
            raise PhotoRejected(f"The photo's host has it no more ({response.status_code}).")
        if not response.is_success:
            # 403 too: an address that has expired, or a challenge for browsers.
            raise PhotoUnavailable(f"The photo's host answered {response.status_code}.")
        if response.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise PhotoRejected("The photo's host sent a web page instead of a photo.")
        data = await read_at_most(response, self._max_bytes)
        if data is None:
            raise PhotoRejected(f"The photo's file is larger than {self._max_bytes} bytes.")
        return data


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
