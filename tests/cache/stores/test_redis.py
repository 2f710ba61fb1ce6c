"""What holds of a Redis server beyond the contract: it may go, hang, come back and be replaced."""

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cache.errors import StoreUnavailable
from cache.stores.protocol import BlobKind, Freed
from cache.stores.redis import RedisStore
from tests.cache.stores.examples import blob, bodies, names, positions, ranking, record
from tests.clocks import ManualClock
from tests.redis_server import RedisServer, free_port, serve_redis
from tests.tools import require

pytestmark = pytest.mark.anyio

SECRET = "s3cret"
TIMEOUT_S = 0.3
SLACK_S = 1.0
"""How late a time-out may be on a machine that is busy with other tests."""

Connect = Callable[..., Awaitable[RedisStore]]


@pytest.fixture
def own() -> Iterator[RedisServer]:
    """A server of the test's own, to be killed and hung."""
    with serve_redis() as server:
        yield server


@pytest.fixture
async def connect(clock: ManualClock) -> AsyncIterator[Connect]:
    """Open a store by its URL."""
    async with AsyncExitStack() as stack:

        async def open_one(url: str, *, timeout_s: float = 5.0, **options: int) -> RedisStore:
            store = RedisStore(url, clock, timeout_s=timeout_s, **options)
            stack.push_async_callback(store.aclose)
            await store.open()
            return store

        yield open_one


async def generation(store: RedisStore) -> str:
    return (await store.read(0, 1)).generation


async def until_it_answers(store: RedisStore) -> None:
    """Ask until connections that broke have been noticed as broken."""
    async with asyncio.timeout(10):
        while True:
            try:
                await store.ping()
            except StoreUnavailable:
                await asyncio.sleep(0.01)
            else:
                return


# A server that is not there


async def test_a_store_opens_without_its_server(connect, tmp_path):
    """The service starts, and calls fail until the server is there."""
    store = await connect(f"unix://{tmp_path}/nowhere")

    for call in (store.ping(), store.read(0, 1), store.wait(0, 5), store.append([record()])):
        with pytest.raises(StoreUnavailable, match="nowhere"):
            await call


async def test_a_server_that_comes_later_is_found(connect, own):
    """Nothing needs to be opened again."""
    own.kill()
    store = await connect(own.url())
    with pytest.raises(StoreUnavailable):
        await store.ping()

    own.start()

    assert await store.append([record()]) == 1


async def test_a_server_that_is_killed_makes_calls_fail(connect, own):
    """At once, and in one way, whatever was under way."""
    store = await connect(own.url())
    await store.append([record()])
    waiting = asyncio.create_task(store.wait(1, 60))
    await until_waited_for(own)

    own.kill()

    with pytest.raises(StoreUnavailable):
        await waiting
    for call in (store.ping(), store.append([record()]), store.get(BlobKind.POOL, ["key"])):
        with pytest.raises(StoreUnavailable):
            await call


async def until_waited_for(server: RedisServer) -> None:
    async with asyncio.timeout(10):
        while not server.call("INFO", "clients")["blocked_clients"]:
            await asyncio.sleep(0.005)


async def test_a_server_that_restarts_is_used_again(connect, own):
    """Connections and scripts it has forgotten are made anew; what it lost is another journal."""
    store = await connect(own.url())
    await store.append([record()])
    before = await generation(store)

    own.restart()
    await until_it_answers(store)

    assert await generation(store) != before
    assert await store.append([record()]) == 1
    await store.put([blob()])
    assert await store.has(BlobKind.POOL, "key")


async def test_a_server_that_restarts_with_its_data_is_another_journal(connect):
    """It may have lost its newest records, and issued their positions again."""
    with serve_redis("--appendonly", "yes", "--appendfsync", "always") as server:
        store = await connect(server.url())
        await store.append([record(b"kept")])
        before = await generation(store)

        server.restart()
        await until_it_answers(store)

        page = await store.read(0, 10)
        assert bodies(page) == [b"kept"]
        assert page.generation != before
        assert await store.append([record()], generation=page.generation) == 2


async def test_connections_that_were_cut_are_replaced(connect, own):
    """An operator, or a firewall, may end them at any time."""
    store = await connect(own.url())
    await asyncio.gather(*(store.ping() for _ in range(8)))

    own.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await until_it_answers(store)

    assert await asyncio.gather(*(store.append([record()]) for _ in range(8)))


async def test_scripts_that_were_forgotten_are_loaded_again(connect, own):
    """No call fails for it."""
    store = await connect(own.url())
    await store.append([record()])

    own.call("SCRIPT", "FLUSH")

    assert await store.append([record()]) == 2
    assert positions(await store.read(0, 10)) == [1, 2]


async def test_a_server_that_speaks_otherwise_is_unavailable(connect, clock):
    """Whatever answers on the port, the error is of one kind."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        store = await connect(f"redis://127.0.0.1:{port}")

        for call in (store.ping(), store.read(0, 1), store.append([record()])):
            with pytest.raises(StoreUnavailable):
                await call


@pytest.mark.parametrize("reply", [b"+OK\r\n", b":1\r\n", b"*0\r\n", b"*1\r\n$1\r\nx\r\n"])
async def test_replies_of_another_shape_are_no_other_error(connect, reply):
    """A server that is only like Redis does not bring the service down."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(65536):
            writer.write(reply * len(re.findall(rb"\*\d+\r\n\$", asked)))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        store = await connect(f"redis://127.0.0.1:{port}")

        for call in (
            store.append([record()]),
            store.read(0, 1),
            store.purge(),
            store.size_bytes(),
            store.cell("thresholds"),
            store.counters(),
            store.acquire("collect", 1),
        ):
            try:
                await call
            except StoreUnavailable:
                continue
        assert await store.get(BlobKind.POOL, ["key"]) == {}
        await store.aclose()


# A server that hangs


async def test_a_hung_server_is_waited_for_once(connect, own):
    """The first call waits for the time-out, and those after it fail at once."""
    store = await connect(own.url(), timeout_s=TIMEOUT_S)
    await store.ping()
    own.pause()

    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="within"):
        await store.get(BlobKind.POOL, ["key"])
    first_s = time.monotonic() - began
    for _ in range(100):
        with pytest.raises(StoreUnavailable, match="just now"):
            await store.get(BlobKind.POOL, ["key"])
    others_s = time.monotonic() - began - first_s

    assert TIMEOUT_S <= first_s < TIMEOUT_S + SLACK_S
    assert others_s < TIMEOUT_S


async def test_connecting_to_a_hung_server_takes_no_longer(connect, own):
    """The time-out is of the whole call."""
    own.pause()
    store = await connect(own.url(1), timeout_s=TIMEOUT_S)

    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="within"):
        await store.append([record()])

    assert time.monotonic() - began < TIMEOUT_S + SLACK_S


async def test_a_server_that_hung_is_tried_after_a_second(connect, own, clock):
    """One call tries; once it has succeeded all go through."""
    store = await connect(own.url(), timeout_s=TIMEOUT_S)
    own.pause()
    with pytest.raises(StoreUnavailable, match="within"):
        await store.ping()

    clock.advance(seconds=1)
    with pytest.raises(StoreUnavailable, match="within"):
        await store.ping()
    own.resume()
    with pytest.raises(StoreUnavailable, match="just now"):
        await store.ping()
    clock.advance(seconds=1)
    await store.ping()

    assert await store.append([record()]) == 1


async def test_many_calls_to_a_hung_server_end_together(connect, own):
    """More calls than there are connections do not wait for one another."""
    store = await connect(own.url(), timeout_s=TIMEOUT_S, connections=2)
    own.pause()

    began = time.monotonic()
    ends = await asyncio.gather(*(store.ping() for _ in range(50)), return_exceptions=True)

    assert {type(end) for end in ends} == {StoreUnavailable}
    assert time.monotonic() - began < TIMEOUT_S + SLACK_S


async def test_waiting_on_a_hung_server_ends(connect, own, clock):
    """Who waits learns of it too, and others need not wait to learn it again."""
    store = await connect(own.url(), timeout_s=TIMEOUT_S)
    await store.ping()
    own.pause()

    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="within"):
        await store.wait(0, 60)
    with pytest.raises(StoreUnavailable, match="just now"):
        await store.ping()

    assert time.monotonic() - began < TIMEOUT_S + 1 + SLACK_S


async def test_waiting_may_be_what_tries(connect, own, clock):
    """Where nothing but the follower calls, the store recovers, before the wait is over."""
    store = await connect(own.url(), timeout_s=TIMEOUT_S)
    own.pause()
    with pytest.raises(StoreUnavailable):
        await store.ping()
    own.resume()
    clock.advance(seconds=1)

    waiting = asyncio.create_task(store.wait(0, 60))
    await until_waited_for(own)

    await store.ping()
    await store.append([record()])
    await waiting


async def test_closing_a_store_on_a_hung_server_ends(connect, own):
    """A process can stop."""
    store = await connect(own.url(), timeout_s=TIMEOUT_S)
    await store.ping()
    own.pause()
    calls = [asyncio.create_task(store.ping()) for _ in range(3)]
    calls.append(asyncio.create_task(store.wait(0, 60)))
    await asyncio.sleep(0)

    began = time.monotonic()
    await store.aclose()

    assert time.monotonic() - began < 2 * TIMEOUT_S + SLACK_S
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(end) for end in ends} == {StoreUnavailable}


# A server that others take over from


@pytest.fixture
def pair() -> Iterator[tuple[RedisServer, RedisServer]]:
    """A server, and one that follows it."""
    port = free_port()
    at_once = ("--repl-diskless-sync-delay", "0")
    with serve_redis("--port", str(port), *at_once) as first, serve_redis(*at_once) as second:
        second.call("REPLICAOF", "127.0.0.1", str(port))
        yield first, second


async def until_followed(first: RedisServer, second: RedisServer) -> None:
    """Return once the second server has what the first has."""
    async with asyncio.timeout(30):
        while (
            second.call("INFO", "replication")["master_link_status"] != "up"
            or first.call("DBSIZE") != second.call("DBSIZE")
            or first.call("WAIT", 1, 1000) != 1
        ):
            await asyncio.sleep(0.01)


async def test_a_server_that_takes_over_is_another_journal(connect, pair):
    """It may lack the newest records: replicas read it from its start."""
    first, second = pair
    store = await connect(first.url())
    await store.append([record(b"copied")])
    await until_followed(first, second)

    second.call("REPLICAOF", "NO", "ONE")

    successor = await connect(second.url())
    page = await successor.read(0, 10)
    assert bodies(page) == [b"copied"]
    assert page.generation != await generation(store)


async def test_a_server_that_is_given_back_its_part_is_another_journal(connect, pair):
    """The same process, in between overtaken by another, has lost what it alone had."""
    first, second = pair
    store = await connect(first.url())
    await store.append([record()])
    before = await generation(store)
    await until_followed(first, second)

    second.call("REPLICAOF", "NO", "ONE")
    first.call("REPLICAOF", "127.0.0.1", str(listen(second)))
    await until_followed(second, first)
    first.call("REPLICAOF", "NO", "ONE")

    assert await generation(store) not in {before, ""}


def listen(server: RedisServer) -> int:
    """Let a server listen on a port too."""
    port = free_port()
    server.call("CONFIG", "SET", "port", str(port))
    return port


async def test_a_server_that_follows_another_is_no_store(connect, pair):
    """A demoted server neither takes anything nor tells a journal that is not its own."""
    first, second = pair
    store = await connect(second.url())
    await until_followed(first, second)

    for call in (
        store.append([record()]),
        store.read(0, 1),
        store.put([blob()]),
        store.acquire("collect", 1),
        store.drop(BlobKind.POOL, ["key"]),
    ):
        with pytest.raises(StoreUnavailable, match="refused"):
            await call


async def test_a_follower_that_takes_writes_has_no_journal_all_the_same(connect, pair):
    """Where somebody has allowed that: what is written there is lost with the next copy."""
    first, second = pair
    second.call("CONFIG", "SET", "replica-read-only", "no")
    store = await connect(second.url())
    await until_followed(first, second)

    for call in (store.append([record()]), store.read(0, 1), store.acquire("collect", 1)):
        with pytest.raises(StoreUnavailable, match="follows"):
            await call


# Who may call it, and how


async def test_the_password_is_used_and_never_told(connect, clock, tmp_path):
    """Not in any error, nor in what prints a store."""
    with serve_redis("--requirepass", SECRET) as server:
        right = await connect(f"unix://:{SECRET}@{server.folder}/s")
        wrong = await connect(f"unix://:{SECRET}wrong@{server.folder}/s")
        without = await connect(server.url())
        nowhere = await connect(f"redis://someone:{SECRET}@127.0.0.1:1/0")

        await right.ping()
        told = [await error_of(store) for store in (wrong, without, nowhere)]
        server.kill()
        told.append(await error_of(right))

    assert not [text for text in told if SECRET in text or "someone" in text]
    assert SECRET not in f"{right!r} {vars(right)!r}"


async def error_of(store: RedisStore) -> str:
    """Return all that a failing call tells, with what it is chained to."""
    with pytest.raises(StoreUnavailable) as failure:
        await store.append([record()])
    error: BaseException | None = failure.value
    texts = []
    while error is not None:
        texts += [str(error), repr(error)]
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


async def test_a_user_who_may_not_ask_for_information_has_a_journal(connect, own):
    """Some providers allow no INFO; then a restart is told by the journal's own name alone."""
    own.call("ACL", "SETUSER", "limited", "on", f">{SECRET}", "~*", "+@all", "-info")
    store = await connect(f"unix://limited:{SECRET}@{own.folder}/s")

    await store.append([record()])

    assert positions(await store.read(0, 10)) == [1]
    assert await generation(store)
    assert await generation(store) == await generation(store)


async def test_tls_is_spoken_where_the_url_says_so(connect, tmp_path):
    """`rediss://` reaches a server that takes nothing else, and believes no one else."""
    key, certificate = self_signed(tmp_path)
    port = free_port()
    try:
        running = serve_redis(
            *("--tls-port", str(port), "--tls-auth-clients", "no"),
            *("--tls-cert-file", certificate, "--tls-key-file", key),
        )
        with running:
            trusting = await connect(f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}")
            wary = await connect(f"rediss://127.0.0.1:{port}")

            assert await trusting.append([record()]) == 1
            with pytest.raises(StoreUnavailable, match="CERTIFICATE"):
                await wary.ping()
    except RuntimeError as exc:
        if "tls" not in str(exc).lower():
            raise
        pytest.skip("this redis-server was built without TLS")


def self_signed(folder: Path) -> tuple[str, str]:
    key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
    command = (
        f"req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {certificate} -days 2"
        " -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([require("openssl"), *command.split()], check=True, capture_output=True)
    return key, certificate


async def test_two_databases_are_two_stores(connect, server):
    """The number in the URL is the whole of what is shared."""
    one, two = await connect(server.url(1)), await connect(server.url(2))
    await one.append([record()], [ranking()])
    await one.put([blob()])

    assert await generation(one) != await generation(two)
    assert (await two.read(0, 10)).end == 0
    assert not await two.has(BlobKind.RANKING, "key")
    assert not await two.has(BlobKind.POOL, "key")
    assert server.call("DBSIZE") == 0


# Connections


def connections(server: RedisServer) -> int:
    """Return how many a server has, this one left out."""
    return int(server.call("INFO", "clients")["connected_clients"]) - 1


async def test_connections_are_bounded(connect, own):
    """Any number of calls at once succeed over a few connections."""
    store = await connect(own.url(), connections=3)

    await asyncio.gather(*(store.append([record()]) for _ in range(200)))

    assert connections(own) == 3
    assert (await store.read(0, 1)).end == 200


async def test_a_cancelled_wait_leaves_no_broken_connection(connect, own):
    """Who stops to follow can begin again, and leaves nobody waiting in the server."""
    store = await connect(own.url())
    for _ in range(20):
        waiting = asyncio.create_task(store.wait(0, 60))
        await until_waited_for(own)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with asyncio.timeout(10):
            while own.call("INFO", "clients")["blocked_clients"]:
                await asyncio.sleep(0.005)

    waiting = asyncio.create_task(store.wait(0, 60))
    await until_waited_for(own)
    await store.append([record()])
    async with asyncio.timeout(5):
        await waiting
    assert connections(own) <= 2


async def test_cancelled_calls_mix_no_replies(connect, own):
    """The reply to a call given up is never taken for another's, and no connection is lost."""
    store = await connect(own.url(), connections=4)
    keys = names(400)
    await store.put([blob(key, key.encode()) for key in keys])

    for start in range(0, 400, 10):
        some = keys[start : start + 10]
        calls = [asyncio.create_task(store.get(BlobKind.POOL, [key])) for key in some]
        for turn, call in enumerate(calls):
            await asyncio.sleep(0)
            if turn % 2:
                call.cancel()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        for key, end in zip(some, ends, strict=True):
            assert isinstance(end, asyncio.CancelledError) or end == {key: key.encode()}

    assert len(await asyncio.gather(*(store.get(BlobKind.POOL, [key]) for key in keys))) == 400


async def test_closing_ends_a_wait(connect, own):
    """Whoever follows is told at once, not after the wait."""
    store = await connect(own.url())
    waiting = asyncio.create_task(store.wait(0, 60))
    await until_waited_for(own)

    await store.aclose()

    with pytest.raises(StoreUnavailable, match="closed"):
        await waiting
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.wait(0, 60)
    assert connections(own) == 0


async def test_closing_leaves_no_connection(connect, own):
    """Not even where calls are under way: they end first."""
    store = await connect(own.url())
    calls = [asyncio.create_task(store.append([record()])) for _ in range(50)]
    await asyncio.sleep(0)

    await store.aclose()

    assert connections(own) == 0
    assert sorted(await asyncio.gather(*calls)) == list(range(1, 51))


async def test_an_append_is_seen_within_milliseconds(connect, server):
    """Waiting is no polling: the median of some appends is seen long before any poll would."""
    store, other = await connect(server.url()), await connect(server.url())
    delays = []
    for position in range(20):
        waiting = asyncio.create_task(store.wait(position, 60))
        await until_waited_for(server)
        await other.append([record()])
        appended = time.monotonic()
        await waiting
        delays.append(time.monotonic() - appended)

    assert sorted(delays)[10] < 0.02


async def test_freed_records_at_the_end_keep_nobody_from_waiting(connect, server):
    """Who has read all there was waits, also where the last record is gone already."""
    store = await connect(server.url())
    await store.append([record(), record()])
    await store.append([record()], freed=Freed([1, 2]))
    page = await store.read(0, 10)

    began = time.monotonic()
    await store.wait(page.upto, 0.2)

    assert time.monotonic() - began >= 0.15
