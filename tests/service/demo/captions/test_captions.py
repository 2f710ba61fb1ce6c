"""Captions: they are true of their scene, repeat for the same chance, and keep to a ban."""

from collections import Counter
from random import Random

import pytest

from cache.stems import stem
from service.demo.captions import Vocabulary
from service.demo.captions.words import stems
from service.demo.scenes.attributes import Kind, Landscape, Style, TimeOfDay, Weather
from service.demo.scenes.scene import STOCK, Scene

SCENES = [Scene.of(id_) for id_ in STOCK[:3000]]
FACTS = frozenset[str]().union(*(Scene.of(id_).facts for id_ in STOCK))
RARE = {
    "mountain",
    "peak",
    "summit",
    "ocean",
    "gloomi",
    "dusk",
    "hound",
    "kitten",
    "yacht",
    "petal",
}
LEFT_OUT = frozenset("a an the of in on at by to with and or for from as up no under".split())


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary()


def test_a_scene_satisfies_its_captions(vocabulary):
    """What a caption asks for is true of the scene it tells of."""
    chance = Random(1)

    captions = [(scene, vocabulary.caption(scene, chance)) for scene in SCENES]

    assert [caption for scene, caption in captions if not caption.wanted.fits(scene)] == []


def test_a_caption_asks_for_something(vocabulary):
    """No caption is empty, and none fits every picture."""
    chance = Random(2)

    captions = [vocabulary.caption(scene, chance) for scene in SCENES]

    assert all(caption.text.strip() and caption.wanted.clauses for caption in captions)


def test_captions_repeat_for_the_same_chance(vocabulary):
    """Scene and chance alone decide on the caption, not what was told before."""
    other = Vocabulary()
    first = [vocabulary.caption(scene, Random(scene.id)) for scene in SCENES[:200]]
    again = [other.caption(scene, Random(scene.id)) for scene in SCENES[:200]]

    assert first == again


def test_captions_vary(vocabulary):
    """One scene is told in many ways."""
    chance = Random(3)

    texts = {vocabulary.caption(SCENES[0], chance).text for _ in range(200)}

    assert len(texts) > 150


def test_captions_are_well_spaced(vocabulary):
    """No words are missing between the joints: no doubled spaces, no comma at an end."""
    chance = Random(4)

    texts = [vocabulary.caption(scene, chance).text for scene in SCENES]

    assert [text for text in texts if "  " in text or text != text.strip(" ,")] == []


def test_few_captions_say_what_is_not_there(vocabulary):
    """Negations are a small share, and their `without` is where they are told."""
    chance = Random(5)

    negated = [c for c in (vocabulary.caption(s, chance) for s in SCENES) if c.wanted.without]

    assert 0.01 < len(negated) / len(SCENES) < 0.06


def test_a_banned_stem_never_occurs_in_a_caption():
    """Captions do without the banned words, in any of their forms."""
    banned, chance = frozenset(RARE), Random(6)
    vocabulary = Vocabulary(banned)

    texts = [vocabulary.caption(scene, chance).text for scene in SCENES]

    assert [text for text in texts if stems(text) & banned] == []


def test_a_banned_stem_never_occurs_in_a_phrase():
    """Phrases do without the banned words, in any of their forms."""
    banned = frozenset(RARE)

    phrases = Vocabulary(banned).phrases()

    assert [text for text, _ in phrases if stems(text) & banned] == []


def test_joining_words_may_be_banned():
    """A ban reaches the words between the wordings too."""
    banned, chance = (
        frozenset(map(stem, ["photo", "picture", "with", "near", "without"])),
        Random(7),
    )
    vocabulary = Vocabulary(banned)

    texts = [vocabulary.caption(scene, chance).text for scene in SCENES]

    assert [text for text in texts if stems(text) & banned] == []


def test_every_fact_has_its_words(vocabulary):
    """Whatever may be true of a picture is asked for by some phrase."""
    asked = {fact for _, wanted in vocabulary.phrases() for one in wanted.clauses for fact in one}

    assert asked >= FACTS


def test_no_phrase_asks_for_an_unknown_fact(vocabulary):
    """Phrases ask only for what is true of some picture."""
    asked = {fact for _, wanted in vocabulary.phrases() for one in wanted.clauses for fact in one}

    assert asked <= FACTS


def test_each_phrase_fits_some_picture(vocabulary):
    """No phrase asks for things that exclude each other."""
    wanted = {wanted for _, wanted in vocabulary.phrases()}

    assert [one for one in wanted if not any(map(one.fits, map(Scene.of, STOCK)))] == []


@pytest.mark.parametrize("fact", [*Landscape, *Weather, *TimeOfDay, *Kind, *Style, "2 horse"])
def test_a_fact_keeps_words_though_its_three_commonest_are_banned(fact):
    """A ban of three synonyms leaves at least five wordings."""
    banned = frozenset[str]()
    for _ in range(3):
        words = Counter(
            word for text in _wordings(Vocabulary(banned), fact) for word in stems(text) - LEFT_OUT
        )
        banned |= {word for word, _ in words.most_common(1)}

    assert len(_wordings(Vocabulary(banned), fact)) >= 5


def test_a_scene_without_words_is_an_error():
    """A ban that leaves nothing to say is told, not answered by an empty caption."""
    every_word = frozenset[str]().union(*(stems(text) for text, _ in Vocabulary().phrases()))

    with pytest.raises(ValueError, match="no words are left"):
        Vocabulary(every_word).caption(SCENES[0], Random(8))


def _wordings(vocabulary, fact):
    found = {text for text, wanted in vocabulary.phrases() if fact in wanted.clauses[0]}
    return sorted(found)
