"""The vocabulary: how wide it is, that plain words are in it, and that it asks honestly."""

import re
from random import Random

import pytest

from service.demo.captions import Vocabulary
from service.demo.captions.words import Form, Topic, stems, wordings
from service.demo.scenes.attributes import Kind
from service.demo.scenes.scene import STOCK, Scene
from service.demo.scenes.wanted import Wanted

PLAIN = """
    mountain sea beach forest desert flower city hill lake underwater clear cloudy storm fog snow
    sunset dawn night day balloon bird boat car cat dog fish horse house lighthouse sheep tent tree
    windmill silhouette black white vintage watercolour
""".split()


@pytest.fixture(scope="module")
def phrases():
    return list(Vocabulary().phrases())


@pytest.fixture(scope="module")
def told():
    vocabulary, chance = Vocabulary(), Random(1)
    return [stems(vocabulary.caption(Scene.of(id_), chance).text) for id_ in STOCK[:3000]]


def test_the_vocabulary_is_wide(phrases):
    """There are over nine hundred wordings, of over twelve hundred words."""
    tables = {wording.text for topic in Topic for form in Form for wording in wordings(topic, form)}
    words = {word for text, _ in phrases for word in re.findall("[a-z]+", text)}

    assert len(tables) > 900
    assert len(words) > 1200


@pytest.mark.parametrize("word", PLAIN)
def test_plain_words_are_told_often(told, word):
    """Captions do not leave the everyday words to the rarer ones."""
    assert sum(stems(word) <= found for found in told) >= 5


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dark skies", "gloomy|stormy"),
        ("a gloomy mood", "gloomy|stormy"),
        ("rain", "stormy"),
        ("the ocean", "sea"),
        ("animals", "horse|cat|dog|sheep|bird|fish"),
        ("farm animals", "horse|sheep"),
        ("pets", "cat|dog"),
        ("buildings", "city|house|lighthouse|windmill"),
        ("city lights", "city & night & plain|watercolour|monochrome|vintage"),
        ("a starry sky", "night & clear"),
        ("snow-capped mountains", "mountains & snowing"),
        ("a blue sky", "clear & day & plain|watercolour"),
        ("many trees", "several tree|forest"),
    ],
)
def test_a_wording_asks_for_what_it_says(phrases, text, wanted):
    """A phrase asks for no more and no less than a fair reader would."""
    found = {asked for phrase, asked in phrases if phrase == text}

    assert found == {Wanted.parse(wanted)}


@pytest.mark.parametrize("word", ["cloudless", "lightning", "sailboat", "galloping"])
def test_no_phrase_asks_for_what_pictures_may_lack(phrases, word):
    """Clear skies have a few clouds, some storms no lightning, some boats no sails."""
    assert [text for text, _ in phrases if stems(word) & stems(text)] == []


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("two horses", "2 horse"),
        ("half a dozen sheep", "6 sheep"),
        ("a flock of birds", "several bird"),
        ("three fish", "3 fish"),
        ("a red car", "red car"),
        ("an orange balloon", "orange balloon"),
        ("a dog on the left", "dog left"),
        ("yellow flowers", "yellow flowers"),
        ("houses", "house"),
        ("ponies", "horse"),
        ("a ewe", "sheep"),
    ],
)
def test_figures_are_named_in_good_english(phrases, text, fact):
    """Articles and plurals are right, and what is named is asked for."""
    assert (text, Wanted.parse(fact)) in phrases


def test_only_possible_counts_are_named(phrases):
    """A lighthouse is always alone."""
    texts = [text for text, wanted in phrases if {f"2 {Kind.LIGHTHOUSE}"} in wanted.clauses]

    assert texts == []


def test_articles_are_right(phrases):
    """No `a` before a vowel that is heard, no `an` before a consonant."""
    wrong = re.compile(r"\b(?:a (?!one|uni|ewe|euro)[aeiou]|an (?![aeiou]|hour|heir))")

    assert [text for text, _ in phrases if wrong.search(text)] == []


def test_stems_are_those_of_hyphened_words_and_their_parts():
    """A ban of `snow` reaches `snow-covered`, and a ban of `friend` reaches `friend's`."""
    assert stems("Snow-covered friend's") >= {"snow", "cover", "friend"}
