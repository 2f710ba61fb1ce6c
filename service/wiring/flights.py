"""What is done once, however many ask."""

from collections.abc import Hashable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cache.pools.pool import Pool
from cache.sharing.flight import SingleFlight
from service.answers import Found
from service.settings import Settings

__all__ = ["Flights", "open_flights"]


@dataclass(frozen=True, slots=True)
class Flights:
    """What is done once, however many ask: pools, photos, queries, whole searches."""

    fetching: SingleFlight[str, Pool]
    encoding: SingleFlight[str, NDArray[np.float16]]
    texts: SingleFlight[str, NDArray[np.float32]]
    asking: SingleFlight[Hashable, Found]


async def open_flights(settings: Settings, photos_at_once: int, stack: AsyncExitStack) -> Flights:
    """
    Open them; the stack ends them.

    Args:
        settings: Hold the bounds.
        photos_at_once: Photos that are encoded at the same time.
        stack: Ends those last that others wait for.
    """
    # In memory are photos that are downloaded, and as many as keep the encoder busy until the
    # next have come; those that wait for it are pixels of the model's size.
    in_work = settings.downloads + 2 * photos_at_once
    photos_of_all = settings.fetches * settings.pool_size
    flights = Flights(
        # Those that fetch take turns; those that wait for another replica's fetch need none.
        fetching=SingleFlight(running=settings.fetches + settings.waiting_fetches, waiting=0),
        encoding=SingleFlight(running=in_work, waiting=photos_of_all),
        # What nobody waits for any more leaves the encoders' queues.
        texts=SingleFlight(running=settings.encoder_queue, waiting=0, finish=False),
        asking=SingleFlight(running=settings.encoder_queue, waiting=0, finish=False),
    )
    # Searches wait for fetches and these for photos: who waits ends first.
    for flight in (flights.encoding, flights.fetching, flights.texts, flights.asking):
        await stack.enter_async_context(flight)
    return flights
