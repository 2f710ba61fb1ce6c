"""Real photographs and real models, where the evaluation data is beside the checkout."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.answers import Scored
from service.demo.lookalike import lookalike
from service.lifecycle import Service
from service.origin.shelf import PhotoSize
from service.requests import SearchRequest
from service.wiring.components import Components
from tests.evaluation import EVALUATION
from tests.servers import serve
from tests.settings import make_settings

PHOTOS = EVALUATION / "data" / "photos"
CLIP = EVALUATION / "models" / "photo-clip"

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.photos,
    pytest.mark.skipif(
        not (PHOTOS.is_dir() and CLIP.is_dir()), reason="there is no evaluation data"
    ),
]


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Components]:
    """A service over the photographs, ranked by photo-clip, queries compared by MiniLM."""
    models = {"clip": CLIP, "query": Path("sentence-transformers/all-MiniLM-L6-v2")}
    with serve(lookalike(PHOTOS)) as url:
        async with Service(make_settings(url, models, tmp_path)) as service:
            yield await service.started()


async def ask(parts: Components, tag: str, query: str, k: int = 3):
    """Search and return the answer."""
    return await parts.search.run(SearchRequest.checked(tag, query, k))


async def test_the_readmes_searches_take_the_tiers_it_says(parts: Components):
    """Origin, exact, semantic with the matched query, pool: as the README shows them."""
    searches = [
        ("horse", "horses amidst flowers"),
        ("horse", "Horses amidst flowers"),
        ("horse", "horses among flowers"),
        ("horse", "a horse jumping over a fence"),
    ]

    answers = [await ask(parts, *search) for search in searches]

    assert [a.found.tier for a in answers] == ["origin", "exact", "semantic", "pool"]
    assert answers[2].found.entry is not None
    assert answers[2].found.entry.query == "horses amidst flowers"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a red boat", "a blue boat"),
        ("two boats on a lake", "three boats on a lake"),
        ("a boat with people", "a boat without people"),
        ("a boat at sunset", "a fisherman mending a net"),
    ],
)
async def test_another_question_is_never_answered_from_memory(
    parts: Components, first: str, second: str
):
    """A colour, a number, a negation or another meaning: the pool is ranked anew."""
    await ask(parts, "boat", first)

    answer = await ask(parts, "boat", second)

    assert answer.found.tier == "pool"


async def test_captions_bring_their_own_photos_up(parts: Components):
    """A person's sentence about a photo ranks it among the first of its pool, mostly."""
    lines = (EVALUATION / "data" / "photos.jsonl").read_text().splitlines()
    photos = [json.loads(line) for line in lines]
    cats = [photo for photo in photos if "cat" in photo["tags"]]
    files = {await web_bytes(parts, s) for s in (await ask(parts, "cat", "a cat", 200)).results}
    ranks = []
    for photo in cats:
        own = (EVALUATION / "data" / photo["file"]).read_bytes()
        assert own in files
        answer = await ask(parts, "cat", photo["captions"][0], k=len(cats))
        ranks.append([await web_bytes(parts, s) for s in answer.results].index(own))

    assert len(cats) >= 10
    assert sum(rank < 3 for rank in ranks) >= 0.6 * len(cats)


async def web_bytes(parts: Components, scored: Scored) -> bytes:
    """Return the file of a photo of an answer; the look-alike hands photos out as they are."""
    return await parts.shelf.image(scored.candidate.id, PhotoSize.WEB)
