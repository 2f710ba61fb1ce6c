"""Photos over the network: only from hosts we trust, only so much, only so long."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Self

import httpx

from service.errors import PhotoRejected, PhotoUnavailable
from service.settings import Settings
from service.sources.photos import UNKNOWN_TYPE, media_type
from service.sources.web import has_real_port, make_clients, read_at_most

__all__ = ["PhotoFetcher"]

_MAX_REDIRECTS = 3
_GONE = (404, 410)

_CONNECTION_LOST = (httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError)
"""What a connection ends with that breaks off before the whole answer has come."""


class PhotoFetcher:
    """
    Fetches photos from an exact list of hosts, so many at a time; others wait for their turn.

    Args:
        clients: One for each photo that may be fetched at the same time, closed by
            `aclose`. One client for all would cost several times as much: it looks at
            all its connections again whenever one of them is taken or given back.
        hosts: The only hosts asked, also after a redirect. Plain http is taken
            from loopback hosts among them alone.
        per_host: Photos fetched from one of them at the same time.
        max_bytes: Largest photo taken, counted as it arrives.
        timeout_s: Longest wait for one photo, redirects and all, from its turn on.
    """

    def __init__(
        self,
        clients: Sequence[httpx.AsyncClient],
        *,
        hosts: Iterable[str],
        per_host: int,
        max_bytes: int,
        timeout_s: float,
    ) -> None:
        self._clients = clients
        # The last one given back is taken first: its connection is the likeliest to be open.
        self._free: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for client in clients:
            self._free.put_nowait(client)
        names = {host.strip("[]").lower() for host in hosts}
        self._turns = {host: asyncio.Semaphore(per_host) for host in names}
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Build with clients of its own."""
        return cls(
            make_clients(settings.downloads),
            hosts=settings.photo_hosts,
            per_host=settings.downloads_per_host,
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
        for client in self._clients:
            await client.aclose()

    async def _follow(self, address: str) -> bytes:
        url, left_s = httpx.URL(address), self._timeout_s
        for _ in range(_MAX_REDIRECTS + 1):
            self._check(url)
            async with self._turn(url.host) as client, asyncio.timeout(left_s) as limit:
                try:
                    answer = await self._get(client, url)
                except _CONNECTION_LOST:
                    # Once more: hosts close a connection that was kept just as it is used again.
                    answer = await self._get(client, url)
            if isinstance(answer, bytes):
                return answer
            url = answer
            left_s = (limit.when() or 0.0) - asyncio.get_running_loop().time()
        raise PhotoRejected("The photo's address leads from one redirect to the next.")

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[httpx.AsyncClient]:
        """Wait for a turn at this host, then of all: who waits at one host keeps nobody else."""
        async with self._turns[host]:
            client = await self._free.get()
            try:
                yield client
            finally:
                self._free.put_nowait(client)

    async def _get(self, client: httpx.AsyncClient, url: httpx.URL) -> bytes | httpx.URL:
        """Return a photo's bytes, or the address it has moved to."""
        async with client.stream(
            "GET",
            url,
            # Compressing a photo gains nothing, and a small answer could swell.
            headers={"Accept": "image/*", "Accept-Encoding": "identity"},
            follow_redirects=False,
            timeout=self._timeout_s,
        ) as response:
            if response.has_redirect_location:
                return url.join(response.headers["Location"])
            return await self._read(response)

    def _check(self, url: httpx.URL) -> None:
        if not has_real_port(url):
            raise PhotoRejected("The photo's address has a port that does not exist.")
        if url.userinfo:
            raise PhotoRejected("The photo's address holds a user name or password.")
        if url.host not in self._turns:
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
