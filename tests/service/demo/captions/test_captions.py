"""Captions: they are true of their scene, repeat for the same chance, and keep to a ban."""

from collections import Counter, defaultdict
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
NAMED = [*Landscape, *Weather, *TimeOfDay, *Kind, *Style, "2 horse"]
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


def test_trees_are_never_said_to_be_absent(vocabulary):
    """Small trees stand in many backgrounds, though only some pictures are of trees."""
    chance = Random(9)

    captions = [vocabulary.caption(scene, chance) for scene in SCENES]

    assert [caption.text for caption in captions if Kind.TREE in caption.wanted.without] == []


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


def test_every_fact_keeps_words_though_its_three_commonest_are_banned(vocabulary):
    """A ban of three synonyms of every fact at once leaves each at least five wordings."""
    said = {text: stems(text) - LEFT_OUT for text, _ in vocabulary.phrases()}
    about = _wordings(vocabulary)
    banned = frozenset[str]().union(*(_commonest([said[x] for x in about[f]]) for f in NAMED))

    left = _wordings(Vocabulary(banned))

    assert [fact for fact in NAMED if len(left[fact]) < 5] == []


def test_a_scene_without_words_is_an_error():
    """A ban that leaves nothing to say is told, not answered by an empty caption."""
    every_word = frozenset[str]().union(*(stems(text) for text, _ in Vocabulary().phrases()))

    with pytest.raises(ValueError, match="no words are left"):
        Vocabulary(every_word).caption(SCENES[0], Random(8))


def _wordings(vocabulary):
    found = defaultdict(set)
    for text, wanted in vocabulary.phrases():
        for fact in wanted.clauses[0]:
            found[fact].add(text)
    return found


def _commonest(texts):
    banned = set()
    for _ in range(3):
        words = Counter(word for text in texts if not text & banned for word in text)
        banned |= {word for word, _ in words.most_common(1)}
    return banned


def test_things_are_short_phrases_for_what_is_seen():
    """Places and figures, in at most three words, none of them banned; nothing about light."""
    things = {*Vocabulary(frozenset({stem("forest")})).things()}

    assert {"a lake", "fleece"} <= things
    assert max(len(thing.split()) for thing in things) == 3
    assert not any(stem("forest") in stems(thing) for thing in things)
    assert not {"fog", "a storm", "the moon", "a watercolour"} & things


def test_phrases_without_articles_are_whole_wordings(vocabulary):
    """What another text may be compared with word by word."""
    assert {"storm", "lake", "low visibility"} <= vocabulary.bare_phrases()
    assert not {"a storm", "visibility"} & vocabulary.bare_phrases()
