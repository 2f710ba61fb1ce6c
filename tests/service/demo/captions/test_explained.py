"""Words of a dictionary in use, beside what they mean."""

from random import Random

import pytest

from benchmarks.demo import HELD_OUT
from service.demo.captions import Vocabulary
from service.demo.captions.dictionary import Sense
from service.demo.captions.explained import Explained, explain
from service.demo.captions.grammar import bare
from service.demo.captions.held_out import content_stems, read_held_out

GLOAMING = Sense("gloaming", False, "the time of day after sunset", ("eventide", "dimmity"))
BRUMAL = Sense("brumal", True, "of winter", ())


@pytest.fixture(scope="module")
def pairs() -> list[Explained]:
    return explain([GLOAMING, BRUMAL], Vocabulary(), Random(3))


def test_a_word_alone_means_its_definition(pairs: list[Explained]):
    """Also a noun's plural, and an adjective before something plain."""
    assert Explained("gloaming", GLOAMING.definition) in pairs
    assert Explained("gloamings", GLOAMING.definition) in pairs
    assert Explained("brumal", "of winter") in pairs
    assert any(text.startswith("brumal ") and meaning == "of winter" for text, meaning in pairs)


def test_beside_a_thing_of_the_captions_it_means_both(pairs: list[Explained]):
    """What stands beside the word stands in the explanation, another word by its definition."""
    beside = [(text, meaning) for text, meaning in pairs if meaning.endswith(", of winter")]

    assert len(beside) == 5
    for text, meaning in beside:
        thing = meaning.removesuffix(", of winter")
        assert thing in bare(text) or (thing == GLOAMING.definition and "gloaming" in text)
    assert any(meaning.startswith(GLOAMING.definition) for _, meaning in beside)


def test_the_explanation_is_without_the_word(pairs: list[Explained]):
    """Else there would be nothing to learn."""
    for word in ("gloaming", "brumal"):
        with_it = [meaning for text, meaning in pairs if word in text]

        assert with_it
        assert not any(word in meaning for meaning in with_it)


def test_only_synonyms_that_captions_have_explain():
    """Not what shares a word with a wording, nor what nobody knows."""
    gale = Sense("tempest", False, "a violent wind", ("storm", "storm petrel", "widdershins"))

    pairs = explain([gale], Vocabulary(), Random(1))

    meanings = {meaning for text, meaning in pairs if text == "tempest"}
    assert meanings == {"a violent wind", "storm"}


def test_no_text_holds_a_held_out_word_but_the_dictionarys():
    """Neither what stands beside a word nor what joins them is of the benchmark's words."""
    banned = read_held_out([HELD_OUT])

    pairs = explain([BRUMAL, GLOAMING] * 200, Vocabulary(banned), Random(2))

    assert not banned & content_stems(text for text, _ in pairs)
