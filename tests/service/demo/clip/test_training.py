"""The steps of the training, on little."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from safetensors import safe_open

from service.demo.captions import Vocabulary
from service.demo.captions.held_out import content_stems, digest
from service.demo.clip.alignment import Alignment, AlignmentRecipe, Conditions, Lesson, align
from service.demo.clip.architecture import DIMENSION, EDGE
from service.demo.clip.assembly import assemble
from service.demo.clip.pictures import draw_pictures
from service.demo.clip.texts import Tokens, encode_tokens
from service.demo.clip.vision import (
    Sight,
    VisionRecipe,
    fact_matrix,
    fact_weights,
    features,
    train_vision,
)
from service.demo.scenes.scene import STOCK, Scene
from service.demo.scenes.wanted import Wanted
from service.demo.train import TRAINING, captions_of, save
from service.encoders import models
from service.encoders.towers import Towers

IDS = range(TRAINING, TRAINING + 24)
FACTS = sorted({fact for id_ in range(TRAINING, TRAINING + 2000) for fact in Scene.of(id_).facts})


def nothing(done: int, loss: float | None = None) -> None:
    """Tell nobody."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return draw_pictures(IDS, tmp_path_factory.mktemp("work"), processes=2, tell=nothing)


def test_what_is_trained_on_is_not_what_is_served():
    """Scenes of the training are none of those the demo serves."""
    assert max(STOCK) < TRAINING


def test_pictures_are_drawn_once(pictures: np.ndarray, tmp_path: Path):
    """Drawn anew or taken from the disk, the pictures are the same."""
    drawn = draw_pictures(IDS, tmp_path, processes=1, tell=nothing).copy()
    label = (tmp_path / "pictures.json").stat().st_mtime_ns
    again = draw_pictures(IDS, tmp_path, processes=1, tell=nothing)

    assert drawn.shape == (len(IDS), EDGE, EDGE, 3)
    assert np.array_equal(drawn, pictures)
    assert np.array_equal(drawn, again)
    assert (tmp_path / "pictures.json").stat().st_mtime_ns == label


def test_pictures_of_other_scenes_are_drawn_anew(tmp_path: Path):
    """What lies there of other scenes is not taken for these."""
    draw_pictures(IDS[:4], tmp_path, processes=1, tell=nothing)

    others = draw_pictures(IDS[4:9], tmp_path, processes=1, tell=nothing)

    assert len(others) == 5


def test_the_vision_tower_learns(pictures: np.ndarray):
    """The loss falls when the same few pictures are seen again and again."""
    losses: list[float] = []
    truth = fact_matrix(IDS, FACTS)
    torch.manual_seed(0)

    sight = Sight(len(FACTS))
    recipe = VisionRecipe(epochs=12, batch=8)
    weights = fact_weights(FACTS)
    train_vision(sight, pictures, truth, weights, recipe, lambda _, loss=None: losses.append(loss))
    seen = features(sight, pictures, nothing)

    assert np.mean(losses[-6:]) < 0.75 * np.mean(losses[:6])
    assert seen.shape == (len(IDS), 256)
    assert torch.isfinite(seen).all()


def test_conditions_met_are_those_of_the_truth():
    """All conditions met is what `Wanted.fits` says, for captions and for what they bar."""
    scenes = [Scene.of(id_) for id_ in range(TRAINING, TRAINING + 300)]
    vocabulary, chance = Vocabulary(), Random(1)
    wanted = [vocabulary.caption(scene, chance).wanted for scene in scenes]
    wanted.append(Wanted.parse("sea & !boat"))
    truth = torch.from_numpy(fact_matrix(range(TRAINING, TRAINING + 300), FACTS)).float()

    met = Conditions(wanted, FACTS).met(torch.arange(len(wanted)), truth)

    expected = torch.tensor([[one.fits(scene) for scene in scenes] for one in wanted])
    assert torch.equal(met == 1, expected)
    assert ((met >= 0) & (met <= 1)).all()


def test_half_of_what_is_asked_for_is_half():
    """A night without mountains meets one of two conditions."""
    wanted = Wanted.parse("night & mountains")
    facts = torch.tensor([[fact == "night" for fact in FACTS]]).float()

    met = Conditions([wanted], FACTS).met(torch.tensor([0]), facts)

    assert met.item() == 0.5


def test_texts_and_pictures_come_together():
    """After some steps a text's vector is nearest to the pictures that fit."""
    scenes = range(TRAINING, TRAINING + 400)
    truth = torch.from_numpy(fact_matrix(scenes, FACTS)).float()
    times = ["night", "sunset", "dawn", "day"]
    tokens = encode_tokens(times, nothing)
    wanted = [Wanted.parse(name) for name in times]
    lesson = Lesson(tokens, Conditions(wanted, FACTS), truth, truth)

    aligned = align(lesson, AlignmentRecipe(steps=60, texts=16, pictures=128), nothing)

    scores = _texts(aligned, tokens) @ aligned.pictures(truth).T
    best = scores.topk(3).indices
    for place, name in enumerate(times):
        assert all(truth[row, FACTS.index(name)] for row in best[place])


def test_tokens_of_texts_are_theirs_whatever_the_batch():
    """Each text's tokens are those it has alone, and what is not there is zero."""
    texts = ["a much longer text about nothing at all", "sea", "a boat"]

    tokens, there = encode_tokens(texts, nothing).batch(torch.tensor([2, 0]))
    alone, _ = encode_tokens(texts[2:], nothing).batch(torch.tensor([0]))

    assert there.sum(1).tolist() == [4, 10]
    assert torch.allclose(tokens[0, :4], alone[0], atol=2e-2)
    assert not tokens[0, 4:].any()


def test_words_held_out_are_in_no_caption():
    """A word of the table is learnt from in no form."""
    banned = content_stems(["Kittens amidst the blossoms", "gloomy peaks"])

    learnt = captions_of(IDS, 500, banned, seed=0)

    assert not banned & content_stems(caption.text for caption in learnt)
    assert len({caption.text for caption in learnt}) == len(learnt) > 500


def test_content_words_are_not_those_that_join():
    """Stems of what is spoken of; the order does not matter to the digest."""
    assert content_stems(["A boat on the sea", "boats"]) == {"boat", "sea"}
    assert digest(["b", "a"]) == digest(["a", "b"]) != digest(["a"])


def test_a_model_that_was_saved_is_put_together_and_loads(tmp_path: Path):
    """The whole model, run by transformers, gives the vectors of the training."""
    torch.manual_seed(1)
    aligned = Alignment(256)
    for parameter in aligned.parameters():
        parameter.data += torch.randn_like(parameter) * 0.02
    # So that heads look at different tokens, and their number matters
    for layer in (aligned.query, aligned.key):
        layer.weight.data += torch.randn_like(layer.weight) * 0.2
    file = tmp_path / "weights.safetensors"
    texts = ["a dog", "mountains with gloomy ambiance and a red boat on the lake at sunset"]

    save(Sight(1).tower, aligned, frozenset({"peak"}), file)
    towers = Towers.load(
        assemble(models.resolve(models.MINILM, kind="query"), tmp_path, file), "cpu"
    )

    expected = _texts(aligned, encode_tokens(texts, nothing)).numpy()
    assert towers.dimension == DIMENSION
    assert (towers.texts(texts) * expected).sum(1).min() > 0.999
    with safe_open(file, "numpy") as opened:
        assert opened.metadata()["held_out"] == digest({"peak"})


def _texts(aligned: Alignment, tokens: Tokens) -> torch.Tensor:
    with torch.no_grad():
        return aligned.texts(aligned.gather(*tokens.batch(torch.arange(len(tokens)))))
