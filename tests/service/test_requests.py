"""What is asked, checked."""

import pytest

from service.errors import BadRequest
from service.requests import SearchRequest


def test_texts_are_normalised():
    """Tag and query arrive in one spelling."""
    request = SearchRequest.checked("  HORSE ", "Horses  amidst\u00a0Flowers", 3)

    assert (request.tag, request.query) == ("horse", "horses amidst flowers")


@pytest.mark.parametrize(
    ("tag", "query", "k", "says"),
    [
        ("", "a query", 3, "`t` is empty"),
        ("   ", "a query", 3, "`t` is empty"),
        ("\u200b", "a query", 3, "`t` is empty"),
        ("horse", "", 3, "`s_query` is empty"),
        ("horse", "?!…", 3, "`s_query` is empty"),
        ("h" * 300, "a query", 3, "300 characters; at most 100"),
        ("horse", "q" * 10_000, 3, "10000 characters; at most 1000"),
        ("horse", "ﷺ" * 900, 3, "at most 1000"),
        ("hor\x00se", "a query", 3, "control characters"),
        ("horse", "a\nquery", 3, "control characters"),
        ("horse", "a \ud800 query", 3, "control characters"),
        ("horse", "a query", 0, "`k` is 0"),
        ("horse", "a query", -1, "`k` is -1"),
        ("horse", "a query", 10**9, "between 1 and 200"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_a_sentence(
    tag: str, query: str, k: int, says: str
):
    """Bad input is named, with what would be right."""
    with pytest.raises(BadRequest, match=says):
        SearchRequest.checked(tag, query, k)


@pytest.mark.parametrize("similarity", [-1.5, 1.5, float("nan")])
def test_a_threshold_must_be_a_cosine(similarity: float):
    """A threshold outside [-1, 1] is a mistake, not a very strict or lax wish."""
    with pytest.raises(BadRequest, match="between -1 and 1"):
        SearchRequest.checked("horse", "a query", 3, min_similarity=similarity)


@pytest.mark.parametrize("text", ["日本", "лошадь", "🐎 horse", "4"])
def test_any_script_is_searched(text: str):
    """Letters and digits of every script are text."""
    assert SearchRequest.checked(text, text, 1).query == text
