"""FaissIndex under threads that search, add and remove at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Barrier, Event
from time import monotonic

import numpy as np
import pytest

from index import DuplicateKey, FlatIndex
from index.faiss import FaissIndex

DIMENSION = 32
SCOPES = {"a": 0, "b": 1_000_000}
DURATION_S = 2.0
WAIT_S = 5.0
MOMENT_S = 0.05
BATCH = 50


@pytest.fixture(params=[FlatIndex, FaissIndex])
def index(request):
    """An empty index."""
    return request.param(DIMENSION)


def churn(index, scope: str, stop: Event) -> int:
    """
    Add batches of rising keys and remove the oldest, down to none now and then.

    Returns:
        The first key of the scope never added.
    """
    rng = np.random.default_rng(0)
    oldest = key = SCOPES[scope]
    while not stop.is_set():
        vectors = rng.normal(size=(BATCH, DIMENSION)).astype(np.float32)
        index.add(scope, range(key, key + BATCH), vectors)
        key += BATCH
        kept = (0, 20, 400)[key // 1000 % 3]
        assert index.remove(scope, range(oldest, key - kept)) == max(0, key - kept - oldest)
        oldest = max(oldest, key - kept)
    index.remove(scope, range(oldest, key))
    return key


def search(index, scope: str, stop: Event) -> set[int]:
    """Search alone and in batches; return every key found."""
    rng = np.random.default_rng(1)
    keys = set()
    while not stop.is_set():
        queries = rng.normal(size=(rng.choice([1, 3, 25]), DIMENSION)).astype(np.float32)
        for answer in index.search(scope, queries):
            found = [n.key for n in answer]
            assert len(set(found)) == len(found) <= 16
            assert sorted(answer, key=lambda n: (-n.similarity, n.key)) == answer
            keys.update(found)
    return keys


@contextmanager
def stopping() -> Iterator[Event]:
    """An event that is set on leaving, also by a failure, so that threads end."""
    stop = Event()
    try:
        yield stop
    finally:
        stop.set()


def watch(index, futures) -> None:
    """Ask for statistics until the time is over or a thread has ended early."""
    end = monotonic() + DURATION_S
    while monotonic() < end and not any(future.done() for future in futures):
        assert set(index.statistics().entries) <= set(SCOPES)


def test_searches_beside_changes_find_only_what_was_there(index):
    """Under churn nothing fails, and each key found was added to that scope."""
    with ThreadPoolExecutor() as threads, stopping() as stop:
        writers = {scope: threads.submit(churn, index, scope, stop) for scope in SCOPES}
        readers = [(scope, threads.submit(search, index, scope, stop)) for scope in "aabb"]
        watch(index, [*writers.values(), *(reader for _, reader in readers)])

    for scope, reader in readers:
        assert reader.result()
        assert min(reader.result()) >= SCOPES[scope]
        assert max(reader.result()) < writers[scope].result()
    assert index.statistics().entries == {}


def test_a_key_once_removed_is_not_found_again(index):
    """A search that begins after a removal returned does not see what was removed."""
    vector = np.eye(DIMENSION, dtype=np.float32)[:1]

    with ThreadPoolExecutor() as threads, stopping() as stop:
        readers = [threads.submit(search, index, "a", stop) for _ in range(2)]
        for key in range(300):
            index.add("a", [key], vector)
            assert [n.key for n in index.search("a", vector)[0]] == [key]
            index.remove("a", [key])
            assert index.search("a", vector) == [[]]

    assert all(reader.result() <= set(range(300)) for reader in readers)


@pytest.mark.parametrize("change", ["add", "remove"])
def test_change_waits_for_searches_of_its_scope_alone(change):
    """FAISS moves memory only when nobody reads it; other scopes are not held up."""
    index = FaissIndex(DIMENSION)
    vectors = np.eye(DIMENSION, dtype=np.float32)
    index.add("a", range(DIMENSION), vectors)
    index.add("b", range(DIMENSION), vectors)
    arguments = {"add": ("a", [99], vectors[:1]), "remove": ("a", [0])}[change]

    with ThreadPoolExecutor() as threads:
        with index._partitions["a"]._lock.reading():
            changing = threads.submit(getattr(index, change), *arguments)
            other = threads.submit(index.search, "b", vectors)

            assert len(other.result(WAIT_S)) == DIMENSION
            assert not wait([changing], MOMENT_S).done
        changing.result(WAIT_S)


def test_racing_adds_of_one_key_add_it_once(index):
    """Of many threads adding the same keys, one succeeds."""
    vectors = np.ones((2000, DIMENSION), np.float32)
    scopes = [f"scope {i}" for i in range(20)]
    start = Barrier(4)

    def add(_: int) -> list[bool]:
        return [attempt(scope) for scope in scopes]

    def attempt(scope: str) -> bool:
        start.wait(WAIT_S)
        try:
            index.add(scope, range(2000), vectors)
        except DuplicateKey:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        added = np.array(list(threads.map(add, range(4))))

    assert added.sum(axis=0).tolist() == [1] * len(scopes)
    assert index.statistics().entries == dict.fromkeys(scopes, 2000)
