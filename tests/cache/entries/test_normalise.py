"""Texts that differ only in form become equal."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cache.entries.normalise import normalise

SAME = {
    "compatibility forms": ("ｈｏｒｓｅ ①", "horse 1"),
    "composition": ("cafe\u0301", "caf\u00e9"),
    "case": ("Red HORSE", "red horse"),
    "full case folding": ("Straße", "strasse"),
    "folding that leaves an accent apart": ("\u01f0 \u0130", "\u01f0 i\u0307"),
    "spaces": ("  red\t\n horse\u00a0\u3000rides ", "red horse rides"),
    "soft hyphen": ("wild\u00adlife", "wildlife"),
    "zero-width space": ("wild\u200blife", "wildlife"),
    "byte order mark": ("\ufeffhorse", "horse"),
    "joiner between letter and accent": ("cafe\u200d\u0301", "caf\u00e9"),
}


@pytest.mark.parametrize(("written", "meant"), SAME.values(), ids=SAME.keys())
def test_normalise_folds_what_does_not_change_the_meaning(written, meant):
    """Texts that differ only in form are one text."""
    assert normalise(written) == meant


@pytest.mark.parametrize("text", ["horse-riding", "what?", "3.5", "café", "馬 と 花"])
def test_normalise_keeps_what_may_change_the_meaning(text):
    """Signs, accents and other scripts stay."""
    assert normalise(text) == text


@pytest.mark.parametrize("text", ["", " \t", "\u200b", "\u00ad \ufeff"])
def test_normalise_leaves_nothing_of_a_text_nobody_can_see(text):
    """Spaces and invisible characters alone are an empty text."""
    assert normalise(text) == ""


@given(st.text())
@example("e\u200d\u0301")
@example("\u1fb3\u00ad\u0301\u0345")
@example("a\u0345\u200b\u0301")
def test_normalise_changes_nothing_twice(text):
    """A normalised text is its own normal form."""
    once = normalise(text)

    assert normalise(once) == once


def test_flags_of_two_regions_are_two_texts():
    """The invisible letters of a flag tell England's from Scotland's."""
    england, scotland = (
        "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in region) + "\U000e007f"
        for region in ("gbeng", "gbsct")
    )

    assert normalise(england) != normalise(scotland)


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_takes_a_short_way_to_the_same(text):
    """Where every letter is ASCII, nothing but case and spaces can differ."""
    folded = unicodedata.normalize("NFKC", text).casefold()

    assert normalise(text) == " ".join(folded.split())
