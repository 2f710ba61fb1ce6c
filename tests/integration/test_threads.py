"""The thread policy, where the service's own threads search."""

import faiss
import pytest

from service.encoders.threads import ThreadPolicy, usable_cores
from service.lifecycle import Service

pytestmark = pytest.mark.anyio


async def test_searches_of_the_index_use_the_policys_threads(settings, clock):
    """FAISS has its number in the event loop's thread, where searches of the index run."""
    policy = ThreadPolicy.of(usable_cores(), settings.encoder_threads)
    faiss.omp_set_num_threads(policy.encoder_threads + 2)

    async with Service(settings, clock=clock) as service:
        await service.started()

        assert faiss.omp_get_max_threads() == policy.encoder_threads
