"""Words of a dictionary in short texts, each beside a text that says the same in other words."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from service.demo.captions.captions import Vocabulary
from service.demo.captions.dictionary import Sense
from service.demo.captions.grammar import bare, plural

__all__ = ["Explained", "explain"]

_CONTEXTS = 4
_PLURAL = 0.3
_PREPOSITIONS = (
    "in,at,on,by,near,with,over,under,among,during,before,behind,against,beyond,around,in the"
).split(",")
_OF_NOUNS = (
    *(f"{{word}} {joint} {{thing}}" for joint in _PREPOSITIONS),
    *(f"{{thing}} {joint} {{word}}" for joint in _PREPOSITIONS),
    *("{word} {bare}", "{bare} {word}", "{word} and {thing}", "{bare}, {word}") * 2,
)
_OF_ADJECTIVES = ("{word} {bare}", "{bare}, {word}", "{word} view of {bare}")
_PLAIN = ("light", "weather", "place", "view", "scene")


class Explained(NamedTuple):
    """Two texts that mean the same."""

    text: str
    explanation: str


def explain(senses: Sequence[Sense], vocabulary: Vocabulary, chance: Random) -> list[Explained]:
    """
    Use each sense's word alone, beside things of the captions, and beside another such word.

    The explanation names what stands beside the word, and then its definition or
    a synonym that the captions have; another word is explained as well.

    Args:
        senses: What the words mean; nouns and adjectives.
        vocabulary: Of the captions.
        chance: Draws what stands beside the words.
    """
    things, known = [*vocabulary.things()], vocabulary.bare_phrases()
    nouns = [sense for sense in senses if not sense.adjective]
    pairs: list[Explained] = []
    for sense in senses:
        meanings = [sense.definition, *(name for name in sense.synonyms if name in known)]
        alone = f"{sense.word} {chance.choice(_PLAIN)}" if sense.adjective else plural(sense.word)
        pairs += (Explained(text, one) for text in (sense.word, alone) for one in meanings)
        beside = [(thing, bare(thing)) for thing in chance.choices(things, k=_CONTEXTS)]
        beside += [(noun.word, noun.definition) for noun in chance.choices(nouns)]
        for thing, meaning in beside:
            text = _used(sense, thing, chance)
            pairs.append(Explained(text, f"{meaning}, {chance.choice(meanings)}"))
    return pairs


def _used(sense: Sense, thing: str, chance: Random) -> str:
    many = not sense.adjective and chance.random() < _PLURAL
    return chance.choice(_OF_ADJECTIVES if sense.adjective else _OF_NOUNS).format(
        word=plural(sense.word) if many else sense.word, thing=thing, bare=bare(thing)
    )
