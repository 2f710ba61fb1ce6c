"""Two services on one store file, as two processes of one machine."""

import asyncio
from pathlib import Path

import pytest

from service.lifecycle import Service
from service.requests import SearchRequest
from service.settings import Settings

pytestmark = pytest.mark.anyio


async def test_what_both_fetched_at_once_survives_from_both(settings: Settings):
    """Two processes that want one tag at the same time fetch it once; both keep their answer."""
    requests = [SearchRequest.checked("horse", query, 3) for query in ("one horse", "a meadow")]
    async with Service(settings) as first, Service(settings) as second:
        parts = [await first.started(), await second.started()]
        answers = await asyncio.gather(
            *(part.search.run(request) for part, request in zip(parts, requests, strict=True))
        )
    async with Service(settings) as third:
        search = (await third.started()).search
        again = [await search.run(request) for request in requests]

    assert [answer.found.tier for answer in answers] == ["origin", "origin"]
    assert answers[0].found.pool.id == answers[1].found.pool.id
    assert [answer.found.stored for answer in answers] == [True, True]
    assert [answer.found.tier for answer in again] == ["exact", "exact"]
    assert [answer.results for answer in again] == [answer.results for answer in answers]


async def test_what_one_learns_the_other_serves(settings: Settings):
    """A replica's memory is a view of the journal: others' entries arrive by themselves."""
    request = SearchRequest.checked("horse", "a horse", 3)
    async with Service(settings) as first, Service(settings) as second:
        learner, other = await first.started(), await second.started()
        await learner.search.run(request)
        async with asyncio.timeout(5):
            await other.memory.follower.reach(learner.memory.follower.position)

        answer = await other.search.run(request)

    assert answer.found.tier == "exact"


async def test_stored_is_true_also_after_the_file_was_deleted(settings: Settings):
    """Whoever deletes the store under a running service loses the past, not what comes after."""
    requests = [SearchRequest.checked("horse", query, 3) for query in ("one horse", "a meadow")]
    async with Service(settings) as service:
        search = (await service.started()).search
        await search.run(requests[0])
        for file in Path(settings.store.removeprefix("sqlite:///")).parent.glob("nearhit*"):
            file.unlink()
        answer = await search.run(requests[1])
    async with Service(settings) as second:
        again = await (await second.started()).search.run(requests[1])

    assert answer.found.stored
    assert again.found.tier == "exact"
    assert again.results == answer.results
