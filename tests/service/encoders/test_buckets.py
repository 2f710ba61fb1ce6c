"""Fixed shapes: whatever comes is filled up to one of a few, and stays what it was."""

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from service.encoders.buckets import TEXT_BATCHES, TEXT_LENGTHS, Lengthening, filled, rounded
from service.encoders.models import resolve
from service.encoders.towers import Towers

TEXTS = ["a dog", "a cat on a mat", "horses amidst flowers by the sea", "red"]


@pytest.mark.parametrize(("size", "enough"), [(1, 1), (3, 4), (4, 4), (32, 32), (33, 33)])
def test_a_size_is_rounded_up(size, enough):
    """The least size that is enough; beyond the largest there is none."""
    assert rounded(size, TEXT_BATCHES) == enough


def test_items_are_filled_up_with_the_last_one():
    """What fills a batch is something its model has seen anyway."""
    assert filled("abc", TEXT_BATCHES) == ["a", "b", "c", "c"]


@pytest.mark.parametrize("architecture", ["clip", "siglip", "siglip2"])
def test_a_text_does_not_depend_on_its_bucket(request, architecture):
    """Filled up in number and in length, texts keep their vectors."""
    folder = request.getfixturevalue(f"{architecture}_folder")
    towers = Towers.load(resolve(str(folder), kind="clip"), "cpu", "fp32")
    plain = towers.texts(TEXTS[:3])
    tokens = towers._tokens(filled(TEXTS[:3], TEXT_BATCHES))
    with torch.inference_mode():
        rows = towers._text_rows(towers._lengthened(tokens))[:3].numpy()

    assert (plain * rows).sum(axis=1).min() >= 0.9999


def test_tokens_come_in_few_lengths(clip_folder):
    """Texts of every length the model takes need no more than a handful of shapes."""
    tokenizer = AutoTokenizer.from_pretrained(clip_folder)
    lengthened = Lengthening(tokenizer, 77)

    lengths = {
        lengthened(tokenizer(["a" * n], truncation=True, max_length=77, return_tensors="pt"))[
            "input_ids"
        ].shape[1]
        for n in range(1, 100)
    }

    assert lengths == {*TEXT_LENGTHS, 77}


def test_what_is_added_is_masked(clip_folder):
    """Added tokens are the tokenizer's own padding, out of attention."""
    tokenizer = AutoTokenizer.from_pretrained(clip_folder)
    tokens = tokenizer(["ab"], return_tensors="pt")

    longer = Lengthening(tokenizer, 77)(tokens)

    assert longer["attention_mask"].tolist() == [[1] * 4 + [0] * 4]
    assert longer["input_ids"][0, 4:].tolist() == [tokenizer.pad_token_id] * 4


def test_tokens_without_a_mask_keep_their_length(clip_folder):
    """Where nothing says which tokens count, none are added."""
    lengthened = Lengthening(AutoTokenizer.from_pretrained(clip_folder), 77)
    tokens = {"input_ids": torch.ones((2, 5), dtype=torch.long)}

    assert lengthened(tokens)["input_ids"].shape == (2, 5)


def test_photos_do_not_depend_on_what_fills_their_batch(clip_folder, pictures):
    """A photo among copies of the last one has the vector it has alone."""
    towers = Towers.load(resolve(str(clip_folder), kind="clip"), "cpu", "fp32")
    photos = [towers.prepare(picture) for picture in pictures[:3]]

    assert np.allclose(towers.images(filled(photos, (4,)))[:3], towers.images(photos), atol=1e-6)
