"""Which photos a tag finds by keyword, and in which order."""

import pytest

from service.sources.keywords import Keywords, name_words, stems


@pytest.mark.parametrize(
    ("tag", "tags", "found"),
    [
        ("horse", ["horse"], True),
        ("horses", ["horse"], True),
        ("Horse", ["HORSES"], True),
        ("horse", ["wild horses"], True),
        ("wild horse", ["horse", "wild"], True),
        ("wild horse", ["horse"], False),
        ("horse", ["horseshoe"], False),
        ("route 66", ["route", "66"], True),
        ("route 66", ["route"], False),
        ("ﬁre", ["fire"], True),
        ("pferd", ["Pferd"], True),
        ("horse", [], False),
        ("", ["horse"], False),
        ("!?", ["horse"], False),
    ],
)
def test_every_word_of_the_tag_must_be_a_word_of_the_photos_tags(tag, tags, found):
    """Words match whole and by stem, over all tags of the photo."""
    place = Keywords.of(tags).find(stems(tag))

    assert (place is not None) is found


def test_the_tag_itself_counts_by_its_place():
    """The further up the whole tag stands the better; spread words come after any place."""
    searched = stems("white horse")

    first = Keywords.of(["white horses", "meadow"]).find(searched)
    second = Keywords.of(["meadow", "white horse"]).find(searched)
    spread = Keywords.of(["horse", "white"]).find(searched)

    assert first < second < spread


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("IMG_0042", ["img"]),
        ("golden-gate.bridge 2", ["golden", "gate", "bridge"]),
        ("000000000139", []),
        ("a b cd", ["cd"]),
        ("e\u0301te\u0301", ["été"]),
    ],
)
def test_names_give_words_without_numbers_and_single_letters(name, words):
    """A name's words are its runs of two letters and more."""
    assert name_words(name) == words
