"""An answer's bytes: those of `SearchResult`, without building one for every request."""

from functools import lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

from pydantic_core import to_json

from cache.entries.ranking import Ranking
from cache.pools.pool import Candidate
from service.answers import Found, Scored, SearchAnswer
from service.http.schemas import Match, Photo

__all__ = ["answer_bytes"]

_CANDIDATES = 16_384
_MATCHES = 4096
_MOST_KEPT = 10

_CACHE = (
    b'{"tier":"%b","similarity":%b,"relation":%b,"stored":%b,"stale":false,"age_s":%r,'
    b'"matched":%b,"certificate":null}'
)

_SCORE = b',"score":0.0,'
"""Where a photo's score goes; it stands in no text, where quotes are escaped."""


class _Top(NamedTuple):
    """The first photos of a ranking as JSON, and how many were asked for."""

    k: int
    body: bytes


_tops: WeakKeyDictionary[Ranking, _Top] = WeakKeyDictionary()
"""Of the rankings in memory, and no longer than they are: what is asked again is written once."""


def answer_bytes(answer: SearchAnswer) -> bytes:
    """Return what `SearchResult.of(answer)` is as JSON, byte by byte."""
    timings_ms = [b'"%b":%r' % (s.encode(), round(ms, 3)) for s, ms in answer.timings_ms.items()]
    return b'%b,"cache":%b,"timings_ms":{%b}}' % (
        _top(answer),
        _cache(answer.found),
        b",".join(timings_ms),
    )


def _cache(found: Found) -> bytes:
    """Return what `CacheInfo.of(found)` is as JSON; by hand, as it differs each time."""
    entry, similarity, relation = found.entry, found.similarity, found.relation
    return _CACHE % (
        found.tier.encode(),
        b"null" if similarity is None else b"%r" % round(similarity, 3),
        b"null" if relation is None else b'"%b"' % relation.encode(),
        b"true" if found.stored else b"false",
        round(max(0.0, found.age_s), 3),
        b"null" if entry is None else _match(entry.tag, entry.query),
    )


@lru_cache(_MATCHES)
def _match(tag: str, query: str) -> bytes:
    return to_json(Match(tag=tag, query=query))


def _top(answer: SearchAnswer) -> bytes:
    """Return an answer's bytes up to where its photos end."""
    ranking, k = answer.found.ranking, answer.k
    top = _tops.get(ranking)
    if top is not None and top.k == k:
        return top.body
    body = _photos(answer)
    if k <= _MOST_KEPT:
        _tops[ranking] = _Top(k, body)
    return body


def _photos(answer: SearchAnswer) -> bytes:
    photos = [_written(scored.candidate) for scored in answer.results]
    scores = to_json([round(scored.score, 3) for scored in answer.results])
    results = [
        photo.head + score + photo.tail
        for photo, score in zip(photos, scores[1:-1].split(b","), strict=False)
    ]
    urls = b",".join([photo.url for photo in photos])
    return b'{"top_urls":[%b],"top_scores":%b,"results":[%b]' % (urls, scores, b",".join(results))


class _Written(NamedTuple):
    """
    A candidate as JSON, but for its score.

    Args:
        head: What stands before the score.
        tail: What stands behind it.
        url: The candidate's URL, for the list of URLs.
    """

    head: bytes
    tail: bytes
    url: bytes


@lru_cache(_CANDIDATES)
def _written(candidate: Candidate) -> _Written:
    head, tail = to_json(Photo.of(Scored(candidate, 0.0))).split(_SCORE)
    return _Written(head + _SCORE[:-4], b"," + tail, to_json(candidate.url))
