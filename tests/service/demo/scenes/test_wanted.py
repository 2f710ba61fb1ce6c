"""What texts ask of pictures."""

import pytest

from service.demo.scenes.wanted import Wanted


@pytest.mark.parametrize(
    ("text", "particular"),
    [
        ("sea & gloomy|stormy", False),
        ("boat", False),
        ("sea & red boat", True),
        ("several horse|horse", True),
        ("lake & !boat", True),
    ],
)
def test_colours_counts_and_what_is_lacking_are_particular(text: str, particular: bool):
    """They are harder than what a picture is about, and are told apart."""
    assert Wanted.parse(text).particular == particular


def test_facts_are_those_wanted_and_those_not():
    """Whatever a text speaks of."""
    assert Wanted.parse("sea & gloomy|stormy & !boat").facts == {"sea", "gloomy", "stormy", "boat"}
