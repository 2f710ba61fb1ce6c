"""The evaluation model: a real, trained dual encoder beside the checkout."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModel, AutoProcessor

from service.encoders.clip import TransformersClip
from service.encoders.models import resolve

ROOT = Path(__file__).resolve().parents[3]
EVALUATION = Path(os.environ.get("NEARHIT_EVALUATION", ROOT.parent / "shared"))
FOLDER = EVALUATION / "models" / "photo-clip"
PHOTOS = EVALUATION / "data" / "photos.jsonl"

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.photos,
    pytest.mark.skipif(
        not (FOLDER.is_dir() and PHOTOS.is_file()), reason="no evaluation data beside the checkout"
    ),
]


@pytest.fixture(scope="module")
def encoder():
    """The model as the service runs it."""
    return TransformersClip.load(resolve(str(FOLDER), kind="clip"), device="cpu")


@pytest.fixture(scope="module")
def photos():
    """Photos and one caption each, spread over the collection."""
    lines = [json.loads(line) for line in PHOTOS.read_text().splitlines()][::8][:40]
    files = [PHOTOS.parent / line["file"] for line in lines]
    return [Image.open(file).convert("RGB") for file in files], [x["captions"][0] for x in lines]


async def test_vectors_equal_the_models_own_instructions(encoder, photos):
    """Texts and photos come out as the model's README has them computed."""
    images, captions = photos[0][:6], photos[1][:6]
    model = AutoModel.from_pretrained(FOLDER).eval()
    processor = AutoProcessor.from_pretrained(FOLDER)
    with torch.inference_mode():
        text = processor(text=captions, padding=True, truncation=True, return_tensors="pt")
        image = processor(images=images, return_tensors="pt")
        plain = [
            model.get_text_features(**text).pooler_output,
            model.get_image_features(**image).pooler_output,
        ]

    async with encoder:
        prepared = [encoder.prepare(image) for image in images]
        rows = [await encoder.encode_texts(captions), await encoder.encode_images(prepared)]

    for ours, theirs in zip(rows, plain, strict=True):
        unit = torch.nn.functional.normalize(theirs, dim=-1).numpy()
        assert (ours * unit).sum(axis=1).min() > 0.9999


async def test_photos_get_the_processors_own_pixels(encoder, photos):
    """Preparing without transformers changes no pixel by more than rounding does."""
    processor = AutoProcessor.from_pretrained(FOLDER).image_processor

    for image in photos[0][:6]:
        theirs = processor(images=[image], return_tensors="np")["pixel_values"][0]
        ours = encoder.prepare(image)["pixel_values"]
        assert ours.dtype == np.uint8
        assert np.abs(ours.transpose(2, 0, 1) / 127.5 - 1 - theirs).max() < 1e-5


async def test_captions_find_their_own_photos(encoder, photos):
    """Of forty photos, a caption's own is among the first three nearly always."""
    images, captions = photos

    async with encoder:
        rows = await encoder.encode_images([encoder.prepare(image) for image in images])
        scores = await encoder.encode_texts(captions) @ rows.T

    ranks = (scores > np.diag(scores)[:, None]).sum(axis=1)
    assert (ranks < 3).mean() >= 0.9


async def test_logit_scale_is_what_the_model_states(encoder):
    """Scores use the scale the model was trained with."""
    assert encoder.logit_scale == pytest.approx(27.78, abs=0.01)
