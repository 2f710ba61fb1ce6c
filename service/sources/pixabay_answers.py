"""What the Pixabay API answers: hits to candidates, refusals to errors, both read tolerantly."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from cache.pools.pool import Candidate
from service.errors import SourceError, SourceRefused, SourceUnavailable

__all__ = ["PIXABAY", "Api", "is_page", "read_candidates", "refusal", "unavailable"]

_MAX_PIXELS = 1_000_000  # of a side; more is nonsense

_CHALLENGE_WAIT_S = 60.0
_TRY_AGAIN_S = 10.0
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PREFIX = re.compile(r"^\[ERROR \d+\]\s*")
_LONGEST_SENTENCE = 200


class Api(NamedTuple):
    """
    Whose API it is: Pixabay's own, or one that looks like it.

    Args:
        name: Of the source, in ids of its candidates.
        label: What sentences call it.
        identity: What must not be mixed in one cache with anything else.
    """

    name: str
    label: str
    identity: str


PIXABAY = Api("pixabay", "Pixabay", "pixabay")


class _Nonsense(ValueError):
    """A hit whose fields cannot be what the API documents."""


def read_candidates(body: bytes, *, site: str, api: Api = PIXABAY) -> tuple[list[Candidate], int]:
    """
    Return the candidates of an answer and how many of its hits were skipped.

    A hit without an id or a photo, or with a field of another type than the
    API's, is skipped; of hits with one id the first is kept.

    Args:
        body: The answer.
        site: Where the pages of authors are, as in ``https://pixabay.com``.
        api: Whose answer it is.

    Raises:
        SourceUnavailable: If this is no answer of the API at all.
    """
    candidates: dict[str, Candidate] = {}
    skipped = 0
    for hit in _hits(body, api):
        try:
            candidate = _candidate(hit, site, api)
        except _Nonsense:
            skipped += 1
        else:
            candidates.setdefault(candidate.id, candidate)
    return list(candidates.values()), skipped


def refusal(status: int, body: bytes, *, key: str, api: Api = PIXABAY) -> SourceError | None:
    """
    Return the error an answer's status and text mean, or None where it is no refusal.

    Args:
        status: Neither 5xx nor the API's own 429, which the caller treats.
        body: Plain text where it is the API's own.
        key: Blotted out wherever the API echoes it.
        api: Whose answer it is.
    """
    if 200 <= status < 300:  # noqa: PLR2004
        return None
    if status in (403, 429) or is_page(body):
        return unavailable(
            f"{api.label} answered {status} with a challenge for browsers.", _CHALLENGE_WAIT_S
        )
    if status < 400:  # noqa: PLR2004
        return unavailable(f"{api.label} sent a redirect; check NEARHIT_PIXABAY_URL.")
    sentence = _sentence(body, key)
    if status == 401 or "key" in sentence.lower():  # noqa: PLR2004
        return SourceRefused(f"{api.label} refuses the API key; check NEARHIT_PIXABAY_API_KEY.")
    return SourceRefused(f"{api.label} refuses the request ({status}): {sentence}")


def unavailable(sentence: str, retry_after_s: float = _TRY_AGAIN_S) -> SourceUnavailable:
    """Return the error for an answer that later may be a better one."""
    return SourceUnavailable(sentence, retry_after_s=retry_after_s)


def is_page(body: bytes) -> bool:
    """Whether this is HTML; the API's own texts come with that content type as well."""
    return body.lstrip().startswith(b"<")


def _sentence(body: bytes, key: str) -> str:
    text = body.decode("utf-8", "replace")
    text = text.replace(key, "…") if key else text
    printable = "".join(char if char.isprintable() else " " for char in text)
    return _PREFIX.sub("", printable.strip())[:_LONGEST_SENTENCE] or "it does not say why."


def _hits(body: bytes, api: Api) -> list[Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise unavailable(f"{api.label} answered with something that is not JSON.") from exc
    hits = answer.get("hits") if isinstance(answer, dict) else None
    if not isinstance(hits, list):
        raise unavailable(f"{api.label} answered without a list of hits.")
    return hits


def _candidate(hit: object, site: str, api: Api) -> Candidate:
    if not isinstance(hit, dict):
        raise _Nonsense
    id_, url = _identifier(hit, "id"), _link(hit, "webformatURL")
    if not id_ or not url:
        raise _Nonsense
    user, user_id = _text(hit, "user"), _identifier(hit, "user_id")
    return Candidate(
        id=f"{api.name}:{id_}",
        url=url,
        page_url=_link(hit, "pageURL"),
        width=_pixels(hit, "webformatWidth"),
        height=_pixels(hit, "webformatHeight"),
        author=user,
        author_url=f"{site}/users/{quote(user, safe='')}-{user_id}/" if user and user_id else "",
        tags=_tags(hit),
        source=api.name,
    )


def _tags(hit: Mapping[str, object]) -> tuple[str, ...]:
    tags = (tag.strip() for tag in _text(hit, "tags").split(","))
    return tuple(tag for tag in tags if tag)


def _text(hit: Mapping[str, object], name: str) -> str:
    value = hit.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Nonsense
    return value.encode("utf-8", "replace").decode()  # JSON may hold half a surrogate pair


def _link(hit: Mapping[str, object], name: str) -> str:
    link = _text(hit, name)
    return link if link.startswith(("https://", "http://")) else ""


def _identifier(hit: Mapping[str, object], name: str) -> str:
    value = hit.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _Nonsense
    if not _ID.fullmatch(str(value)):
        raise _Nonsense
    return str(value)


def _pixels(hit: Mapping[str, object], name: str) -> int:
    value = hit.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_PIXELS:
        raise _Nonsense
    return value
