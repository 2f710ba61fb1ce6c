"""Asking the look-alike, as tests do it."""

__all__ = ["search", "the_hit"]


def search(client, **params):
    """Return an answer of the API that must be a good one."""
    answer = client.get("/api/", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def the_hit(client, tag="sea"):
    """Return the one hit of a tag."""
    (hit,) = search(client, q=tag)["hits"]
    return hit
