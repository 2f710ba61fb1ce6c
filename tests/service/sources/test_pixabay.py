"""The Pixabay source against a server that answers as told."""

import asyncio
import json
import logging
import socket
import time
import traceback

import pytest
import structlog
from pydantic import SecretStr
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from cache.pools.filters import Filters
from cache.pools.pool import Candidate
from cache.sharing.quota import LocalQuota, SharedQuota
from cache.stores.sqlite import SqliteStore
from service.errors import (
    BadRequest,
    QuotaExhausted,
    SetupError,
    SourceError,
    SourceRefused,
    SourceUnavailable,
    UnknownFilter,
)
from service.settings import Settings
from service.sources.pixabay import PixabaySource
from service.sources.pixabay_answers import Api
from service.sources.rules import PIXABAY_RULES
from tests.evaluation import EVALUATION
from tests.service.sources.doubles import hit, jpeg

pytestmark = pytest.mark.anyio

RECORDED = sorted(EVALUATION.glob("data/pixabay/*.json"))
KEY = "12345-very&secret key"
TAG = "zebra"
NONE = Filters()


def source_at(url, clock, timeout_s=5.0, quota=None):
    return PixabaySource.from_settings(
        Settings(
            _env_file=None,
            pixabay_api_key=SecretStr(KEY),
            pixabay_url=url,
            photo_hosts=["127.0.0.1"],
            api_timeout_s=timeout_s,
        ),
        LocalQuota(clock) if quota is None else quota,
    )


@pytest.fixture
async def source(base, canned, clock):
    """A source that asks the server of canned answers."""
    source = source_at(f"{base}/api/", clock)
    yield source
    await source.aclose()


def hits(*hits_):
    return lambda _: JSONResponse({"total": 1, "totalHits": 1, "hits": list(hits_)})


def asked(canned):
    return dict(canned.requests[-1].query_params)


async def test_another_api_of_this_kind_goes_by_its_own_name(base, canned, clock):
    """Ids, identity and sentences are its own, wherever it listens."""
    settings = Settings(_env_file=None, pixabay_api_key=SecretStr(KEY), pixabay_url=f"{base}/api/")
    api = Api("other", "The other", "other-7")
    source = PixabaySource.from_settings(settings, LocalQuota(clock), api)
    canned.answer = hits(hit(195893))

    (found,) = await source.search("horse", NONE, 3)
    canned.answer = lambda _: Response(b"nothing", media_type="application/json")
    with pytest.raises(SourceUnavailable, match="The other answered with something"):
        await source.search("horse", NONE, 3)
    await source.aclose()

    assert source.identity == "other-7"
    assert (found.id, found.source) == ("other:195893", "other")


async def test_a_hit_becomes_a_candidate(source, canned, base):
    """Every field of a candidate comes from its hit."""
    canned.answer = hits(hit(195893))

    found = await source.search("horse", NONE, 3)

    assert found == [
        Candidate(
            id="pixabay:195893",
            url="https://pixabay.com/get/g195893_640.jpg",
            page_url="https://pixabay.com/photos/horse-195893/",
            width=640,
            height=427,
            author="Ann Lee",
            author_url=f"{base}/users/Ann%20Lee-7/",
            tags=("horse", "white horse", "meadow"),
            source="pixabay",
        )
    ]


async def test_the_call_carries_key_tag_and_defaults(source, canned):
    """A call asks for photos, safely, and for as many as wanted."""
    await source.search("yellow flower", NONE, 50)

    assert asked(canned) == {
        "key": KEY,
        "q": "yellow flower",
        "image_type": "photo",
        "per_page": "50",
        "safesearch": "true",
    }


async def test_filters_become_parameters(source, canned):
    """Filters go out under their own names; they may replace the type of picture."""
    filters = {
        "category": "animals",
        "colors": "green,red",
        "editors_choice": True,
        "image_type": "all",
        "lang": "de",
        "min_height": 100,
        "min_width": 200,
        "order": "latest",
        "orientation": "vertical",
    }

    await source.search("Pferd", Filters.of(filters), 50)

    assert (
        asked(canned).items()
        >= {name: str(value).lower() for name, value in filters.items()}.items()
    )
    assert filters.keys() == PIXABAY_RULES.keys()


@pytest.mark.parametrize(
    ("asked_for", "means"),
    [
        ({"orientation": "all", "order": "popular", "min_width": 0, "image_type": "photo"}, {}),
        ({"editors_choice": False, "lang": "en", "min_height": "000"}, {}),
        ({"colors": "red,blue,red"}, {"colors": "blue,red"}),
        ({"min_width": "0640"}, {"min_width": "640"}),
    ],
)
async def test_filters_that_ask_for_the_same_are_the_same(source, asked_for, means):
    """Defaults, order in a list and leading zeros do not make another pool."""
    assert source.canonical(Filters.of(asked_for)) == Filters.of(means)


async def test_an_unknown_filter_is_named(source, canned):
    """A filter Pixabay does not have is an error that lists those it has."""
    with pytest.raises(UnknownFilter, match=r"`safesearch`.*orientation"):
        await source.search("horse", Filters.of({"safesearch": False}), 3)

    assert not canned.requests


@pytest.mark.parametrize(
    "filters",
    [
        {"orientation": "up"},
        {"min_width": "-3"},
        {"lang": "xx"},
        {"colors": "red,"},
        {"order": ""},
        {"category": "animals\n"},
    ],
)
async def test_a_value_no_filter_has_is_a_bad_request(source, canned, filters):
    """A value the API does not document is told of without a call."""
    with pytest.raises(BadRequest, match=next(iter(filters))):
        await source.search("horse", Filters.of(filters), 3)

    assert not canned.requests


@pytest.mark.parametrize(
    ("limit", "per_page", "returned"), [(1, "3", 1), (5, "5", 5), (500, "200", 200)]
)
async def test_the_limit_is_kept(source, canned, limit, per_page, returned):
    """The API is asked for 3 to 200 hits; never more than the limit come back."""
    canned.answer = lambda request: JSONResponse(
        {"hits": [hit(n) for n in range(int(request.query_params["per_page"]))]}
    )

    found = await source.search("horse", NONE, limit)

    assert asked(canned)["per_page"] == per_page
    assert len(found) == returned


async def test_optional_fields_may_be_missing(source, canned):
    """A hit of id and photo alone is a candidate with empty fields."""
    canned.answer = hits({"id": "7", "webformatURL": "https://pixabay.com/7.jpg", "new": [1]})

    (found,) = await source.search("horse", NONE, 3)

    assert (found.id, found.width, found.author, found.author_url, found.tags, found.page_url) == (
        "pixabay:7", 0, "", "", (), "",
    )  # fmt: skip


async def test_nonsense_hits_are_skipped_and_logged_once(source, canned):
    """Hits without id or photo, or with senseless types, cost only themselves."""
    nonsense = [
        hit(None), hit(True), hit(1.5), hit([]), hit("../7"), hit(""),
        hit(webformatURL=None), hit(webformatURL=3), hit(webformatURL="javascript:1"),
        hit(webformatWidth="wide"), hit(webformatHeight=-1), hit(tags=["horse"]), hit(user={}),
        "hit", None, 3,
    ]  # fmt: skip
    canned.answer = hits(*nonsense, hit(9))

    with structlog.testing.capture_logs() as logs:
        found = await source.search("horse", NONE, 30)

    assert [candidate.id for candidate in found] == ["pixabay:9"]
    assert [(log["log_level"], log["skipped"]) for log in logs] == [("warning", len(nonsense))]


async def test_of_hits_with_one_id_the_first_is_kept(source, canned):
    """A photo is one candidate, however often the answer names it."""
    canned.answer = hits(hit(1, user="first"), hit(2), hit(1, user="second"))

    found = await source.search("horse", NONE, 5)

    assert [(c.id, c.author) for c in found] == [("pixabay:1", "first"), ("pixabay:2", "Ann Lee")]


async def test_a_page_that_is_no_web_address_is_left_out(source, canned):
    """A link that could run code in a browser does not pass."""
    canned.answer = hits(hit(pageURL="javascript:alert(1)"))

    (found,) = await source.search("horse", NONE, 3)

    assert found.page_url == ""


async def test_half_a_surrogate_pair_can_still_be_encoded(source, canned):
    """Text that JSON allows and UTF-8 does not is made harmless."""
    canned.answer = lambda _: Response(json.dumps({"hits": [hit(user="\ud800")]}))

    (found,) = await source.search("horse", NONE, 3)

    assert found.author.encode() == b"?"


@pytest.mark.skipif(not RECORDED, reason="no evaluation data beside the checkout")
@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
async def test_recorded_answers_are_read_whole(source, canned, file):
    """Every hit of a recorded answer becomes a candidate with all its fields."""
    canned.answer = lambda _: Response(file.read_bytes())
    recorded = json.loads(file.read_bytes())["hits"]

    found = await source.search("building", NONE, 200)

    assert [candidate.id for candidate in found] == [f"pixabay:{one['id']}" for one in recorded]
    assert all(c.tags and c.author and c.page_url and c.width and c.height for c in found)


CHALLENGE = "<!DOCTYPE html><title>Just a moment...</title>"


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (
            PlainTextResponse("[ERROR 400] Invalid or missing API key (https://…).", 400),
            SourceRefused,
            "NEARHIT_PIXABAY_API_KEY",
        ),
        (
            PlainTextResponse('[ERROR 400] "page" is\x00\n out of valid range.', 400),
            SourceRefused,
            '"page" is   out of valid range.',
        ),
        (HTMLResponse("[ERROR 400] As HTML, but text.", 400), SourceRefused, "As HTML, but text"),
        (PlainTextResponse(f"[ERROR 400] {KEY} " + "x" * 9999, 400), SourceRefused, "xxx"),
        (Response(b"", 400), SourceRefused, "does not say why"),
        (PlainTextResponse("no", 401), SourceRefused, "NEARHIT_PIXABAY_API_KEY"),
        (HTMLResponse(CHALLENGE, 403), SourceUnavailable, "403"),
        (PlainTextResponse("no", 403), SourceUnavailable, "403"),
        (HTMLResponse(CHALLENGE, 429), SourceUnavailable, "429"),
        (HTMLResponse(CHALLENGE, 200), SourceUnavailable, "JSON"),
        (RedirectResponse("https://example.com/"), SourceUnavailable, "NEARHIT_PIXABAY_URL"),
        (PlainTextResponse("oh", 500), SourceUnavailable, "500"),
        (HTMLResponse(CHALLENGE, 503), SourceUnavailable, "503"),
        (Response(b'{"hits": ['), SourceUnavailable, "JSON"),
        (Response(b"[" * 200_000), SourceUnavailable, "JSON"),
        (Response(b"\xff\xfe\xfd"), SourceUnavailable, "JSON"),
        (JSONResponse([]), SourceUnavailable, "hits"),
        (JSONResponse({"total": 0}), SourceUnavailable, "hits"),
        (JSONResponse({"hits": {}}), SourceUnavailable, "hits"),
        (Response(bytes(3_000_000)), SourceUnavailable, "more than"),
    ],
)
async def test_answers_that_are_errors(source, canned, answer, error, sentence):
    """Each kind of refusal is its own error, with a sentence of reasonable length."""
    canned.answer = lambda _: answer

    with pytest.raises(error) as caught:
        await source.search("horse", NONE, 3)

    assert type(caught.value) is error
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


async def test_a_challenge_asks_to_wait_a_minute(source, canned):
    """A challenge for browsers goes away in about a minute."""
    canned.answer = lambda _: HTMLResponse(CHALLENGE, 429)

    with pytest.raises(SourceUnavailable) as caught:
        await source.search("horse", NONE, 3)

    assert caught.value.retry_after_s == 60


async def test_the_rate_limit_says_how_long_to_wait(source, canned, clock):
    """A refusal for the rate holds for the time it names, and no call is made meanwhile."""
    canned.answer = lambda _: PlainTextResponse(
        "API rate limit exceeded", 429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "17"}
    )

    with pytest.raises(QuotaExhausted) as caught:
        await source.search("horse", NONE, 3)
    clock.advance(seconds=7)
    with pytest.raises(QuotaExhausted) as again:
        await source.search("horse", NONE, 3)

    assert (caught.value.retry_after_s, again.value.retry_after_s) == (17, 10)
    assert len(canned.requests) == 1


async def test_a_rate_limit_without_headers_waits_a_minute(source, canned):
    """Where nothing says how long, a minute is the API's window."""
    canned.answer = lambda _: PlainTextResponse("API rate limit exceeded", 429)

    with pytest.raises(QuotaExhausted) as caught:
        await source.search("horse", NONE, 3)

    assert caught.value.retry_after_s == 60


async def test_the_last_granted_call_is_the_last_until_the_reset(source, canned, clock):
    """With nothing remaining no call is made; after the reset calls are made again."""
    canned.answer = lambda _: JSONResponse(
        {"hits": []}, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}
    )

    await source.search("horse", NONE, 3)
    with pytest.raises(QuotaExhausted):
        await source.search("horse", NONE, 3)
    clock.advance(seconds=30)
    await source.search("horse", NONE, 3)

    assert len(canned.requests) == 2


async def test_calls_under_way_count(source, canned):
    """Of calls made at the same time only as many go out as remain."""
    canned.answer = lambda _: JSONResponse(
        {"hits": []}, headers={"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "30"}
    )
    await source.search("horse", NONE, 3)

    results = await asyncio.gather(
        *(source.search("horse", NONE, 3) for _ in range(4)), return_exceptions=True
    )

    assert [type(result) for result in results].count(QuotaExhausted) == 3


async def test_a_keys_own_limit_is_learnt(source, canned, clock):
    """A key may be granted more or fewer calls than the documented hundred."""
    headers = {"X-RateLimit-Limit": "3", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}
    canned.answer = lambda _: JSONResponse({"hits": []}, headers=headers)
    await source.search("horse", NONE, 3)
    clock.advance(seconds=30)
    canned.answer = lambda _: JSONResponse({"hits": []})

    for _ in range(3):
        await source.search("horse", NONE, 3)
    with pytest.raises(QuotaExhausted):
        await source.search("horse", NONE, 3)


async def test_replicas_share_what_the_api_grants(base, canned, clock, tmp_path):
    """What one replica is told holds for the others, down to the last call."""
    canned.answer = lambda _: JSONResponse(
        {"hits": []}, headers={"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "30"}
    )
    store = SqliteStore(tmp_path / "nearhit.db", clock, timeout_s=2.0)
    await store.open()
    one, other = (
        source_at(f"{base}/api/", clock, quota=SharedQuota(store, "key", clock)) for _ in range(2)
    )

    await one.search("horse", NONE, 3)
    await other.search("horse", NONE, 3)
    with pytest.raises(QuotaExhausted):
        await one.search("horse", NONE, 3)

    assert len(canned.requests) == 2
    for open_one in (one, other, store):
        await open_one.aclose()


@pytest.mark.parametrize("value", ["", "-1", "soon", "1.5", "9" * 30, "٣"])
async def test_senseless_quota_headers_are_passed_over(source, canned, clock, value):
    """Headers that make no sense never hold calls back for long."""
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": value}
    encoded = [(k.lower().encode(), v.encode()) for k, v in headers.items()]

    def answer(_):
        response = JSONResponse({"hits": []})
        response.raw_headers.extend(encoded)
        return response

    canned.answer = answer
    await source.search("horse", NONE, 3)
    clock.advance(hours=1)

    await source.search("horse", NONE, 3)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_an_error_of_the_server_is_tried_once_more(source, canned, status):
    """One bad moment of the API goes unnoticed."""
    answers = iter([Response(status_code=status), JSONResponse({"hits": [hit(1)]})])
    canned.answer = lambda _: next(answers)

    assert len(await source.search("horse", NONE, 3)) == 1


async def test_no_third_attempt_is_made(source, canned):
    """Two bad moments are an error."""
    canned.answer = lambda _: Response(status_code=503)

    with pytest.raises(SourceUnavailable):
        await source.search("horse", NONE, 3)

    assert len(canned.requests) == 2


async def test_a_refusal_is_not_tried_again(source, canned):
    """What the API refuses it would refuse again."""
    canned.answer = lambda _: PlainTextResponse("[ERROR 400] no", 400)

    with pytest.raises(SourceRefused):
        await source.search("horse", NONE, 3)

    assert len(canned.requests) == 1


async def test_a_slow_answer_ends(base, canned, clock):
    """An answer that drips for ever is given up when the time is over."""

    async def drip():
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    canned.answer = lambda _: StreamingResponse(drip())
    source = source_at(f"{base}/api/", clock, timeout_s=0.3)
    began = time.monotonic()

    with pytest.raises(SourceUnavailable, match=r"within 0\.3 s"):
        await source.search("horse", NONE, 3)

    assert time.monotonic() - began < 2
    await source.aclose()


async def unreachable(clock):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return source_at(f"http://127.0.0.1:{port}/api/", clock)


async def test_no_server_there_means_unavailable(clock):
    """A connection refused, twice, is a source that cannot be reached."""
    source = await unreachable(clock)

    with pytest.raises(SourceUnavailable, match="reached"):
        await source.search("horse", NONE, 3)

    await source.aclose()


def written(caplog):
    """Return what was logged, but for the server's own log of requests."""
    return "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("uvicorn"))


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"hits": [{}]}),
        PlainTextResponse(f"[ERROR 400] Invalid API key {KEY}", 400),
        PlainTextResponse(f"[ERROR 400] {KEY} is odd", 400),
        PlainTextResponse("API rate limit exceeded", 429),
        HTMLResponse(CHALLENGE, 403),
        PlainTextResponse("oh", 500),
        Response(b"{"),
        RedirectResponse("https://example.com/"),
    ],
)
async def test_key_and_tag_stay_out_of_errors_and_logs(source, canned, caplog, capsys, answer):
    """Whatever happens, neither key nor tag is in a traceback or in a log, at any level."""
    canned.answer = lambda _: answer
    caplog.set_level(logging.DEBUG)
    told = ""

    with structlog.testing.capture_logs() as logs:
        try:
            await source.search(TAG, NONE, 3)
        except SourceError as error:
            told = "".join(traceback.format_exception(error))
    told += written(caplog) + "".join(capsys.readouterr()) + repr(logs)

    assert "HTTP Request" in told
    assert not [secret for secret in ("12345", "secret", TAG) if secret in told]


async def test_a_failed_connection_does_not_tell_the_key(clock, caplog):
    """Errors below HTTP do not tell the key either."""
    caplog.set_level(logging.DEBUG)
    source = await unreachable(clock)

    with pytest.raises(SourceUnavailable) as caught:
        await source.search(TAG, NONE, 3)

    told = "".join(traceback.format_exception(caught.value)) + written(caplog)
    assert "secret" not in told
    assert TAG not in told
    await source.aclose()


async def test_photo_fetches_the_candidates_address(source, canned, base):
    """A candidate's photo is what its address serves."""
    canned.answer = hits(hit(webformatURL=f"{base}/get/a_640.jpg"))
    (found,) = await source.search("horse", NONE, 3)
    canned.answer = lambda _: Response(jpeg())

    assert await source.photo(found) == jpeg()
    assert canned.requests[-1].url.path == "/get/a_640.jpg"


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("https://pixabay.com/api/", "pixabay"),
        ("https://PIXABAY.com:443/api", "pixabay"),
        ("http://pixabay.com/api/", "pixabay@pixabay.com/api"),
        ("https://pixabay.com/api/v2/", "pixabay@pixabay.com/api/v2"),
        ("http://127.0.0.1:8090/api/", "pixabay@127.0.0.1:8090/api"),
        ("http://u:p@localhost:9/", "pixabay@localhost:9"),
    ],
)
async def test_a_look_alike_has_an_identity_of_its_own(clock, url, identity):
    """What a look-alike answers never mixes with what Pixabay does."""
    source = source_at(url, clock)

    assert source.identity == identity
    await source.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pixabay.com/api/",
        "ftp://pixabay.com/",
        "https://\0/",
        "https://xn--/",
        "http://x:99999/",
    ],
)
async def test_an_address_that_is_none_is_a_setup_error(clock, url):
    """A wrong address is told of at the start, by the name of its setting."""
    with pytest.raises(SetupError, match="NEARHIT_PIXABAY_URL"):
        source_at(url, clock)


@pytest.mark.parametrize("key", [None, SecretStr("")])
async def test_no_key_is_a_setup_error(clock, key):
    """Without a key the error says where to get one."""
    settings = Settings(_env_file=None, pixabay_api_key=key)

    with pytest.raises(SetupError, match=r"pixabay\.com/api/docs"):
        PixabaySource.from_settings(settings, LocalQuota(clock))
