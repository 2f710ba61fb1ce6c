"""Reading WordNet's files."""

import re
from pathlib import Path

import pytest

from service.demo.captions.dictionary import Sense, read_dictionary

NOUNS = """\
  1 Lines before the first sense begin with two spaces. | so much for them
00000101 28 n 02 gloaming 0 nightfall 0 001 @ 00000102 n 0000 | the time of day (in the evening) \
after sunset; "they met at nightfall"
00000102 17 n 04 tarn 0 Tarn 0 Mountain_Lake 1 mountain_lake 0 000 | a small lake in the mountains
00000103 18 n 01 boatman 0 000 | someone who rows a boat
00000104 17 n 01 tor 0 000 | (archaeology)
"""
ADJECTIVES = """\
00000201 00 s 02 brumal(p) 0 hibernal 0 000 | of winter
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data.noun").write_text(NOUNS)
    (tmp_path / "data.adj").write_text(ADJECTIVES)
    return tmp_path


def test_every_word_of_a_sense_is_read(folder: Path):
    """One sense a word, with the other words as synonyms; without examples and asides."""
    senses = [sense for sense in read_dictionary(folder) if "sunset" in sense.definition]

    assert senses == [
        Sense("gloaming", False, "the time of day after sunset", ("nightfall",)),
        Sense("nightfall", False, "the time of day after sunset", ("gloaming",)),
    ]


def test_names_and_persons_are_left_out(folder: Path):
    """What is written large or in several words is a synonym only; people are not in."""
    words = {sense.word: sense for sense in read_dictionary(folder)}

    assert set(words) == {"gloaming", "nightfall", "tarn", "tor", "brumal", "hibernal"}
    assert words["tarn"].synonyms == ("mountain lake",)


def test_adjectives_are_known_as_such(folder: Path):
    """Where an adjective may stand is no part of its word."""
    brumal = Sense("brumal", True, "of winter", ("hibernal",))

    assert brumal in read_dictionary(folder)


def test_an_aside_that_is_all_there_is_stays(folder: Path):
    """A definition is never empty."""
    assert [one.definition for one in read_dictionary(folder) if one.word == "tor"] == [
        "(archaeology)"
    ]


@pytest.mark.parametrize("line", ["brumal: of winter", "brumal | of winter"])
def test_other_files_are_refused(folder: Path, line: str):
    """What is not WordNet's is not misread."""
    (folder / "data.adj").write_text(f"{line}\n")

    with pytest.raises(ValueError, match=re.escape(f"not a line of WordNet's: '{line}'")):
        read_dictionary(folder)


def test_a_folder_without_them_is_an_error(tmp_path: Path):
    """Nothing is learnt from nothing."""
    with pytest.raises(FileNotFoundError):
        read_dictionary(tmp_path)
