"""Clients that go before their answer comes."""

import asyncio

import pytest
from starlette.types import Message

from service.http.leaving import ClientGone, WhileConnected

pytestmark = pytest.mark.anyio


class Connection:
    """A request as a server hands it over, and the client's end of it."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.read = 0

    async def receive(self) -> Message:
        self.read += 1
        if self.read == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}


async def test_a_block_ends_when_its_client_goes():
    """What is done for nobody is cancelled where it waits."""
    connection = Connection()
    connection.gone.set()

    with pytest.raises(ClientGone), WhileConnected(connection.receive):
        await asyncio.Event().wait()

    assert asyncio.current_task().cancelling() == 0


@pytest.mark.parametrize("seconds", [0.0, 0.2])
async def test_a_block_whose_client_stays_ends_as_it_ends(seconds):
    """Afterwards nobody listens any more; a block that is short has nobody listen at all."""
    connection = Connection()
    before = asyncio.all_tasks()

    with WhileConnected(connection.receive):
        await asyncio.sleep(seconds)
        assert len(asyncio.all_tasks() - before) == (seconds > 0)
    await asyncio.sleep(0)

    connection.gone.set()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_an_error_of_the_block_is_passed_on():
    """A client that is there is told what went wrong."""
    with pytest.raises(OSError, match="no network"), WhileConnected(Connection().receive):
        raise OSError("no network")


async def test_who_cancels_the_request_itself_is_not_taken_for_the_client():
    """A server that ends cancels its requests, whoever has gone meanwhile."""
    connection = Connection()

    async def answer() -> None:
        with WhileConnected(connection.receive):
            await asyncio.Event().wait()

    request = asyncio.create_task(answer())
    while connection.read < 2:
        await asyncio.sleep(0.01)
    connection.gone.set()
    await asyncio.sleep(0)  # the client's end is heard, and the server ends at the same time
    request.cancel()

    with pytest.raises(asyncio.CancelledError):
        await request
