"""The dual encoder, with tiny random models of every architecture."""

import asyncio
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoProcessor

from service.encoders.clip import TransformersClip
from service.encoders.fingerprint import fingerprint
from service.encoders.loading import pick_device
from service.encoders.models import resolve
from service.errors import EncoderFailed, Overloaded, SetupError

pytestmark = pytest.mark.anyio

TEXTS = ["a dog", "a cat on a mat", "red car", "a car", "horses amidst flowers by the sea"]
LONG = "horses amidst flowers " * 40
BROKEN = {"pixel_values": np.zeros((3, 3, 1), np.uint8)}
PADDING = {"clip": True, "siglip": "max_length", "siglip2": "max_length"}


@pytest.fixture(scope="module", params=["clip", "siglip", "siglip2"])
def architecture(request):
    """The architectures that are supported by name."""
    return request.param


@pytest.fixture(scope="module")
def folder(request, architecture):
    """A tiny model of the architecture."""
    return request.getfixturevalue(f"{architecture}_folder")


@pytest.fixture(scope="module")
def encoder(folder):
    """The encoder under test."""
    return load(folder)


def load(folder, **options):
    exact = {"device": "cpu", "precision": "fp32"}
    return TransformersClip.load(resolve(str(folder), kind="clip"), **(exact | options))


def unit(output):
    return torch.nn.functional.normalize(output.pooler_output, dim=-1).detach().numpy()


def prepared(encoder, pictures):
    return [encoder.prepare(picture) for picture in pictures]


def cosines(rows, others):
    return (rows * others).sum(axis=1)


async def test_texts_equal_plain_transformers(encoder, folder, architecture):
    """Texts come out as the model's documentation has them computed."""
    model, processor = AutoModel.from_pretrained(folder), AutoProcessor.from_pretrained(folder)
    inputs = processor(
        text=TEXTS, padding=PADDING[architecture], truncation=True, return_tensors="pt"
    )
    plain = unit(model.get_text_features(**inputs))

    async with encoder:
        rows = await encoder.encode_texts(TEXTS)

    assert rows.dtype == np.float32
    assert cosines(rows, plain).min() > 0.9999


async def test_photos_equal_plain_transformers(encoder, folder, pictures):
    """Photos come out as the model's documentation has them computed."""
    model, processor = AutoModel.from_pretrained(folder), AutoProcessor.from_pretrained(folder)
    plain = unit(model.get_image_features(**processor(images=pictures, return_tensors="pt")))

    async with encoder:
        rows = await encoder.encode_images(prepared(encoder, pictures))

    assert rows.dtype == np.float32
    assert cosines(rows, plain).min() > 0.9999


async def test_texts_and_photos_are_unit_rows_of_one_dimension(encoder, pictures):
    """Both towers give rows of length one and of the stated dimension."""
    async with encoder:
        texts = await encoder.encode_texts(TEXTS)
        photos = await encoder.encode_images(prepared(encoder, pictures))

    assert texts.shape == (len(TEXTS), encoder.dimension)
    assert photos.shape == (len(pictures), encoder.dimension)
    assert np.linalg.norm(np.concatenate([texts, photos]), axis=1) == pytest.approx(1, abs=1e-5)


async def test_a_text_does_not_depend_on_its_batch(encoder):
    """Alone or between texts of other lengths, a text has the same vector."""
    async with encoder:
        together = await encoder.encode_texts([*TEXTS, LONG])
        alone = np.concatenate([await encoder.encode_texts([text]) for text in [*TEXTS, LONG]])

    assert cosines(together, alone).min() >= 0.9999


async def test_a_text_beyond_the_limit_is_cut(encoder):
    """A long text is cut at what the model takes, rather than refused."""
    async with encoder:
        rows = await encoder.encode_texts([LONG, LONG + "and a dog"])

    assert cosines(rows[:1], rows[1:]) == pytest.approx(1, abs=1e-5)


async def test_different_texts_and_photos_differ(encoder, pictures):
    """The tiny models are worth testing with: no two inputs share a vector."""
    async with encoder:
        texts = await encoder.encode_texts(TEXTS)
        photos = await encoder.encode_images(prepared(encoder, pictures))

    for rows in (texts, photos):
        assert (rows @ rows.T - 2 * np.eye(len(rows))).max() < 0.99


async def test_logit_scale_is_the_models_own(encoder, folder):
    """The factor from cosine to score is the exponential of what the model learnt."""
    learnt = load_file(folder / "model.safetensors")["logit_scale"].item()

    assert encoder.logit_scale == pytest.approx(math.exp(learnt))


async def test_nothing_gives_no_rows(encoder):
    """Nothing asked is nothing answered, in the right shape."""
    async with encoder:
        texts, photos = await encoder.encode_texts([]), await encoder.encode_images([])

    assert texts.shape == photos.shape == (0, encoder.dimension)


async def test_the_worker_counts_texts_and_photos(clip_folder, pictures):
    """Encode seconds are there for telemetry, by kind, batched as told."""
    async with load(clip_folder, image_batch=3, text_batch=2) as encoder:
        await encoder.encode_images(prepared(encoder, pictures))
        await encoder.encode_texts(TEXTS)
        ran = encoder.statistics().kinds

    assert (ran["images"].items, ran["images"].batches) == (4, 2)
    assert (ran["texts"].items, ran["texts"].batches) == (5, 3)
    assert min(ran["texts"].encode_s, ran["images"].encode_s) > 0


async def test_a_photo_the_model_chokes_on_fails_alone(clip_folder, pictures):
    """Photos of other callers that share its batch are encoded all the same."""
    async with load(clip_folder) as encoder:
        photos = prepared(encoder, pictures)
        calls = [encoder.encode_images([photo]) for photo in [*photos, BROKEN, *photos]]
        answers = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(answers.pop(len(pictures)), EncoderFailed)
    assert np.concatenate(answers).shape == (2 * len(pictures), encoder.dimension)


async def test_photos_wait_where_texts_are_refused(clip_folder, pictures):
    """A full queue is for texts to go away from; photos of a fetch are all encoded."""
    async with load(clip_folder, queue=1) as encoder:
        waiting = prepared(encoder, pictures * 3)
        photos = [asyncio.create_task(encoder.encode_images([p])) for p in waiting]
        texts = [asyncio.create_task(encoder.encode_texts([text])) for text in TEXTS]
        done = await asyncio.gather(*photos)
        refused = await asyncio.gather(*texts, return_exceptions=True)

    assert len(done) == 3 * len(pictures)
    assert [type(answer) for answer in refused[2:]] == [Overloaded] * (len(TEXTS) - 2)


async def test_loading_is_silent(clip_folder, capfd):
    """Neither bars nor reports of the libraries reach the output."""
    load(clip_folder)

    assert capfd.readouterr() == ("", "")


async def test_a_model_without_a_joint_space_is_refused(bert_folder):
    """A text model cannot rank photos, and that is said."""
    with pytest.raises(SetupError, match="no joint space of texts and photos"):
        load(bert_folder)


async def test_a_model_that_lacks_weights_is_refused(clip_folder, tmp_path):
    """A tower that would be left at random is an error, not a bad ranking."""
    for file in clip_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(clip_folder / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})

    with pytest.raises(SetupError, match=r"lack 1 tensors, visual_projection\.weight"):
        load(tmp_path)


async def test_a_device_that_is_not_there_is_refused():
    """A wrong device is a sentence about the setting."""
    with pytest.raises(SetupError, match="set NEARHIT_DEVICE"):
        pick_device("cuda:99")


async def test_precision_is_not_in_the_fingerprint(clip_folder):
    """Replicas with and without a GPU share what they remember."""
    files = resolve(str(clip_folder), kind="clip")

    assert load(clip_folder).fingerprint == fingerprint(files)


async def test_photos_come_in_batches_that_suit_the_model(clip_folder, pictures):
    """Where nothing is said, a transformer gets eight photos at once."""
    async with load(clip_folder) as encoder:
        await encoder.encode_images(prepared(encoder, pictures * 4))
        ran = encoder.statistics().kinds["images"]

    assert (ran.items, ran.batches) == (16, 2)
