"""What every test shares."""

import os
from pathlib import Path

import pytest

from service.encoders import threads
from tests.drawings import draw_photos

# Before anything imports torch or FAISS, as the command line does it.
threads.apply(threads.ThreadPolicy.of(threads.usable_cores()))

for name in [name for name in os.environ if name.startswith("NEARHIT_")]:
    if name != "NEARHIT_EVALUATION":
        del os.environ[name]  # a developer's own settings must change no test


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the service does."""
    return "asyncio"


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of a tiny CLIP and a tiny sentence encoder with random weights."""
    from tests.models import tiny_clip, tiny_sentence_encoder  # noqa: PLC0415 - imports torch

    folder = tmp_path_factory.mktemp("models")
    return {
        "clip": tiny_clip(folder / "tiny-clip"),
        "query": tiny_sentence_encoder(folder / "tiny-sentences"),
    }


@pytest.fixture(scope="session")
def drawn_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures drawn here: twelve horses, six dogs, six cats, three boats."""
    return draw_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="session")
def demo_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo's model is put together, once for all tests."""
    return tmp_path_factory.mktemp("demo-models")
