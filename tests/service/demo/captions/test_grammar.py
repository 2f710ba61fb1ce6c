"""Articles, plurals, and the bare words of a search."""

import pytest

from service.demo.captions.grammar import bare, indefinite, plural, qualified


@pytest.mark.parametrize(
    ("noun", "phrase"),
    [
        ("balloon", "a balloon"),
        ("orange balloon", "an orange balloon"),
        ("ewe", "a ewe"),
        ("unicorn", "a unicorn"),
        ("urban street", "an urban street"),
        ("hour", "an hour"),
    ],
)
def test_the_article_goes_by_the_sound(noun, phrase):
    """What is heard decides between `a` and `an`."""
    assert indefinite(noun) == phrase


@pytest.mark.parametrize(
    ("noun", "nouns"),
    [("house", "houses"), ("pony", "ponies"), ("beach", "beaches"), ("day", "days")],
)
def test_plurals_are_regular(noun, nouns):
    """Nouns that end in a hiss get `es`, a `y` after a consonant becomes `ies`."""
    assert plural(noun) == nouns


@pytest.mark.parametrize(
    ("noun", "phrase"),
    [
        ("the alps", "the icy alps"),
        ("a forest", "an icy forest"),
        ("an ocean", "an icy ocean"),
        ("some trees", "some icy trees"),
        ("dunes", "icy dunes"),
    ],
)
def test_an_adjective_goes_behind_the_article(noun, phrase):
    """The article of the noun is kept, and fits the adjective."""
    assert qualified("icy", noun) == phrase


def test_bare_words_have_no_articles():
    """As in a search, articles are left out, and nothing else."""
    assert bare("a boat at the beach with some sand") == "boat at beach with sand"
