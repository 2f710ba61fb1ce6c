"""The quick way onto the wire, held against the models that describe it."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cache.entries.entry import Entry
from cache.entries.ranking import Ranking
from cache.entries.relations import Relation
from cache.pools.filters import NO_FILTERS
from cache.pools.pool import Candidate, Pool, PoolKey
from service.answers import Found, SearchAnswer
from service.http.schemas import SearchResult
from service.http.wire import answer_bytes
from service.tiers import Tier

# Whatever UTF-8 can say: quotes, controls and what looks like JSON in between.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"', "\\", ',"score":0.0,', '{"score":0.0,"', "\x00", "\u2028", "🐎", "naïve"]
)
SIZES = st.integers(0, 2**40)
TIMES = st.floats(-1e6, 1e12)
SCORES = st.floats(-1000, 1000, width=32)

CANDIDATES = st.builds(
    Candidate,
    id=TEXTS,
    url=TEXTS,
    page_url=TEXTS,
    width=SIZES,
    height=SIZES,
    author=TEXTS,
    author_url=TEXTS,
    tags=st.lists(TEXTS, max_size=3).map(tuple),
    source=TEXTS,
)
ENTRIES = st.builds(
    Entry,
    scope=TEXTS,
    query_model=TEXTS,
    tag=TEXTS,
    query=TEXTS,
    pool_id=TEXTS,
    created_at=TIMES,
    expires_at=TIMES,
)


def pool(candidates: list[Candidate]) -> Pool:
    embeddings = np.zeros((len(candidates), 1), np.float16)
    key = PoolKey("fake", "horse", NO_FILTERS, 200, "clip")
    return Pool("pool", key, tuple(candidates), embeddings, 0.0, 1.0)


@st.composite
def rankings(draw: Callable) -> tuple[Pool, Ranking]:
    """Draw a pool, now and then as large as one can be, and a ranking of it."""
    candidates = draw(st.lists(CANDIDATES, max_size=4)) * draw(st.sampled_from([1, 1, 1, 50]))
    size = len(candidates)
    scores = draw(st.lists(SCORES, min_size=size, max_size=size))
    return pool(candidates), Ranking.of(np.array(scores, np.float32))


@st.composite
def answers(draw: Callable) -> SearchAnswer:
    of, ranking = draw(rankings())
    found = Found(
        tier=draw(st.sampled_from(Tier)),
        pool=of,
        ranking=ranking,
        stored=draw(st.booleans()),
        age_s=draw(TIMES),
        entry=draw(st.none() | ENTRIES),
        similarity=draw(st.none() | st.floats(-1, 1)),
        relation=draw(st.none() | st.sampled_from(Relation)),
    )
    stages = st.dictionaries(st.sampled_from(["total", "encode", "lookup"]), st.floats(0, 1e5))
    return SearchAnswer(found, draw(st.integers(1, 200)), draw(stages))


@given(answers())
def test_the_bytes_are_those_of_the_model(answer: SearchAnswer):
    """Whatever is answered, the first time and again, byte by byte."""
    written = SearchResult.of(answer).model_dump_json().encode()

    assert answer_bytes(answer) == written
    assert answer_bytes(answer) == written


@given(rankings(), st.lists(st.integers(1, 12), min_size=2, max_size=4))
def test_one_ranking_answers_for_every_k(ranked: tuple[Pool, Ranking], ks: list[int]):
    """What is kept of a ranking is for the k it was written for."""
    for k in ks:
        answer = SearchAnswer(Found(Tier.EXACT, *ranked, True, 0.0), k, {})

        assert answer_bytes(answer) == SearchResult.of(answer).model_dump_json().encode()
