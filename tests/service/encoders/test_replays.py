"""Recording a tower once a shape, and running out of memory, without a GPU."""

import gc
import weakref

import numpy as np
import pytest
import torch

from service.encoders.clip import TransformersClip
from service.encoders.lanes import Work
from service.encoders.models import resolve
from service.encoders.replays import Replays, freeing_memory, run_here
from service.encoders.towers import Towers
from service.errors import EncoderFailed

CPU = torch.device("cpu")


def doubled(inputs):
    return inputs["x"] * 2


class Recorder:
    """Records by running, and counts."""

    def __init__(self, error=None):
        self.recorded = []
        self.error = error

    def __call__(self, forward, inputs):
        if self.error:
            raise self.error
        self.recorded.append(tuple(inputs["x"].shape))
        return forward


def batch(*shape):
    return {"x": torch.ones(shape)}


def test_a_shape_is_recorded_once():
    """The second batch of a shape repeats the recording of the first."""
    record = Recorder()
    run = Replays(doubled, record, 10)

    rows = [run(batch(2, 3)), run(batch(2, 3)), run(batch(4, 3))]

    assert record.recorded == [(2, 3), (4, 3)]
    assert all(bool((some == 2).all()) for some in rows)


def test_no_more_shapes_are_recorded_than_told():
    """Recordings hold memory: beyond their number batches run as they come."""
    record = Recorder()
    run = Replays(doubled, record, 2)

    rows = [run(batch(n, 3)) for n in range(1, 6)]

    assert record.recorded == [(1, 3), (2, 3)]
    assert [len(some) for some in rows] == [1, 2, 3, 4, 5]


def test_a_model_that_cannot_be_recorded_runs_as_it_comes():
    """One failure is enough: no shape is tried after it."""
    record = Recorder(RuntimeError("operation not permitted when stream is capturing"))
    run = Replays(doubled, record, 10)
    run(batch(1, 3))
    record.error = None

    assert bool((run(batch(2, 3)) == 2).all())
    assert record.recorded == []


def test_memory_that_ends_while_recording_is_no_reason_not_to_record():
    """The batch is tried again in halves, and those may be recorded."""
    record = Recorder(torch.OutOfMemoryError("CUDA out of memory."))
    run = Replays(doubled, record, 10)
    with pytest.raises(torch.OutOfMemoryError):
        run(batch(2, 3))
    record.error = None
    run(batch(1, 3))

    assert record.recorded == [(1, 3)]


def test_a_failed_run_leaves_no_tensor_behind():
    """While the error is kept, nothing of the run it ended is."""
    held = []

    def too_much(inputs):
        large = inputs["x"] * 2
        held.append(weakref.ref(large))
        raise torch.OutOfMemoryError("CUDA out of memory.")

    try:
        with freeing_memory(CPU):
            run_here(too_much, CPU, [batch(2, 3)])
    except torch.OutOfMemoryError as exc:
        kept = exc

    gc.collect()
    assert kept is not None
    assert held[0]() is None


def with_memory_for(towers, most):
    """Have a model run out of memory for more photos than that; return the sizes it was asked."""
    asked = []
    encode = towers._model.get_image_features

    def limited(pixel_values):
        asked.append(len(pixel_values))
        if len(pixel_values) > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return encode(pixel_values=pixel_values)

    towers._model.get_image_features = limited
    return asked


@pytest.fixture
def towers(clip_folder):
    """A tiny model of this test's own."""
    return Towers.load(resolve(str(clip_folder), kind="clip"), "cpu", "fp32")


def test_a_batch_that_is_too_large_runs_in_halves(towers, pictures):
    """Out of memory halves the batch, again if need be, and every photo gets its vector."""
    photos = [towers.prepare(picture) for picture in pictures * 2]
    plain = towers.images(photos)
    asked = with_memory_for(towers, 2)

    outcomes = Work(towers.images, 8, None, "photo").outcomes(photos)

    assert asked == [8, 4, 2, 2, 4, 2, 2]
    assert np.allclose(np.stack(outcomes), plain, atol=1e-6)


@pytest.mark.anyio
async def test_the_worker_outlives_a_gpu_without_memory(towers, pictures):
    """With no room for even one photo callers are told, and the next call is answered."""
    photos = [towers.prepare(picture) for picture in pictures]
    encode = towers._model.get_image_features
    async with TransformersClip(towers, "id", text_batch=8, image_batch=8, queue=8) as encoder:
        with_memory_for(towers, 0)
        with pytest.raises(EncoderFailed):
            await encoder.encode_images(photos)
        towers._model.get_image_features = encode
        rows = await encoder.encode_images(photos)

    assert rows.shape == (len(photos), encoder.dimension)
