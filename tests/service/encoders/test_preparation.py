"""Pictures to pixels: what transformers' processors make of them, without their overhead."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from transformers import ConvNextImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.mobilenet_v2.image_processing_pil_mobilenet_v2 import (
    MobileNetV2ImageProcessorPil,
)
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from service.encoders.preparation import PIXELS, Framing, Preparation

USUAL = [
    CLIPImageProcessorPil(),
    CLIPImageProcessorPil(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336}),
    SiglipImageProcessorPil(),
    SiglipImageProcessorPil(size={"height": 96, "width": 64}),
    MobileNetV2ImageProcessorPil(),
    ViTImageProcessorPil(do_normalize=False),
    ViTImageProcessorPil(do_rescale=False, do_normalize=False),
]
OTHERS = [
    Siglip2ImageProcessorPil(),
    ConvNextImageProcessorPil(),
    CLIPImageProcessorPil(do_resize=False),
    CLIPImageProcessorPil(do_center_crop=False),
    CLIPImageProcessorPil(crop_size={"height": 300, "width": 300}),
]


def by_processor(processor, picture):
    arrays = processor(images=[picture], return_tensors="np")
    return {name: array[0] for name, array in arrays.items()}


@pytest.mark.parametrize("processor", USUAL, ids=lambda p: type(p).__name__)
def test_usual_pixels_are_the_processors(processor, pictures):
    """Resized, cropped and normalised, pixels are the processor's own but for rounding."""
    prepare = Preparation(processor)

    for picture in pictures:
        ours = prepare(picture)[PIXELS]
        normalised = ours * prepare.framing.factor - prepare.framing.shift
        theirs = by_processor(processor, picture)[PIXELS]
        assert ours.dtype == np.uint8
        assert np.abs(normalised.transpose(2, 0, 1) - theirs).max() < 1e-4


@pytest.mark.parametrize("processor", OTHERS, ids=lambda p: type(p).__name__)
def test_others_are_left_to_the_processor(processor, pictures):
    """What a processor does in its own way it does itself, whatever arrays come of it."""
    prepare = Preparation(processor)
    ours, theirs = prepare(pictures[0]), by_processor(processor, pictures[0])

    assert prepare.framing is None
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_a_processor_that_does_more_than_it_says_is_believed():
    """Where the pixels of trial pictures differ, the configuration is not enough."""

    class Warmer(SiglipImageProcessorPil):
        def rescale(self, image, scale, **options):
            return super().rescale(image, scale, **options) + 0.1

    assert Framing.of(Warmer()) is not None
    assert Preparation(Warmer()).framing is None


def test_threads_prepare_at_the_same_time(pictures):
    """What one thread prepares is not disturbed by what others do."""
    prepare = Preparation(CLIPImageProcessorPil())
    alone = [prepare(picture)[PIXELS] for picture in pictures]

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(prepare, pictures * 10))

    assert all(
        np.array_equal(ours[PIXELS], alone[place % len(alone)])
        for place, ours in enumerate(together)
    )
