"""The steps of the training, on little."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
import typer
from safetensors import safe_open
from sentence_transformers import SentenceTransformer

from service.demo.captions import Vocabulary
from service.demo.captions.dictionary import Sense
from service.demo.captions.explained import Explained
from service.demo.captions.held_out import content_stems, digest
from service.demo.clip.alignment import (
    Alignment,
    AlignmentRecipe,
    Conditions,
    Explanations,
    Lesson,
    align,
)
from service.demo.clip.architecture import DIMENSION, EDGE
from service.demo.clip.assembly import assemble
from service.demo.clip.pictures import draw_pictures
from service.demo.clip.senses import choose
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
from service.demo.train import TRAINING, captions_of, explanations_of, save, senses_of
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

    best = _best(aligned, tokens, truth)
    for place, name in enumerate(times):
        assert all(truth[row, FACTS.index(name)] for row in best[place])


def test_a_word_comes_to_mean_what_its_explanation_says():
    """A made-up word that no caption has finds the pictures of its explanation."""
    scenes = range(TRAINING, TRAINING + 400)
    truth = torch.from_numpy(fact_matrix(scenes, FACTS)).float()
    times = ["night", "sunset", "dawn", "day"]
    known = encode_tokens(times, nothing)
    conditions = Conditions([Wanted.parse(name) for name in times], FACTS)
    words = encode_tokens(["zorblax", "quimbly", "night", "dawn"], nothing)
    explanations = Explanations(words, torch.tensor([[0, 2], [1, 3]]))
    recipe = AlignmentRecipe(steps=120, texts=16, pictures=128, explanations=16)

    aligned = align(Lesson(known, conditions, truth, truth, explanations), recipe, nothing)
    alone = align(Lesson(known, conditions, truth, truth), recipe, nothing)

    shown = [
        [
            truth[best, FACTS.index(time)].mean().item()
            for time, best in zip(("night", "dawn"), _best(model, words, truth), strict=False)
        ]
        for model in (aligned, alone)
    ]
    assert min(shown[0]) == 1
    assert min(shown[1]) < 1


def test_senses_near_to_the_captions_are_chosen():
    """What a picture could show; and of a word with several such meanings, the nearest."""
    wordings = ["a storm with wind and rain", "a boat", "fog on the water"]
    tempest = Sense("tempest", False, "a storm with violent wind and rain", ())
    shower = Sense("tempest", False, "a small boat in the rain", ())
    quarrel = Sense("quarrel", False, "a noisy dispute between politicians", ())

    def of_two(word: str) -> Sense:
        return Sense(word, False, shower.definition, ())

    assert choose([quarrel, shower, tempest], wordings, nothing) == [tempest]
    assert choose([of_two("drench"), tempest], wordings, nothing) == [of_two("drench"), tempest]


def test_only_words_that_captions_lack_are_explained(tmp_path: Path):
    """A caption's own word, and one that is banned, are not taken from the dictionary."""
    words = ("fog", "brume", "gloaming")
    lines = (f"0000000{n} 19 n 01 {word} 0 000 | a mist\n" for n, word in enumerate(words))
    (tmp_path / "data.noun").write_text("".join(lines))
    (tmp_path / "data.adj").write_text("")
    banned = content_stems(["gloaming"])
    vocabulary = Vocabulary(banned)

    open_to_all = senses_of(tmp_path, vocabulary, frozenset())
    strict = senses_of(tmp_path, vocabulary, banned)

    assert [sense.word for sense in open_to_all] == ["brume", "gloaming"]
    assert [sense.word for sense in strict] == ["brume"]


def test_a_folder_without_a_dictionary_is_refused(tmp_path: Path):
    """It says what is missing where."""
    with pytest.raises(typer.BadParameter, match="does not hold WordNet's files"):
        senses_of(tmp_path, Vocabulary(), frozenset())


def test_explanations_are_numbered_by_their_texts():
    """Each pair finds the tokens of its own two texts, which are encoded once."""
    pairs = [Explained("dusk", "evening"), Explained("gloaming", "evening")]

    found = explanations_of(pairs, nothing)

    expected = encode_tokens(["dusk", "gloaming", "evening"], nothing).means()
    means = found.tokens.means()
    assert len(found.tokens) == 3
    for (text, meaning), wanted in zip(found.pairs.tolist(), (0, 1), strict=True):
        assert torch.allclose(means[text], expected[wanted], atol=1e-2)
        assert torch.allclose(means[meaning], expected[2], atol=1e-2)


def test_means_are_minilms_own():
    """The mean of a text's tokens, of unit length, is what sentence-transformers gives."""
    texts = ["horses amidst flowers", "sea"]
    model = SentenceTransformer(str(models.resolve(models.MINILM, kind="query").folder))

    means = encode_tokens(texts, nothing).means()

    assert torch.allclose(means, torch.from_numpy(model.encode(texts)), atol=2e-3)


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

    learnt = captions_of(IDS, 500, Vocabulary(banned), seed=0)

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

    save(Sight(1).tower, aligned, file, {"held_out": "peaks"})
    towers = Towers.load(
        assemble(models.resolve(models.MINILM, kind="query"), tmp_path, file), "cpu"
    )

    expected = _texts(aligned, encode_tokens(texts, nothing)).numpy()
    assert towers.dimension == DIMENSION
    assert (towers.texts(texts) * expected).sum(1).min() > 0.999
    with safe_open(file, "numpy") as opened:
        assert opened.metadata()["held_out"] == "peaks"


def _best(aligned: Alignment, tokens: Tokens, pooled: torch.Tensor) -> torch.Tensor:
    """The three pictures nearest to each text."""
    with torch.no_grad():
        return (_texts(aligned, tokens) @ aligned.pictures(pooled).T).topk(3).indices


def _texts(aligned: Alignment, tokens: Tokens) -> torch.Tensor:
    with torch.no_grad():
        return aligned.texts(aligned.gather(*tokens.batch(torch.arange(len(tokens)))))
