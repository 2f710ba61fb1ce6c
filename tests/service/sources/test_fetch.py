"""Photos over the network: hosts, redirects, sizes, times."""

import asyncio
import socket
import threading
import time
from collections import Counter

import httpx
import pytest
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from service.errors import PhotoRejected, PhotoUnavailable
from service.sources.fetch import PhotoFetcher
from tests.service.sources.doubles import jpeg

pytestmark = pytest.mark.anyio


@pytest.fixture
async def fetch():
    """The fetch of a fetcher that trusts 127.0.0.1 alone, and little of it."""
    fetcher = PhotoFetcher(
        [httpx.AsyncClient()], hosts=["127.0.0.1"], per_host=1, max_bytes=100_000, timeout_s=0.3
    )
    yield fetcher.fetch
    await fetcher.aclose()


async def test_a_photo_arrives_as_it_is(fetch, canned, base):
    """The bytes come back unchanged."""
    canned.answer = lambda _: Response(jpeg())

    assert await fetch(f"{base}/a.jpg") == jpeg()


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.jpg",
        "https://127.0.0.1.example.com/a.jpg",
        "http://localhost/a.jpg",
        "https://user:word@127.0.0.1/a.jpg",
        "https://127.0.0.1@example.com/a.jpg",
        "ftp://127.0.0.1/a.jpg",
        "file:///etc/passwd",
        "/a.jpg",
        "",
        "https://[",
        "https://xn--/a.jpg",
        "https://127.0.0.1:99999/a.jpg",
    ],
)
async def test_other_addresses_are_rejected(fetch, url):
    """Only hosts of the list, only http and https, never with a password."""
    with pytest.raises(PhotoRejected):
        await fetch(url)


async def test_plain_http_is_for_loopback_alone():
    """A host beyond loopback must speak https even where it stands in the list."""
    async with httpx.AsyncClient() as client:
        fetcher = PhotoFetcher(
            [client], hosts=["example.com"], per_host=1, max_bytes=10, timeout_s=1
        )

        with pytest.raises(PhotoRejected, match="https"):
            await fetcher.fetch("http://example.com/a.jpg")


async def test_redirects_within_the_hosts_are_followed(fetch, canned, base):
    """A redirect to an allowed host leads to the photo."""
    canned.answer = lambda request: (
        Response(jpeg()) if request.url.path == "/b.jpg" else RedirectResponse("/b.jpg")
    )

    assert await fetch(f"{base}/a.jpg") == jpeg()


@pytest.mark.parametrize(
    "target", ["https://example.com/a.jpg", "http://localhost/a.jpg", "file:///etc/passwd", "//["]
)
async def test_redirects_elsewhere_are_rejected(fetch, canned, base, target):
    """Each hop is checked as the first address was."""
    canned.answer = lambda _: Response(status_code=302, headers={"Location": target})

    with pytest.raises(PhotoRejected):
        await fetch(f"{base}/a.jpg")

    assert len(canned.requests) == 1


async def test_endless_redirects_are_rejected(fetch, canned, base):
    """After three redirects it is enough."""
    canned.answer = lambda _: RedirectResponse("/again.jpg")

    with pytest.raises(PhotoRejected, match="redirect"):
        await fetch(f"{base}/a.jpg")

    assert len(canned.requests) == 4


async def test_a_large_photo_is_rejected_by_its_announced_length(fetch, canned, base):
    """The announced length is enough to turn a photo away."""
    canned.answer = lambda _: Response(jpeg() + bytes(200_000))

    with pytest.raises(PhotoRejected, match="larger than 100000 bytes"):
        await fetch(f"{base}/a.jpg")


async def test_a_large_photo_is_rejected_while_it_arrives(fetch, canned, base):
    """Bytes are counted as they come where no length was announced."""
    sent = []

    async def endless():
        for number in range(10_000):
            sent.append(number)
            yield bytes(10_000)
            await asyncio.sleep(0)

    canned.answer = lambda _: StreamingResponse(endless())

    with pytest.raises(PhotoRejected, match="larger than 100000 bytes"):
        await fetch(f"{base}/a.jpg")
    assert len(sent) < 10_000


async def test_a_slow_drip_ends(fetch, canned, base):
    """Bytes that keep coming, slowly, do not keep us beyond the time limit."""

    async def drip():
        while True:
            yield b"\xff"
            await asyncio.sleep(0.02)

    canned.answer = lambda _: StreamingResponse(drip())
    began = time.monotonic()

    with pytest.raises(PhotoUnavailable, match=r"within 0\.3 s"):
        await fetch(f"{base}/a.jpg")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("status", [404, 410])
async def test_a_photo_that_is_gone_is_rejected(fetch, canned, base, status):
    """What the host no longer has will not come back: nothing waits for it."""
    canned.answer = lambda _: Response(status_code=status)

    with pytest.raises(PhotoRejected, match=str(status)):
        await fetch(f"{base}/a.jpg")


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_an_error_of_the_host_means_unavailable(fetch, canned, base, status):
    """Any other status that is no success may be another one later, 403 too."""
    canned.answer = lambda _: Response(status_code=status)

    with pytest.raises(PhotoUnavailable, match=str(status)):
        await fetch(f"{base}/a.jpg")


@pytest.mark.parametrize(
    "answer",
    [HTMLResponse("<html>"), Response(b"<html>", media_type="image/jpeg"), Response(b"")],
)
async def test_a_page_in_place_of_a_photo_is_rejected(fetch, canned, base, answer):
    """HTML is rejected, also where it calls itself a JPEG; so is nothing at all."""
    canned.answer = lambda _: answer

    with pytest.raises(PhotoRejected):
        await fetch(f"{base}/a.jpg")


async def test_no_host_there_means_unavailable(fetch):
    """A connection refused may be accepted later."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(PhotoUnavailable, match="reached"):
        await fetch(f"http://127.0.0.1:{port}/a.jpg")


async def test_a_connection_that_closes_as_it_is_used_again_is_replaced(fetch):
    """A host may end a connection it has kept just when the next photo is asked for."""
    photo = jpeg()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(photo)}\r\n\r\n"
    connections = 0

    async def once_each(reader, writer):
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + photo)
        # What is asked next is taken, and never answered.
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(once_each, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        photos = [await fetch(f"http://127.0.0.1:{port}/{name}.jpg") for name in "ab"]
    finally:
        server.close()

    assert photos == [photo, photo]
    assert connections == 2


async def test_a_connection_cut_short_means_unavailable(fetch, canned, base):
    """A photo whose announced end never comes may come whole later."""

    async def half():
        yield jpeg()

    canned.answer = lambda _: StreamingResponse(half(), headers={"Content-Length": "50000"})

    with pytest.raises(PhotoUnavailable):
        await fetch(f"{base}/a.jpg")

    assert len(canned.requests) == 2  # it is asked once more, and not again and again


class Busy:
    """Answers that wait until they are let go; how many are under way, and the most there were."""

    def __init__(self):
        self.now = self.most = 0
        self.hosts = Counter()
        self.open = threading.Event()

    def __call__(self, request):
        """Begin an answer."""
        return StreamingResponse(self._slowly(request.url.hostname), media_type="image/jpeg")

    async def _slowly(self, host):
        self.now += 1
        self.hosts[host] += 1
        self.most = max(self.most, self.now)
        while not self.open.is_set():
            await asyncio.sleep(0.005)
        self.now -= 1
        yield jpeg()


async def until(holds):
    """Return once something holds."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)


def fetcher_of(count, *, per_host, timeout_s=5.0):
    clients = [httpx.AsyncClient() for _ in range(count)]
    hosts = ["127.0.0.1", "localhost"]
    return PhotoFetcher(
        clients, hosts=hosts, per_host=per_host, max_bytes=100_000, timeout_s=timeout_s
    )


async def test_so_many_photos_are_fetched_at_the_same_time(canned, base):
    """Those beyond wait, and come in their turn."""
    busy = canned.answer = Busy()
    fetcher = fetcher_of(3, per_host=9)
    photos = [asyncio.create_task(fetcher.fetch(f"{base}/{n}.jpg")) for n in range(8)]
    await until(lambda: busy.now == 3)
    await asyncio.sleep(0.05)

    busy.open.set()

    assert await asyncio.gather(*photos) == [jpeg()] * 8
    assert busy.most == 3
    await fetcher.aclose()


async def test_a_busy_host_keeps_no_other_waiting(canned, base):
    """Each host has its own bound, and photos of another pass those that wait for theirs."""
    busy = canned.answer = Busy()
    fetcher = fetcher_of(9, per_host=2)
    other = base.replace("127.0.0.1", "localhost")
    photos = [asyncio.create_task(fetcher.fetch(f"{base}/{n}.jpg")) for n in range(5)]
    photos.append(asyncio.create_task(fetcher.fetch(f"{other}/9.jpg")))
    await until(lambda: busy.now == 3)
    await asyncio.sleep(0.05)

    begun = dict(busy.hosts)
    busy.open.set()

    assert await asyncio.gather(*photos) == [jpeg()] * 6
    assert begun == {"127.0.0.1": 2, "localhost": 1}
    await fetcher.aclose()


async def test_waiting_for_a_turn_is_no_time_of_the_photo(canned, base):
    """A photo at the end of a long line has as long as the first one."""

    async def soon():
        await asyncio.sleep(0.1)
        yield jpeg()

    canned.answer = lambda _: StreamingResponse(soon(), media_type="image/jpeg")
    fetcher = fetcher_of(1, per_host=1, timeout_s=0.3)

    photos = await asyncio.gather(*(fetcher.fetch(f"{base}/{n}.jpg") for n in range(5)))

    assert photos == [jpeg()] * 5
    await fetcher.aclose()


async def test_redirects_share_one_time_limit(canned, base):
    """Three slow hops end when one slow photo would."""
    canned.answer = lambda _: SlowRedirect("/again.jpg")
    fetcher = fetcher_of(1, per_host=1, timeout_s=0.3)

    with pytest.raises(PhotoUnavailable, match=r"within 0\.3 s"):
        await fetcher.fetch(f"{base}/a.jpg")

    assert len(canned.requests) == 2
    await fetcher.aclose()


class SlowRedirect(RedirectResponse):
    """A redirect that takes its time."""

    async def __call__(self, scope, receive, send):
        """Wait, then answer."""
        await asyncio.sleep(0.2)
        await super().__call__(scope, receive, send)
