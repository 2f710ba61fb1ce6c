"""What only a GPU can show: recorded towers give what plain ones do."""

import numpy as np
import pytest
import torch

from service.encoders.models import resolve
from service.encoders.towers import Towers

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")

TEXTS = ["a dog", "a cat on a mat", "horses amidst flowers by the sea"]


@pytest.fixture(params=["clip", "siglip", "siglip2"])
def both(request):
    """The same model on the CPU and on the GPU."""
    files = resolve(str(request.getfixturevalue(f"{request.param}_folder")), kind="clip")
    return Towers.load(files, "cpu", "fp32"), Towers.load(files, "cuda")


def test_vectors_are_those_of_a_cpu(both, pictures):
    """Recorded, repeated and in fp16, vectors are as good as a CPU's, in batches of any size."""
    here, there = both
    photos = [here.prepare(picture) for picture in pictures]

    for number in (1, 3, 3, 70):
        texts, some = (TEXTS * number)[:number], (photos * number)[:number]
        assert (here.texts(texts) * there.texts(texts)).sum(axis=1).min() > 0.999
        assert (here.images(some) * there.images(some)).sum(axis=1).min() > 0.999


def test_what_was_recorded_does_not_repeat_old_answers(both):
    """A recording takes in what it is given: other texts of the same shape get other vectors."""
    _, there = both
    first, second = there.texts(["a dog"]), there.texts(["a car"])

    assert not np.allclose(first, second)
    assert np.allclose(first, there.texts(["a dog"]), atol=1e-3)
