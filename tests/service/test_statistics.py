"""What `/cache/stats` makes of what processes have flushed."""

from collections.abc import Mapping

import pytest

from service import statistics
from service.encoders.figures import KindStatistics, Times
from service.telemetry.counters import Counters, Latencies
from service.telemetry.figures import Figures

NOW = 1_800_000_000.0


def flushed(
    *, folder: str = "here", seconds: float = 0.02, **readings: float
) -> Mapping[str, float]:
    """Return the flush of a process that has answered a search at tier pool."""
    counters, latencies = Counters(), Latencies()
    counters.add("nearhit_searches", "pool")
    latencies.add("pool", seconds)
    read = {(f"nearhit_{name}", ""): value for name, value in readings.items()}
    return statistics.flushed(Figures.of(counters, latencies, read), folder)


def cluster(*flushes: tuple[float, Mapping[str, float]]) -> dict:
    """Return the sums of processes that flushed so many seconds ago."""
    told = {f"replica {n}": (NOW - age_s, values) for n, (age_s, values) in enumerate(flushes)}
    return statistics.cluster(told, NOW)


def test_both_parts_have_one_shape():
    """Whatever a replica shows the cluster shows too, so that one page can draw both."""
    replica = statistics.replica(Figures({}), Latencies())

    assert replica.keys() | {"replicas", "age_s"} == cluster((0, flushed())).keys()


def test_processes_that_have_ended_still_count():
    """Their searches and latencies are in the sums; they are no replicas, and hold nothing."""
    ended = flushed(seconds=0.2, entries=9, vector_bytes=900, journal_lag=5)

    sums = cluster((1, flushed(entries=3, vector_bytes=300)), (600, ended), (60, ended))

    assert (sums["searches"], sums["replicas"], sums["age_s"]) == (3, 1, 1)
    assert sums["latency_ms"]["pool"]["p95"] > 100
    assert (sums["entries"], sums["vector_bytes"], sums["journal"]["lag"]) == (3, 300, 0)


def test_the_age_is_that_of_the_oldest_live_flush():
    """So much may be missing from the sums; who has ended does not make them older."""
    assert cluster((0.5, flushed()), (1.5, flushed()), (99, flushed()))["age_s"] == 1.5


def test_photos_of_a_folder_count_once():
    """Workers of one machine share a folder, and see what is in it more or less late."""
    sums = cluster(
        (1, flushed(folder="one", photo_bytes=50)),
        (1, flushed(folder="one", photo_bytes=70)),
        (1, flushed(folder="another", photo_bytes=5)),
    )

    assert sums["photo_bytes"] == 75


def test_memory_adds_up_and_what_is_shared_does_not():
    """Each process holds vectors and pools of its own; entries and the store are the same."""
    one = flushed(vector_bytes=10, pools_in_memory=1, entries=4, store_bytes=90, journal_lag=0)
    other = flushed(vector_bytes=20, pools_in_memory=2, entries=5, store_bytes=80, journal_lag=3)

    sums = cluster((1, one), (1, other))

    assert (sums["vector_bytes"], sums["pools_in_memory"]) == (30, 3)
    assert (sums["entries"], sums["store_bytes"], sums["journal"]["lag"]) == (5, 90, 3)


@pytest.mark.parametrize(
    ("flush", "path", "shown"),
    [
        ({"nearhit_problems:not-ready": 2}, ("problems",), {"not-ready": 2}),
        ({"nearhit_photos:encoded": 9}, ("photos",), {"encoded": 9}),
        ({"nearhit_store_failures:append": 1}, ("store_failures",), {"append": 1}),
        ({"nearhit_unstored_answers": 1}, ("unstored_answers",), 1),
        ({"nearhit_invalid_records": 4}, ("invalid_records",), 4),
        ({"nearhit_searches:semantic": 3}, ("unlabelled_hits",), 3),
        ({"nearhit_api_calls_avoided": 6}, ("api_calls", "avoided"), 6),
        (
            {"nearhit_encoder_seconds:clip_texts": 1.23456},
            ("encoder_seconds", "spent"),
            {"clip_texts": 1.235},
        ),
        ({"nearhit_encoder_seconds_avoided": 0.5}, ("encoder_seconds", "avoided"), 0.5),
    ],
)
def test_every_count_is_summed(flush: dict[str, float], path: tuple[str, ...], shown: object):
    """Each figure of the page comes from what processes flush."""
    value: object = cluster((1, flush), (1, {}))
    for part in path:
        assert isinstance(value, dict)
        value = value[part]

    assert value == shown


def test_encoders_show_how_they_keep_up():
    """What waits, batches by size, and times in milliseconds; without a batch there is no mean."""
    ran = KindStatistics(
        waiting=2,
        batches=3,
        items=9,
        sizes={1: 1, 4: 2},
        waits=Times(0.001, 0.02),
        runs=Times(0.004, 0.0051239),
    )

    shown = statistics.encoders({"query_queries": ran, "clip_texts": KindStatistics()})

    assert shown["query_queries"] == {
        "waiting": 2,
        "batches": 3,
        "items": 9,
        "mean_batch": 3.0,
        "sizes": {"1": 1, "4": 2},
        "waits_ms": {"p50": 1.0, "p99": 20.0},
        "runs_ms": {"p50": 4.0, "p99": 5.124},
    }
    assert shown["clip_texts"]["mean_batch"] is None


def test_a_flush_of_another_version_harms_nothing():
    """Names and buckets that this version does not have are passed over."""
    sums = cluster((1, {"nearhit_dreams": 3, "nearhit_search_seconds:pool:0.7": 5}))

    assert (sums["searches"], sums["latency_ms"]) == (0, {})


def test_without_a_flush_there_is_no_age():
    """A deployment that has just started has sums of nothing."""
    sums = cluster()

    assert (sums["replicas"], sums["age_s"], sums["searches"]) == (0, None, 0)
