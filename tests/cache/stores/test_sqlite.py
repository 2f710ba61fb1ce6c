"""What holds of one SQLite file beyond the contract: locks, hangs, and being killed."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cache.errors import StoreUnavailable
from cache.journal.records import Record
from cache.stores import sqlite, statements
from cache.stores.protocol import Blob, BlobKind
from cache.stores.sqlite import SqliteStore
from tests.clocks import ManualClock

END = 1_900_000_000.0

pytestmark = pytest.mark.anyio

OPENING = "tests.cache.stores.opening"
TIMEOUT_S = 0.2
RECORD = Record("entry", b"body", 4_000_000_000.0)


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock):
    """A handle on one file."""
    store = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=5.0)
    await store.open()
    yield store
    await store.aclose()


@pytest.fixture
async def hasty(store: SqliteStore, clock: ManualClock):
    """A handle on the same file that waits only for a moment."""
    hasty = SqliteStore(store.path.with_name("nearhit.db"), clock, timeout_s=TIMEOUT_S)
    await hasty.open()
    yield hasty
    await hasty.aclose()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a hung call waits for; opened at the latest when the test ends."""
    gate = threading.Event()
    yield gate
    gate.set()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file's write lock, as another process may."""
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


def process(path: Path, task: str) -> subprocess.Popen[str]:
    """Start another process on a store; it waits for a line."""
    return subprocess.Popen(
        [sys.executable, "-m", OPENING, str(path), task],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_the_schema_version_is_in_the_files_name(store):
    """Another schema is another file, and nothing has to be migrated."""
    assert store.path.name == "nearhit.v2.db"
    assert store.path.exists()


async def test_folders_are_made(tmp_path, clock):
    """A file in a folder that is not there yet can be opened."""
    store = SqliteStore(tmp_path / "a" / "b" / "nearhit.db", clock, timeout_s=1.0)

    await store.open()
    await store.aclose()

    assert store.path.exists()


async def test_two_files_are_two_journals(store, tmp_path, clock):
    """Every file has a generation of its own."""
    another = SqliteStore(tmp_path / "another.db", clock, timeout_s=1.0)
    await another.open()

    page = await another.read(0, 1)

    await another.aclose()
    assert page.generation != (await store.read(0, 1)).generation


async def test_a_locked_file_is_unavailable_within_the_time_out(store, hasty):
    """A write that another process holds up ends within the time-out, and says why."""
    with locked(store.path):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"locked|within"):
            await hasty.append([RECORD])
        spent_s = time.monotonic() - began

    assert spent_s < 2 * TIMEOUT_S + 1


async def test_a_locked_file_can_be_read(store, hasty):
    """Who writes does not hold up who reads."""
    await store.append([RECORD])

    with locked(store.path):
        assert (await hasty.read(0, 10)).end == 1
        await hasty.ping()


async def test_a_file_no_longer_locked_works_again(store, hasty):
    """Once the lock is gone writes go on, and what was refused was not written."""
    with locked(store.path), pytest.raises(StoreUnavailable):
        await hasty.append([RECORD])

    await until_written(hasty)

    bodies = [one.record.body for one in (await store.read(0, 10)).records]
    assert bodies.count(RECORD.body) <= 1
    assert bodies[-1] == b"at last"


async def until_written(store: SqliteStore) -> None:
    """Append until it is taken: the call given up may hold the writer a moment longer."""
    async with asyncio.timeout(5):
        while True:
            try:
                await store.append([Record("entry", b"at last", RECORD.expires_at)])
            except StoreUnavailable:
                continue
            return


async def test_a_hung_call_ends_and_so_do_those_behind_it(hasty, gate):
    """Each call has a time-out of its own, also while the one before it still hangs."""
    for work in (lambda _: gate.wait(), lambda _: None):
        async with asyncio.timeout(10 * TIMEOUT_S):
            with pytest.raises(StoreUnavailable, match="within"):
                await hasty._write(work)


async def test_a_call_given_up_before_its_turn_is_not_made(hasty, gate):
    """What timed out while it waited behind a hung call is never written."""
    with pytest.raises(StoreUnavailable):
        await hasty._write(lambda _: gate.wait())
    with pytest.raises(StoreUnavailable):
        await hasty.append([RECORD])
    gate.set()

    await until_written(hasty)

    assert [one.record.body for one in (await hasty.read(0, 10)).records] == [b"at last"]


async def test_reads_go_on_while_a_write_hangs(hasty, gate):
    """Reader and writer do not wait for each other."""
    with pytest.raises(StoreUnavailable):
        await hasty._write(lambda _: gate.wait())

    assert await hasty.get(BlobKind.POOL, ["key"]) == {}


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, clock):
    """Somebody else's file costs one clear sentence and not a byte of itself."""
    path = tmp_path / "nearhit.v2.db"
    path.write_bytes(b"dear diary, " * 1000)
    store = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=1.0)

    with pytest.raises(StoreUnavailable) as refusal:
        await store.open()

    await store.aclose()
    assert str(refusal.value) == f"The store at {path} failed: file is not a database."
    assert path.read_bytes() == b"dear diary, " * 1000
    assert list(tmp_path.iterdir()) == [path]


async def test_a_path_that_cannot_be_a_file_is_refused_at_once(tmp_path, clock):
    """A folder in the file's place is told, not waited for."""
    (tmp_path / "nearhit.v2.db").mkdir()
    store = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=1.0)

    with pytest.raises(StoreUnavailable, match="unable to open"):
        await store.open()

    await store.aclose()


async def test_a_log_that_cannot_be_a_file_is_refused_at_once(tmp_path, clock):
    """Only a lock is waited for; anything else is told as it is."""
    (tmp_path / "nearhit.v2.db-wal").mkdir()
    store = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=1.0)

    with pytest.raises(StoreUnavailable, match="failed: "):
        await store.open()

    await store.aclose()


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path, clock):
    """A file in the folder's place is told."""
    (tmp_path / "data").write_text("no folder")
    store = SqliteStore(tmp_path / "data" / "nearhit.db", clock, timeout_s=1.0)

    with pytest.raises(StoreUnavailable, match="data"):
        await store.open()

    await store.aclose()


async def test_opening_waits_for_another_that_is_opening(tmp_path, clock):
    """Switching a new file to its write-ahead log waits for whoever is at it."""
    store = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=5.0)

    with locked(store.path):
        opening = asyncio.create_task(store.open())
        await asyncio.wait([opening], timeout=0.05)
        assert not opening.done()
    await opening

    await store.ping()
    await store.aclose()


def test_processes_that_open_a_new_file_together_share_one_journal(tmp_path):
    """Whoever comes first makes the file; all see one generation."""
    processes = [process(tmp_path / "nearhit.db", "open") for _ in range(6)]
    for one in processes:
        one.stdout.readline()
    for one in processes:
        one.stdin.write("go\n")
        one.stdin.flush()

    generations = [one.communicate(timeout=30)[0].strip() for one in processes]

    assert len(set(generations)) == 1
    assert generations[0]


async def test_a_process_killed_loses_nothing_acknowledged(tmp_path, clock):
    """Killed right after an append, a process leaves every record and blob it told of."""
    writer = process(tmp_path / "nearhit.db", "append")
    writer.stdin.write("go\n")
    writer.stdin.flush()
    lines = [writer.stdout.readline() for _ in range(1 + 50)]
    writer.kill()
    lines += writer.communicate(timeout=30)[0].splitlines()
    acknowledged = int([line for line in lines if line.strip()][-1])

    store = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=5.0)
    await store.open()
    page = await store.read(0, 10_000_000)
    rankings = await store.get(BlobKind.RANKING, [str(n + 1) for n in range(acknowledged)])
    await store.aclose()

    assert acknowledged >= 50
    assert [one.position for one in page.records][:acknowledged] == list(range(1, acknowledged + 1))
    assert len(rankings) == acknowledged


async def test_a_file_deleted_meanwhile_is_begun_anew(store):
    """What is acknowledged after a deletion can be read again, and the journal is another one."""
    before = (await store.read(0, 1)).generation
    for file in store.path.parent.glob("nearhit*"):
        file.unlink()

    position = await store.append([Record("entry", b"after", END)])
    page = await store.read(0, 10)

    assert position == 1
    assert page.generation != before
    assert store.path.is_file()


async def test_size_counts_the_write_ahead_log(store):
    """What was written counts at once, not when SQLite moves it into the file."""
    before = await store.size_bytes()
    await store.put([Blob(BlobKind.POOL, "big", bytes(200_000), END)])

    assert await store.size_bytes() >= before + 200_000


async def test_a_clock_set_back_further_than_a_lease_lasts_ends_it(store, clock):
    """A holder gone by then would else keep everybody waiting for as long as the clock lost."""
    await store.acquire("collect", 60)

    clock.step_back(seconds=3600)

    assert await store.acquire("collect", 60)


async def test_tables_are_made_all_at_once_or_not_at_all(tmp_path, clock, monkeypatch):
    """A making that fails leaves nothing another process could take for a store."""
    broken = statements.SCHEMA.replace("COMMIT;", "INSERT INTO nowhere VALUES (1); COMMIT;")
    with monkeypatch.context() as patch:
        patch.setattr(statements, "SCHEMA", broken)
        store = SqliteStore(tmp_path / "half.db", clock, timeout_s=1.0)
        with pytest.raises(StoreUnavailable):
            await store.open()
        await store.aclose()

    again = SqliteStore(tmp_path / "half.db", clock, timeout_s=1.0)
    await again.open()
    page = await again.read(0, 1)
    await again.aclose()

    assert page.generation


async def test_a_lease_is_given_to_one_of_those_that_waited_for_the_file(store, clock, tmp_path):
    """Whoever had to wait for a lock judges a lease by the time when its turn has come."""
    other = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=5.0)
    await other.open()
    clock_at_once = clock.now()
    with locked(store.path):
        first = asyncio.create_task(store.acquire("fetch", 6))
        second = asyncio.create_task(other.acquire("fetch", 6))
        await asyncio.wait([first, second], timeout=0.05)
        clock.advance(seconds=0.03)

    leases = [await first, await second]

    await other.aclose()
    assert clock.now() > clock_at_once
    assert len([lease for lease in leases if lease is not None]) == 1


async def test_tokens_rise_though_leases_are_forgotten(store, clock):
    """A row a lease would add up to one for every tag; the order of holders needs none of them."""
    first = await store.acquire("fetch/1", 6)
    clock.advance(hours=2)
    await store.purge()

    second = await store.acquire("fetch/1", 6)

    assert second.token > first.token


async def test_a_damaged_kind_is_passed_over(store):
    """Bytes that are no text are no kind that anybody knows, and end nobody's reading."""
    await store.append([RECORD, RECORD])
    await store._write(
        lambda db: db.execute("UPDATE journal SET kind = CAST(x'ff41' AS TEXT) WHERE position = 1")
    )

    records = (await store.read(0, 10)).records

    assert [one.record.kind == "entry" for one in records] == [False, True]


@pytest.mark.parametrize(("age_s", "most_s"), [(0.0, 0.3), (3600.0, 2.0)])
async def test_a_log_that_looks_as_it_was_is_trusted_only_if_it_is_old(
    store, monkeypatch, age_s, most_s
):
    """Two writes may have one date: what was read a moment after it was written is read again."""
    looks = (4096, time.time_ns() - int(age_s * 1e9))
    monkeypatch.setattr(sqlite, "_signature", lambda _: looks)
    await store.read(0, 10)

    began = time.monotonic()
    await store.wait(0, 60)

    waited_s = time.monotonic() - began
    assert (waited_s < 0.4) == (age_s == 0.0)
    assert waited_s < most_s
