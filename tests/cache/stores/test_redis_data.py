"""How a Redis store's data lies there, and what happens where Redis or somebody else changes it."""

import asyncio
import os

import pytest

from cache.errors import JournalReplaced, StoreFull, StoreUnavailable
from cache.stores import naming
from cache.stores.protocol import Blob, BlobKind, Cell, Freed
from cache.stores.redis import RedisStore
from tests.cache.stores.examples import NOW, blob, bodies, names, positions, ranking, record
from tests.redis_server import RedisServer, free_port, serve_redis

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024
KEY, OTHER, THIRD = names(3)


@pytest.fixture
async def store(server, clock):
    store = RedisStore(server.url(), clock, timeout_s=5.0)
    await store.open()
    yield store
    await store.aclose()


async def fill(store: RedisStore) -> None:
    """Write something of everything there is."""
    await store.append([record(b"1"), record(b"2")], [ranking(KEY)])
    await store.put([blob(OTHER, kind=kind) for kind in BlobKind])
    await store.acquire("collect", 60)
    await store.swap("thresholds", 0, b"body")
    await store.put_counters("one", {"hits": 1})


def keys(server: RedisServer) -> dict[bytes, bytes]:
    """Return the type of each key in the server."""
    return {key: server.call("TYPE", key) for key in server.call("KEYS", "*")}


# Keys


async def test_every_key_begins_with_our_name_and_the_schemas_version(store, server):
    """Nothing of anybody else is touched, and another schema sees none of this."""
    await fill(store)

    prefixes = {key[: key.index(b":2:") + 3] for key in keys(server)}

    assert prefixes == {b"{nearhit}:2:", b"nearhit:2:"}


async def test_all_that_is_not_bounded_in_number_goes_by_itself(store, server):
    """Whatever is forgotten by everybody else, Redis deletes: a minute after its end."""
    await fill(store)

    kept = {key for key in keys(server) if server.call("TTL", key) < 0}
    lives = {server.call("TTL", key) for key in keys(server) if b"lease" not in key} - {-1}

    assert kept == {
        b"{nearhit}:2:meta",
        b"{nearhit}:2:journal",
        b"{nearhit}:2:cell:thresholds",
        b"{nearhit}:2:counters",
    }
    assert 118 <= min(lives) <= max(lives) <= 120


async def test_lives_do_not_depend_on_the_servers_clock(server, clock):
    """A server whose clock is years off neither loses nor keeps anything."""
    clock.step_back(seconds=NOW - 1_000_000)  # in 1970: to the server, long over
    store = RedisStore(server.url(), clock, timeout_s=5.0)
    end = clock.now() + 60

    await store.put([Blob(kind, KEY, b"body", end) for kind in BlobKind])

    found = [await store.get(kind, [KEY]) for kind in BlobKind]
    await store.aclose()
    assert found == [{KEY: b"body"} for _ in BlobKind]


async def test_a_cluster_takes_every_command(clock):
    """No command or script spans two slots; a cluster would refuse it."""
    ports = ("--port", str(free_port()), "--cluster-port", str(free_port()))
    with serve_redis(*ports, "--cluster-enabled", "yes") as server:
        server.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        while b"cluster_state:ok" not in server.call("CLUSTER", "INFO"):
            await asyncio.sleep(0.01)
        store = RedisStore(server.url(), clock, timeout_s=5.0)

        await fill(store)
        await store.put([blob(key, kind=kind) for key in names(200) for kind in BlobKind])
        await store.append([record()], freed=Freed([1], [KEY]))
        found = [len(await store.get(kind, names(200))) for kind in BlobKind]
        page = await store.read(0, 10)
        for kind in BlobKind:
            await store.drop(kind, names(200))
        clock.advance(seconds=60)
        purged = await store.purge()
        await store.aclose()

    assert found == [199, 200, 200, 200, 200]
    assert positions(page) == [2, 3]
    assert purged == 2


# Photos


async def test_photos_share_keys(store, server):
    """Many lie in one key; each would else take many times its bytes."""
    await store.put([blob(key[:25], kind=BlobKind.PHOTO) for key in names(1000)])

    assert server.call("DBSIZE") == naming.BUCKETS
    assert server.call("OBJECT", "ENCODING", naming.photo(KEY[:25])[0]) == b"listpack"


async def test_a_bucket_lasts_as_long_as_its_last_photo(store, server):
    """Whatever the order they are put in."""
    one, two = f"{KEY[:24]}1", f"{KEY[:24]}2"
    for lifetime_s in (100, 200, 50):
        await store.put([blob(one, lifetime_s=lifetime_s, kind=BlobKind.PHOTO)])
    await store.put([blob(two, lifetime_s=150, kind=BlobKind.PHOTO)])

    (bucket,) = keys(server)

    assert 258 <= server.call("TTL", bucket) <= 260


async def test_purging_collects_expired_photos(store, server, clock):
    """Some buckets a call, and only what has expired."""
    await store.put([blob(key, lifetime_s=10, kind=BlobKind.PHOTO) for key in names(300)])
    await store.put([blob(KEY, lifetime_s=60, kind=BlobKind.PHOTO)])
    clock.advance(seconds=10)

    for _ in range(16):
        await store.purge()

    assert [server.call("HLEN", key) for key in keys(server)] == [1]
    assert await store.get(BlobKind.PHOTO, [KEY]) == {KEY: b"body"}


async def test_a_photos_end_is_never_later_than_it_was_put(store, clock):
    """Ends are kept in whole seconds, rounded down."""
    await store.put([blob(KEY, lifetime_s=10.9, kind=BlobKind.PHOTO)])

    clock.advance(seconds=9.9)
    before = await store.has(BlobKind.PHOTO, KEY)
    clock.advance(seconds=0.2)

    assert before
    assert not await store.has(BlobKind.PHOTO, KEY)


@pytest.mark.parametrize("end", [-1.0, 2.0**40, float("inf")])
async def test_any_end_can_be_written(store, end):
    """Ends far away, or long past, are no error."""
    await store.put([Blob(kind, KEY, b"body", end) for kind in BlobKind])

    assert await store.get(BlobKind.PHOTO, [KEY]) == ({KEY: b"body"} if end > 0 else {})
    assert await store.get(BlobKind.POOL, [KEY]) == ({KEY: b"body"} if end > 0 else {})


# What somebody else does to it


async def test_a_flushed_server_holds_another_journal(store, server):
    """Who has read the old one notices, and who would write to it is refused."""
    await fill(store)
    before = await store.read(0, 10)

    server.call("FLUSHALL")

    after = await store.read(0, 10)
    assert after.generation != before.generation
    assert (after.end, list(after.records)) == (0, [])
    assert await store.append([record()]) == 1
    assert await store.cell("thresholds") == Cell(0, b"")


async def test_tokens_rise_over_a_flush(store, server):
    """Who held a lease before it can never be taken for who holds it after."""
    before = await store.acquire("collect", 60)

    server.call("FLUSHALL")

    assert (await store.acquire("collect", 60)).token > before.token


@pytest.mark.parametrize("lost", [naming.META, naming.JOURNAL])
async def test_a_journal_that_lost_a_key_is_another(store, server, lost):
    """Where Redis may evict any key: deletions may be lost, so that nothing read still counts."""
    await store.append([record(b"old"), record(b"old")])
    before = await store.read(0, 10)

    server.call("DEL", lost)
    after = await store.read(0, 10)
    position = await store.append([record(b"new")])

    assert after.generation != before.generation
    assert (after.end, list(after.records)) == (0, [])
    assert position == 1
    assert bodies(await store.read(0, 10)) == [b"new"]


@pytest.mark.parametrize("lost", [naming.META, naming.JOURNAL])
async def test_an_append_to_a_journal_that_lost_a_key_is_refused(store, server, lost):
    """It was meant for another one."""
    await store.append([record()])
    generation = (await store.read(0, 1)).generation
    server.call("DEL", lost)

    with pytest.raises(JournalReplaced):
        await store.append([record()], generation=generation)


async def test_a_journal_purged_to_nothing_is_still_the_same(store, clock):
    """That its records are gone is no sign that it lost any."""
    await store.append([record()])
    before = (await store.read(0, 1)).generation
    clock.advance(seconds=60)

    assert await store.purge() == 1
    assert (await store.read(0, 1)).generation == before


async def test_a_record_whose_body_was_evicted_is_missing(store, server):
    """And nothing else is."""
    await store.append([record(b"1"), record(b"2"), record(b"3")])

    server.call("DEL", f"{naming.RECORD}2")

    page = await store.read(0, 10)
    assert positions(page) == [1, 3]
    assert (page.upto, page.end) == (3, 3)


@pytest.mark.parametrize("policy", ["allkeys-random", "allkeys-lru", "volatile-ttl"])
async def test_evictions_by_redis_are_never_misread(clock, policy):
    """Whatever Redis lets go, what is read is what was written last, or nothing."""
    with serve_redis("--maxmemory", "4mb", "--maxmemory-policy", policy) as server:
        store = RedisStore(server.url(), clock, timeout_s=5.0)
        written: dict[tuple[str, int], bytes] = {}
        generations = set()
        for number in range(6000):
            body = os.urandom(500)
            key = names_of(number)
            position = await store.append([record(body)], [ranking(key, body[::-1])])
            page = await store.read(position - 1, 10)
            generations.add(page.generation)
            written[page.generation, position] = body
            assert set(bodies(page)) <= {body}

        page = await store.read(0, 1000)
        for one in page.records:
            assert written[page.generation, one.position] == one.record.body
        evicted = server.call("INFO", "stats")["evicted_keys"]
        await store.aclose()

    assert evicted > 0
    assert policy != "volatile-ttl" or len(generations) == 1


def names_of(number: int) -> str:
    return f"{number:032x}"


async def test_keys_of_another_type_are_absent_to_who_reads(store, server):
    """Somebody else's value under our key is passed over, and put over."""
    await store.put([blob(OTHER, kind=kind) for kind in BlobKind])
    for key, type_ in keys(server).items():
        server.call("DEL", key)
        server.call("SET", key, "x") if type_ == b"hash" else server.call("SADD", key, "x")

    found = [await store.get(kind, [OTHER]) for kind in BlobKind]
    there = [await store.has(kind, OTHER) for kind in BlobKind]
    await store.purge()
    for kind in (BlobKind.RANKING, BlobKind.POOL, BlobKind.BLOCK):
        await store.put([blob(OTHER, kind=kind)])
        assert await store.has(kind, OTHER)

    assert found == [{}] * len(BlobKind)
    assert there == [False] * len(BlobKind)


async def test_leases_cells_and_counters_of_another_type_are_unavailable(store, server):
    """And no error of another kind."""
    for key in (naming.lease("collect"), naming.cell("thresholds"), naming.COUNTERS):
        server.call("SADD", key, "mine")

    lease = await store.acquire("collect", 1)
    for call in (store.swap("thresholds", 0, b"body"), store.put_counters("one", {"hits": 1})):
        with pytest.raises(StoreUnavailable):
            await call

    assert lease is None
    assert await store.cell("thresholds") == Cell(0, b"")
    assert await store.counters() == {}


@pytest.mark.parametrize("value", [b"", b"1234", b"\xff" * 7, b"\xff" * 8])
async def test_values_cut_short_are_absent(store, server, value):
    """Too short for their end, or with one that is no number."""
    await store.put([blob(KEY, kind=kind) for kind in BlobKind])
    for key, type_ in keys(server).items():
        if type_ == b"hash":
            field = server.call("HKEYS", key)[0]
            server.call("HSET", key, field, value[:3])
        else:
            server.call("SET", key, value)

    assert [await store.get(kind, [KEY]) for kind in BlobKind] == [{}] * len(BlobKind)
    assert [await store.has(kind, KEY) for kind in BlobKind] == [False] * len(BlobKind)


async def test_records_that_are_not_ours_are_passed_over(store, server, clock):
    """Whoever else writes to the stream makes nobody stumble."""
    await store.append([record(b"1")])
    for identifier, fields in (
        ("1-1", ("k", "entry", "e", b"12345678")),
        ("1-2", ("k", "entry", "e", b"short")),
        ("1-3", ("something", "else")),
    ):
        server.call("XADD", naming.JOURNAL, identifier, *fields)
    await store.append([record(b"2")])

    page = await store.read(0, 10)
    clock.advance(seconds=60)

    assert bodies(page) == [b"1", b"2"]
    assert await store.purge() == 2


@pytest.mark.parametrize("flush", ["", "no json", "[]", '["when", {}]', "[1, 2]", '[1, {"a": []}]'])
async def test_counters_that_are_not_ours_are_passed_over(store, server, flush):
    """The other replicas' are told."""
    await store.put_counters("one", {"hits": 1})
    server.call("HSET", naming.COUNTERS, b"\xff", flush)

    assert await store.counters() == {"one": (NOW, {"hits": 1.0})}


# A server that is full


@pytest.fixture
async def full(clock):
    """A store that holds something of everything, on a server that takes no more."""
    with serve_redis() as server:
        store = RedisStore(server.url(), clock, timeout_s=5.0)
        await fill(store)
        await store.put([blob(f"ballast {n}", bytes(MEGABYTE)) for n in range(8)])
        take_no_more(server)
        yield store
        await store.aclose()


def take_no_more(server: RedisServer) -> None:
    """Let a server use more than it may by now, whatever its buffers take."""
    server.call("CONFIG", "SET", "maxmemory", server.used_bytes() - 4 * MEGABYTE)


async def test_a_full_server_refuses_what_only_adds(full):
    """Told as such; nothing of it is written, and positions stay whole."""
    for call in (
        full.append([record()]),
        full.append([record()], [ranking(THIRD)]),
        full.put([blob(THIRD, kind=BlobKind.PHOTO)]),
        full.put([blob(THIRD, kind=BlobKind.POOL)]),
    ):
        with pytest.raises(StoreFull, match="maxmemory"):
            await call

    assert (await full.read(0, 10)).end == 2
    assert not await full.has(BlobKind.RANKING, THIRD)


async def test_a_full_server_can_be_read(full):
    """Whatever is there is served."""
    assert bodies(await full.read(0, 10)) == [b"1", b"2"]
    assert await full.get(BlobKind.RANKING, [KEY]) == {KEY: b"ranking"}
    assert await full.get(BlobKind.PHOTO, [OTHER]) == {OTHER: b"body"}
    await full.wait(2, 0.01)
    await full.ping()


async def test_a_full_server_takes_an_append_that_frees(full):
    """An eviction is written with the step that makes room for it."""
    position = await full.append([record(kind="eviction")], freed=Freed([1], [KEY]))

    assert position == 3
    assert positions(await full.read(0, 10)) == [2, 3]
    assert await full.get(BlobKind.RANKING, [KEY]) == {}


async def test_a_full_server_takes_what_is_small_and_bounded(full):
    """Who frees needs its lease; what was learnt of quality, and counts, are not lost."""
    lease = await full.acquire("evict", 60)

    assert await full.renew(lease, 120)
    assert await full.append([record()], lease=lease, freed=Freed([1]))
    await full.release(lease)
    assert await full.swap("thresholds", 1, b"another")
    await full.put_counters("two", {"hits": 1})


async def test_a_full_server_has_a_journal_even_so(clock):
    """Also where somebody else filled it before."""
    with serve_redis() as server:
        server.call("SET", "ballast", bytes(8 * MEGABYTE))
        take_no_more(server)
        store = RedisStore(server.url(), clock, timeout_s=5.0)

        first, again = await store.read(0, 10), await store.read(0, 10)
        with pytest.raises(StoreFull):
            await store.append([record()])
        await store.aclose()

    assert first == again
    assert (first.end, list(first.records)) == (0, [])


async def test_a_server_that_was_full_goes_on_once_there_is_room(full, clock):
    """Dropping and purging make it."""
    await full.drop(BlobKind.POOL, [f"ballast {number}" for number in range(8)])
    clock.advance(seconds=60)
    await full.purge()

    assert await full.append([record(lifetime_s=120)]) == 3


# What it costs


async def test_an_entry_takes_little_more_than_its_bytes(store, server):
    """1.5 kB of record and ranking take less than 1.95 kB of Redis, keys and stream included."""
    count = 20_000
    before = server.used_bytes()

    await append_entries(store, count)
    each = (server.used_bytes() - before) / count

    assert each < 1950


async def test_freed_entries_give_their_bytes_back(store, server):
    """With every second one freed, those that stay take a tenth more than before at most."""
    count = 20_000
    before = server.used_bytes()
    await append_entries(store, count)
    full_bytes = (server.used_bytes() - before) / count

    for start in range(0, count, 1000):
        freed = Freed(
            range(start + 1, start + 1001, 2), [names_of(n) for n in range(start, start + 1000, 2)]
        )
        await store.append([record(b"eviction", lifetime_s=0)], freed=freed)
    await store.purge()
    left_bytes = (server.used_bytes() - before) / (count / 2)

    assert (await store.read(0, 1)).records[0].position == 2
    assert left_bytes < 1.1 * full_bytes


async def append_entries(store: RedisStore, count: int) -> None:
    """Append entries with bodies and rankings as large as they are with 150 photos."""
    for start in range(0, count, 100):
        numbers = range(start, start + 100)
        await store.append(
            [record(os.urandom(880)) for _ in numbers],
            [ranking(names_of(number), os.urandom(617)) for number in numbers],
        )


async def test_a_photo_takes_few_bytes(store, server):
    """Each takes less than a hundred, few or many; a key of its own would take more."""
    keys_of_photos = [key[:25] for key in names(100_000)]
    before = server.used_bytes()

    for start in range(0, len(keys_of_photos), 5000):
        some = keys_of_photos[start : start + 5000]
        await store.put([blob(key, bytes(19), kind=BlobKind.PHOTO) for key in some])

    assert (server.used_bytes() - before) / len(keys_of_photos) < 100


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param([("XADD", naming.JOURNAL, "*", "k", "zz")], id="an id of somebody else's"),
        pytest.param(
            [("DEL", naming.JOURNAL), ("SET", naming.JOURNAL, "x")], id="a text for a journal"
        ),
        pytest.param(
            [("DEL", naming.META), ("SET", naming.META, "x")], id="a text for what is known of it"
        ),
        pytest.param([("HSET", naming.META, "end", "1e300")], id="an end beyond all numbers"),
        pytest.param([("HSET", naming.META, "end", "nan")], id="an end that is no number"),
        pytest.param([("HSET", naming.META, "end", "-5")], id="an end before the start"),
    ],
)
async def test_a_damaged_journal_is_begun_anew(store, server, damage):
    """What no append could follow is no journal: another one begins, and works."""
    await store.append([record(), record()])
    before = (await store.read(0, 10)).generation
    for command in damage:
        server.call(*command)

    position = await store.append([record()])
    page = await store.read(0, 10)

    assert (position, page.end, positions(page)) == (1, 1, [1])
    assert page.generation != before


async def test_a_journal_whose_records_are_all_deleted_goes_on(store):
    """An empty stream is still a journal; its positions are not issued again."""
    position = await store.append([record()])
    await store.append([record()], freed=Freed([position]))
    before = (await store.read(0, 10)).generation
    await store.append([record()], freed=Freed([2]))
    await store.append([record()], freed=Freed([3, 4]))

    assert (await store.read(0, 10)).generation == before
    assert await store.append([record()]) == 5
