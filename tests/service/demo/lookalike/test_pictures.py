"""Pictures made on threads of their own, once each, and kept."""

import asyncio
import threading

import pytest

from service.demo.lookalike import pictures
from service.demo.lookalike.pictures import Pictures, TooManyPictures
from service.demo.lookalike.stock import StockPhoto
from service.errors import PhotoUnavailable

pytestmark = pytest.mark.anyio


class Studio:
    """A stock that makes pictures of ten bytes, when it may."""

    def __init__(self):
        self.made = []
        self.threads = set()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.error = None

    def search(self, tag, filters):
        return []

    def by_id(self, id_):
        return None

    def picture(self, photo, edge):
        self.made.append((photo.id, edge))
        self.threads.add(threading.current_thread().name)
        self.may_go_on.wait(10)
        if self.error:
            raise self.error
        return b"%010d" % photo.id


def photo(id_):
    return StockPhoto(id_, (10, 10), ("horse",), "ann", 10, 1)


@pytest.fixture
def studio():
    """Makes pictures."""
    return Studio()


@pytest.fixture
async def shown(studio):
    """Pictures, of which three are kept."""
    async with Pictures.open(studio, threads=1, max_bytes=30) as shown:
        yield shown


async def test_a_picture_is_made_once_and_kept(shown, studio):
    """The second request finds what the first one made."""
    first, second = await shown.get(photo(1), 640), await shown.get(photo(1), 640)

    assert first == second == b"0000000001"
    assert studio.made == [(1, 640)]


async def test_every_size_is_a_picture_of_its_own(shown, studio):
    """Another size is made anew."""
    await shown.get(photo(1), 640)
    await shown.get(photo(1), 150)

    assert studio.made == [(1, 640), (1, 150)]


async def test_requests_at_the_same_time_share_one_making(shown, studio):
    """However many wait, a picture is made once."""
    studio.may_go_on.clear()
    waiting = [asyncio.create_task(shown.get(photo(1), 640)) for _ in range(5)]
    await asyncio.sleep(0)
    studio.may_go_on.set()

    assert set(await asyncio.gather(*waiting)) == {b"0000000001"}
    assert studio.made == [(1, 640)]


async def test_who_gives_up_does_not_take_the_picture_from_others(shown, studio):
    """A cancelled request ends alone."""
    studio.may_go_on.clear()
    gone, stays = (asyncio.create_task(shown.get(photo(1), 640)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    studio.may_go_on.set()

    assert await stays == b"0000000001"
    assert gone.cancelled()


async def test_what_was_not_asked_for_longest_goes_first(shown, studio):
    """Beyond the bytes that are kept, the picture longest unasked is made again."""
    for id_ in (1, 2, 3, 1, 4):
        await shown.get(photo(id_), 640)
    studio.made.clear()

    for id_ in (1, 3, 4, 2):
        await shown.get(photo(id_), 640)

    assert studio.made == [(2, 640)]


async def test_a_picture_that_could_not_be_made_is_tried_again(shown, studio):
    """Errors reach who asked and are not kept."""
    studio.error = PhotoUnavailable("gone")
    with pytest.raises(PhotoUnavailable):
        await shown.get(photo(1), 640)
    studio.error = None

    assert await shown.get(photo(1), 640) == b"0000000001"


async def test_pictures_are_made_on_one_thread(shown, studio):
    """By default the machine keeps its other cores for the search."""
    await asyncio.gather(*(shown.get(photo(id_), 640) for id_ in range(8)))

    assert studio.threads == {"demo-pictures_0"}


async def test_too_many_waiting_are_refused(shown, studio, monkeypatch):
    """The queue is bounded; what waits already is made."""
    monkeypatch.setattr(pictures, "_MOST_WAITING", 2)
    studio.may_go_on.clear()
    waiting = [asyncio.create_task(shown.get(photo(id_), 640)) for id_ in (1, 2)]
    await asyncio.sleep(0)

    with pytest.raises(TooManyPictures):
        await shown.get(photo(3), 640)
    studio.may_go_on.set()
    assert await asyncio.gather(*waiting) == [b"0000000001", b"0000000002"]


async def test_threads_end_with_it(studio):
    """After leaving no thread is left, and what was not begun never begins."""
    async with Pictures.open(studio, threads=1, max_bytes=30) as shown:
        studio.may_go_on.clear()
        waiting = [asyncio.create_task(shown.get(photo(id_), 640)) for id_ in (1, 2, 3)]
        while not studio.made:
            await asyncio.sleep(0.001)
        asyncio.get_running_loop().call_later(0.05, studio.may_go_on.set)

    await asyncio.wait(waiting)
    assert studio.made == [(1, 640)]
    assert not [t for t in threading.enumerate() if t.name.startswith("demo-pictures")]
