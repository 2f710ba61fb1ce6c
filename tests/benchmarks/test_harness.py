"""How benchmarks measure."""

import asyncio

import pytest

from benchmarks.harness import Report, Samples, interleave, machine, ratio

pytestmark = pytest.mark.anyio


async def test_cases_take_turns_and_none_is_always_first():
    """Each round runs every case once, beginning with another; warm-up rounds do not count."""
    order: list[tuple[str, int]] = []

    def case(name: str):
        async def run(number: int) -> None:
            order.append((name, number))
            await asyncio.sleep(0)

        return run

    times = await interleave({"a": case("a"), "b": case("b")}, rounds=4, warm_up=2)

    assert [number for _, number in order] == [-2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3, 3]
    assert [name for name, _ in order[4:]] == ["a", "b", "b", "a", "a", "b", "b", "a"]
    assert [len(samples.seconds) for samples in times.values()] == [4, 4]


async def test_a_ratio_is_taken_round_by_round():
    """A machine that slows down for a round slows both, and the ratio stays."""
    one, other = Samples([2.0, 20.0, 4.0]), Samples([1.0, 10.0, 2.0])

    assert ratio(one, other).seconds == [2.0, 2.0, 2.0]


async def test_a_figure_comes_with_its_spread():
    """The median stands under the name, the deciles beside it."""
    report = Report("a title")

    report.add("wait_ms", Samples([0.001 * n for n in range(1, 12)]), scale=1000)

    assert report.figures == {"wait_ms": 6.0, "wait_ms_p10": 2.0, "wait_ms_p90": 10.0}


async def test_the_machine_is_described():
    """What ran, on what."""
    about = machine()

    assert about["cores"].isdigit()
    assert {"cpu", "memory_gib", "python", "torch", "faiss-cpu"} <= about.keys()
