"""`nearhit serve --workers`: real processes that share a port."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.demo.lookalike import lookalike
from service.demo.lookalike.faults import Faults
from tests.servers import process, serve, wait_until_ready

WORKERS = 4
PATIENCE_S = 40.0

Service = tuple[subprocess.Popen, str]


@pytest.fixture(scope="module")
def faults() -> Faults:
    """What goes wrong with the photo source."""
    return Faults()


@pytest.fixture(scope="module")
def environment(
    drawn_photos: Path, tiny_models: dict[str, Path], faults: Faults
) -> Iterator[dict[str, str]]:
    """Variables of a service over a look-alike; everything it keeps is in its own folder."""
    with serve(lookalike(drawn_photos, faults=faults)) as source:
        yield {
            "NEARHIT_PIXABAY_API_KEY": "demo-key",
            "NEARHIT_PIXABAY_URL": f"{source}/api/",
            "NEARHIT_PHOTO_HOSTS": '["127.0.0.1"]',
            "NEARHIT_CLIP_MODEL": str(tiny_models["clip"]),
            "NEARHIT_QUERY_MODEL": str(tiny_models["query"]),
            "NEARHIT_QUERY_BACKEND": "torch",
        }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workers")


@pytest.fixture(scope="module")
def service(environment: dict[str, str], folder: Path) -> Iterator[Service]:
    """Four workers that are ready."""
    temporary = folder / "temporary"
    temporary.mkdir()
    more = {"TMPDIR": str(temporary)}
    with process(environment | more, folder, "--workers", str(WORKERS)) as (parent, url):
        wait_until_ready(url, lambda: parent.poll() is None)
        until(lambda: readings(url)["nearhit_workers"] == WORKERS)
        yield parent, url


def until(holds: Callable[[], bool]) -> None:
    """Return once something holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it does not come to hold"
        time.sleep(0.05)


def pids(parent: subprocess.Popen) -> set[int]:
    """Return the workers that live."""
    children = psutil.Process(parent.pid).children()
    return {child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE}


def replica(client: httpx.Client) -> int:
    """Return the process id of the worker at the other end of a connection."""
    name = client.get("/cache/stats").json()["replica"]["id"]
    return int(name.split("-")[-2])


@contextmanager
def connected(parent: subprocess.Popen, url: str) -> Iterator[list[httpx.Client]]:
    """Yield one open connection to each worker."""
    with ExitStack() as stack:
        found: dict[int, httpx.Client] = {}

        def all_found() -> bool:
            # Many at once: of one at a time, one worker might take all
            for _ in range(4 * WORKERS):
                client = stack.enter_context(httpx.Client(base_url=url, timeout=30))
                found.setdefault(replica(client), client)
            return found.keys() == pids(parent)

        until(all_found)
        yield list(found.values())


def position(client: httpx.Client) -> int:
    """Return how far a worker has read the journal."""
    return client.get("/cache/stats").json()["replica"]["journal"]["position"]


def search(client: httpx.Client, query: str, *, tag: str = "horse") -> dict:
    asked = {"t": tag, "s_query": query, "min_similarity": 1}
    return client.get("/search", params=asked).raise_for_status().json()


def readings(url: str) -> dict[str, float]:
    """Scrape whichever worker answers."""
    return samples(httpx.get(f"{url}/metrics", timeout=30).text)


def samples(text: str) -> dict[str, float]:
    """Return every sample by name and labels."""
    return {
        ":".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def searches(shown: dict[str, float]) -> float:
    return sum(v for key, v in shown.items() if key.startswith("nearhit_searches_total"))


def agreed(
    clients: list[httpx.Client],
    holds: Callable[[dict[str, float]], bool] = lambda _: True,
) -> dict[str, float]:
    """Return what a scrape shows once something holds of it, whichever worker is asked."""
    shown: list[dict[str, float]] = []

    def all_agree() -> bool:
        shown[:] = [samples(client.get("/metrics").text) for client in clients]
        return holds(shown[0]) and all(one == shown[0] for one in shown)

    until(all_agree)
    return shown[0]


def growing(url: str) -> dict[str, float]:
    """Scrape; return what must never go down."""
    ends = ("_total", "_count", "_sum", "_bucket")
    return {key: v for key, v in readings(url).items() if key.partition(":")[0].endswith(ends)}


def test_what_one_worker_learns_is_a_hit_at_the_others(service: Service):
    """All answer, and each serves what any of them has remembered."""
    with connected(*service) as (learner, *others):
        first = search(learner, "a horse of everybody")
        until(lambda: {position(other) for other in others} == {position(learner)})
        again = [search(other, "a horse of everybody") for other in others]

    assert first["cache"]["tier"] == "origin"
    assert [answer["cache"]["tier"] for answer in again] == ["exact"] * (WORKERS - 1)
    assert [answer["results"] for answer in again] == [first["results"]] * (WORKERS - 1)


def test_metrics_are_the_same_whichever_worker_is_asked(service: Service):
    """Once all have written, every scrape shows the searches of all; entries are not summed."""
    with connected(*service) as clients:
        before = agreed(clients)
        for client in clients:
            search(client, "a horse of everybody")
        shown = agreed(clients, lambda now: searches(now) == searches(before) + WORKERS)
        entries = {client.get("/cache/stats").json()["replica"]["entries"] for client in clients}

    assert shown["nearhit_workers"] == WORKERS
    assert {shown["nearhit_entries"]} == entries


def test_statistics_of_the_cluster_are_those_of_all_workers(service: Service):
    """A search that any worker has answered counts, and each of them is a replica."""
    with connected(*service) as clients:
        for number, client in enumerate(clients):
            search(client, f"a horse of worker {number}")

        def all_told() -> bool:
            parts = [client.get("/cache/stats").json() for client in clients]
            own = sum(part["replica"]["tiers"]["pool"]["count"] for part in parts)
            told = parts[0]["cluster"]
            return own >= WORKERS and told["tiers"]["pool"]["count"] == own

        until(all_told)
        assert clients[0].get("/cache/stats").json()["cluster"]["replicas"] == WORKERS


def test_sums_never_go_down_while_a_worker_dies_and_is_replaced(service: Service):
    """Killed at any moment, a worker takes nothing along that anybody has seen."""
    parent, url = service
    victim = min(pids(parent))
    shown = growing(url)
    os.kill(victim, signal.SIGKILL)

    def replaced() -> bool:
        nonlocal shown
        with httpx.Client(base_url=url, timeout=30) as client:
            assert search(client, "a horse of everybody")["cache"]["tier"] == "exact"
        now = growing(url)
        assert [key for key in shown if now.get(key, 0) < shown[key]] == []
        shown = now
        there = pids(parent)
        return victim not in there and readings(url)["nearhit_workers"] == WORKERS == len(there)

    until(replaced)


def test_log_lines_say_which_worker(service: Service, folder: Path):
    """Lines of workers have their number, and the parent says which process that is."""
    (log,) = folder.glob("*.log")
    lines = [json.loads(line) for line in log.read_text().splitlines()]

    assert {line["worker"] for line in lines if line["event"] == "ready"} == {1, 2, 3, 4}
    assert {line["worker"] for line in lines if line["event"] == "worker_started"} == {1, 2, 3, 4}


def test_a_stop_lets_searches_finish_and_leaves_nothing(
    service: Service, folder: Path, faults: Faults
):
    """SIGTERM ends all workers and the parent; what they shared on disk is gone."""
    parent, url = service
    workers = [psutil.Process(pid) for pid in pids(parent)]
    faults.api_latency_s = 3.0

    with ThreadPoolExecutor(1) as thread, httpx.Client(base_url=url, timeout=30) as client:
        answer = thread.submit(search, client, "a dog that takes its time", tag="dog")
        until(lambda: readings(url)["nearhit_fetches"] == 1)
        parent.send_signal(signal.SIGTERM)
        status = parent.wait(PATIENCE_S)

    assert answer.result()["cache"]["tier"] == "origin"
    assert status == -signal.SIGTERM
    assert not any(worker.is_running() for worker in workers)
    assert list((folder / "temporary").iterdir()) == []


def test_workers_end_with_a_killed_parent(environment: dict[str, str], tmp_path: Path):
    """No process and no file stays behind, and the port is free, however the parent ends."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    more = {"TMPDIR": str(temporary)}
    with process(environment | more, tmp_path, "--workers", "2") as (parent, url):
        until(lambda: parent.poll() is None and len(pids(parent)) == 2)
        workers = [psutil.Process(pid) for pid in pids(parent)]
        until(lambda: answers(url))
        parent.kill()
        parent.wait(10)
        until(lambda: not any(lives(worker) for worker in workers))
        until(lambda: is_free(httpx.URL(url).port))

    assert list(temporary.iterdir()) == []


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/alive").is_success
    except httpx.TransportError:
        return False


def is_free(port: int | None) -> bool:
    try:
        socket.create_server(("127.0.0.1", port or 0)).close()
    except OSError:
        return False
    return True


def lives(worker: psutil.Process) -> bool:
    # Nobody may be there to bury an orphan
    return worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("CLIP_MODEL", "/nowhere", "nearhit: The folder /nowhere holds no model"),
        ("HOST", "999.1.1.1", "nearhit: Nothing can listen on 999.1.1.1"),
    ],
)
def test_workers_that_cannot_start_end_with_one_sentence(
    environment: dict[str, str], tmp_path: Path, setting: str, value: str, sentence: str
):
    """A service that cannot run as configured says why once, and is not tried for ever."""
    wrong = {f"NEARHIT_{setting}": value, "NEARHIT_WORKERS": "2"}
    with process(environment | wrong, tmp_path) as (parent, _):
        status = parent.wait(PATIENCE_S)

    (log,) = tmp_path.glob("*.log")
    lines = log.read_text().splitlines()
    assert status == 1
    assert [line for line in lines if line.startswith("nearhit: ")] == [lines[-1]]
    assert lines[-1].startswith(sentence)
    assert "Traceback" not in log.read_text()
