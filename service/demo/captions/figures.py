"""Naming the figures of a scene: how many of what kind, in which colour, where."""

from collections.abc import Iterator
from itertools import product
from random import Random

from service.demo.captions.grammar import indefinite
from service.demo.captions.lexicon import Lexicon, Noun, draw
from service.demo.captions.words import Form, Topic, Wording
from service.demo.scenes.attributes import COLOURS, Kind, Landscape
from service.demo.scenes.scene import MANY, Group, Scene
from service.demo.scenes.wanted import Wanted

__all__ = ["figure", "figures"]

_PLAIN = 2  # of a kind's nouns, the first that are joined with every count and colour
_BY_ANOTHER_NAME = 0.25
_COUNTED, _COLOURED, _PLACED, _ACTING = 0.3, 0.4, 0.15, 0.15
_PLURAL_OF_ONE = 0.1


def figure(lexicon: Lexicon, scene: Scene, group: Group, chance: Random) -> Wording | None:
    """Name some figures of a scene; None where the ban leaves no word for them."""
    if chance.random() < _BY_ANOTHER_NAME or not lexicon.nouns[group.kind]:
        facts = [fact for fact in _facts(group) if fact in scene.facts]
        other = lexicon.pick(Topic.KIND, Form.THING, scene, facts, chance)
        if other or not lexicon.nouns[group.kind]:
            return other
    return _composed(lexicon, scene, group, chance)


def figures(lexicon: Lexicon) -> Iterator[Wording]:
    """Name figures in every way that asks for one thing only."""
    for kind in Kind:
        for noun in lexicon.nouns[kind]:
            yield _wording(indefinite(noun.singular), {kind})
            if noun.plural != noun.singular:
                yield _wording(noun.plural, {kind})
        for noun in lexicon.nouns[kind][:_PLAIN]:
            yield from _counted(lexicon, kind, noun)
            yield from _coloured(lexicon, kind, noun)
            yield from _placed(lexicon, kind, noun)


def _facts(group: Group) -> tuple[str, ...]:
    return group.kind, f"several {group.kind}", f"{group.colour} {group.kind}"


def _composed(lexicon: Lexicon, scene: Scene, group: Group, chance: Random) -> Wording:
    kind, clauses = group.kind, list[set[str]]()
    noun = draw(lexicon.nouns[kind], chance)
    counter = _counter(lexicon, group, chance) if chance.random() < _COUNTED else ""
    if counter:
        clauses.append(_counted_facts(lexicon, group, counter))
    many = group.count > 1 or (not counter and chance.random() < _PLURAL_OF_ONE)
    text = noun.plural if many else noun.singular
    colour = f"{group.colour} {kind}"
    if colour in scene.facts and lexicon.colours[group.colour] and chance.random() < _COLOURED:
        text = f"{draw(lexicon.colours[group.colour], chance)} {text}"
        clauses.append({colour})
    text = _determined(text, counter, many=many, chance=chance)
    where = lexicon.positions[group.position]
    if where and group.count == 1 and not many and chance.random() < _PLACED:
        text = f"{text} {draw(where, chance)}"
        clauses.append({f"{kind} {group.position}"})
    elif lexicon.actions[kind] and chance.random() < _ACTING:
        text = f"{text} {draw(lexicon.actions[kind], chance)}"
    return _wording(text, *(clauses or [{kind}]))


def _determined(text: str, counter: str, *, many: bool, chance: Random) -> str:
    if counter:
        return f"{counter} {text}"
    if not many:
        return indefinite(text)
    return f"some {text}" if chance.random() < _PLURAL_OF_ONE else text


def _counter(lexicon: Lexicon, group: Group, chance: Random) -> str:
    words = lexicon.counts[group.count]
    if group.count >= MANY and chance.random() < 1 / 2:
        herds = lexicon.herds[group.kind]
        words = herds if herds and chance.random() < 1 / 3 else lexicon.several
    return draw(words, chance) if words else ""


def _counted_facts(lexicon: Lexicon, group: Group, counter: str) -> set[str]:
    exact = counter in lexicon.counts[group.count]
    return {f"{group.count} {group.kind}"} if exact else _several(group.kind)


def _several(kind: Kind) -> set[str]:
    # A forest is many trees, though none of them is a figure that is counted.
    return {f"several {kind}"} | ({Landscape.FOREST} if kind is Kind.TREE else set())


def _counted(lexicon: Lexicon, kind: Kind, noun: Noun) -> Iterator[Wording]:
    for count, words in lexicon.counts.items():
        if count > 1 and kind is Kind.LIGHTHOUSE:
            return
        for word in words:
            text = noun.singular if count == 1 else noun.plural
            yield _wording(f"{word} {text}", {f"{count} {kind}"})
    for word in lexicon.several + lexicon.herds[kind]:
        yield _wording(f"{word} {noun.plural}", _several(kind))


def _coloured(lexicon: Lexicon, kind: Kind, noun: Noun) -> Iterator[Wording]:
    for colour in COLOURS[kind]:
        for word, many in product(lexicon.colours[colour], (False, True)):
            text = f"{word} {noun.plural}" if many else indefinite(f"{word} {noun.singular}")
            yield _wording(text, {f"{colour} {kind}"})


def _placed(lexicon: Lexicon, kind: Kind, noun: Noun) -> Iterator[Wording]:
    for position, words in lexicon.positions.items():
        for word in words:
            text = f"{indefinite(noun.singular)} {word}"
            yield _wording(text, {f"{kind} {position}"})


def _wording(text: str, *clauses: set[str]) -> Wording:
    return Wording(text, Wanted(tuple(map(frozenset, clauses))))
