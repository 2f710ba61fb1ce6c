"""The queries that the demo's model is asked: each can be answered, in words of no caption."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from service.demo.captions import Vocabulary
from service.demo.captions.held_out import read_held_out
from service.demo.captions.words import stems
from service.demo.scenes.scene import STOCK, Scene
from service.demo.scenes.wanted import Wanted

FOLDER = Path(__file__).parents[2] / "benchmarks" / "queries"
HELD_OUT = [FOLDER / "paraphrases.tsv"]
LEAST = {"paraphrases.tsv": 60, "apart.tsv": 40}
SCENES = [Scene.of(id_) for id_ in STOCK]
FACTS = frozenset[str]().union(*(scene.facts for scene in SCENES))
PLAIN = """
    mountain sea beach forest desert flower city hill lake underwater clear cloudy storm fog snow
    sunset dawn day night light balloon bird boat car cat dog fish horse house lighthouse sheep
    tent tree windmill silhouette black white vintage watercolour
"""


def rows(table):
    with (FOLDER / table).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize("table", LEAST)
def test_queries_ask_for_facts(table):
    """What is asked for, or barred, is true of some scene that is served."""
    wanted = [Wanted.parse(row["wanted"]) for row in rows(table)]

    asked = {fact for one in wanted for clause in (*one.clauses, one.without) for fact in clause}

    assert asked <= FACTS


@pytest.mark.parametrize("table", LEAST)
def test_enough_scenes_fit_every_query(table):
    """None is so rare that the scenes it is asked among hold too few."""
    fitting = {
        row["query"]: sum(map(Wanted.parse(row["wanted"]).fits, SCENES)) for row in rows(table)
    }

    assert {query: count for query, count in fitting.items() if count < LEAST[table]} == {}


def test_no_query_is_asked_twice():
    """All queries differ, in both tables."""
    queries = Counter(row["query"] for table in LEAST for row in rows(table))

    assert [query for query, count in queries.items() if count > 1] == []


def test_queries_apart_are_twenty_a_group():
    """Colours, counts and negations weigh the same."""
    groups = Counter(row["group"] for row in rows("apart.tsv"))

    assert groups == {"colour": 20, "count": 20, "negation": 20}


def test_plain_words_are_not_held_out():
    """The everyday words of the world may be learnt."""
    assert read_held_out(HELD_OUT) & stems(PLAIN) == frozenset()


def test_every_fact_keeps_words():
    """With all that is held out, at least five wordings ask for each fact."""
    texts = defaultdict(set)
    for text, wanted in Vocabulary(read_held_out(HELD_OUT)).phrases():
        for fact in wanted.clauses[0]:
            texts[fact].add(text)

    assert [fact for fact in FACTS if len(texts[fact]) < 5] == []
