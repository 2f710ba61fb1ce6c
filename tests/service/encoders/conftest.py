"""Tiny models, written once a session."""

import pytest
from PIL import Image, ImageDraw

from tests import models


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory):
    """A tiny CLIP."""
    return models.tiny_clip(tmp_path_factory.mktemp("models") / "tiny-clip")


@pytest.fixture(scope="session")
def siglip_folder(tmp_path_factory):
    """A tiny SigLIP."""
    return models.tiny_siglip(tmp_path_factory.mktemp("models") / "tiny-siglip")


@pytest.fixture(scope="session")
def siglip2_folder(tmp_path_factory):
    """A tiny SigLIP 2 of any photo shape."""
    return models.tiny_siglip2(tmp_path_factory.mktemp("models") / "tiny-siglip2")


@pytest.fixture(scope="session")
def sentence_folder(tmp_path_factory):
    """A tiny sentence encoder."""
    return models.tiny_sentence_encoder(tmp_path_factory.mktemp("models") / "tiny-sentences")


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory):
    """A tiny BERT that is no sentence encoder yet."""
    return models.tiny_bert(tmp_path_factory.mktemp("models") / "tiny-bert")


@pytest.fixture(scope="session")
def pictures():
    """Pictures of several shapes, plainly different."""
    shapes = {"red": (60, 40), "navy": (40, 60), "white": (90, 90), "green": (120, 40)}
    drawn = []
    for number, (colour, size) in enumerate(shapes.items()):
        picture = Image.new("RGB", size, colour)
        ImageDraw.Draw(picture).ellipse((5, 5, 15 + 5 * number, 25), fill="orange")
        drawn.append(picture)
    return drawn
