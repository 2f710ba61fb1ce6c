"""`nearhit warm` and `nearhit delete`."""

import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.command import fails, nearhit
from tests.servers import NEARHIT, serve, serve_nearhit

TOKEN = "a-token-of-enough-letters"
CSV = "tag,query\nhorse,a horse\nhorse,two horses\ndog,a dog\nHORSE,A horse\n,nothing\n"


@pytest.fixture(scope="module")
def url(
    drawn_photos: Path, tiny_models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A running service that has an admin."""
    folder = tmp_path_factory.mktemp("admin")
    with serve_nearhit(drawn_photos, tiny_models, folder, admin_token=SecretStr(TOKEN)) as url:
        yield url


@pytest.fixture
def empty(url: str) -> str:
    """The same service, remembering nothing."""
    httpx.delete(f"{url}/cache/entries?all=true", headers={"Authorization": f"Bearer {TOKEN}"})
    return url


def admin(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command with the token."""
    return nearhit(*arguments, stdin=stdin, NEARHIT_ADMIN_TOKEN=TOKEN)


def figures(ran: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return the rows of the table at the end."""
    cells = [line.split("│")[1:3] for line in ran.stdout.splitlines() if line.startswith("│")]
    return {name.strip(): int(number) for name, number in cells}


def tier(url: str, tag: str, query: str) -> str:
    """Return what a search is answered from."""
    parameters = {"t": tag, "s_query": query, "min_similarity": 1}
    answer = httpx.get(f"{url}/search", params=parameters)
    return str(answer.json()["cache"]["tier"])


def test_the_searches_of_a_file_are_remembered(empty: str, tmp_path: Path):
    """Each search once; lines that cannot be used are named; the table adds up."""
    file = tmp_path / "searches.csv"
    file.write_text(CSV)

    ran = admin("warm", str(file), "--url", empty, "--batch", "2")

    assert ran.returncode == 0, ran.stderr
    assert "Line 6 is passed over" in ran.stdout
    assert "3 of 3 rows: 3 stored" in ran.stdout
    assert figures(ran) == {
        "stored now": 3,
        "known already": 0,
        "tag without photos": 0,
        "failed": 0,
        "lines that cannot be used": 1,
        "lines that repeat another": 1,
    }
    assert tier(empty, "horse", "two horses") == "exact"


def test_a_second_run_finds_all_of_it_there(empty: str):
    """From standard input too."""
    first = admin("warm", "-", "--url", empty, stdin=CSV)

    again = admin("warm", "-", "--url", empty, stdin=CSV)

    assert (figures(first)["stored now"], figures(again)["known already"]) == (3, 3)


def test_a_tag_without_photos_is_named(empty: str):
    """It is no failure, and worth a look at the file."""
    ran = admin("warm", "-", "--url", empty, stdin='{"tag": "unicorn", "query": "a unicorn"}')

    assert ran.returncode == 0
    assert figures(ran)["tag without photos"] == 1
    assert "Tags without photos: unicorn" in ran.stdout


def test_a_file_of_bad_lines_alone_is_an_error(url: str):
    """Nothing could be used, so nothing has been done."""
    ran = admin("warm", "-", "--url", url, stdin="tag,query\n,\nhorse\n")

    assert "no search in this file" in fails(ran)


@pytest.mark.parametrize(
    "command", [["warm", "-"], ["delete", "--tag", "horse"], ["delete", "--all", "--yes"]]
)
@pytest.mark.parametrize(
    ("environment", "says"),
    [({}, "set NEARHIT_ADMIN_TOKEN"), ({"NEARHIT_ADMIN_TOKEN": "x" * 16}, "what came is not it")],
    ids=["no token", "wrong token"],
)
def test_without_the_token_nothing_is_done(
    url: str, command: list[str], environment: dict[str, str], says: str
):
    """One sentence says what is missing or wrong, and does not tell what was tried."""
    ran = nearhit(*command, "--url", url, stdin=CSV, **environment)

    assert says in fails(ran)
    assert "x" * 16 not in ran.stdout + ran.stderr


@pytest.mark.parametrize("command", [["warm", "-"], ["delete", "--tag", "horse"]])
def test_without_a_service_the_way_to_start_one_is_said(command: list[str]):
    """A refused connection becomes a sentence that helps."""
    assert "nearhit serve" in fails(admin(*command, "--url", "http://127.0.0.1:9", stdin=CSV))


def test_a_tag_is_deleted(empty: str):
    """The counts are those of the service."""
    tier(empty, "horse", "a horse")

    ran = admin("delete", "--tag", "Horse", "--url", empty)

    assert "Deleted 1 entry and 1 pool here" in ran.stdout
    assert tier(empty, "horse", "a horse") == "origin"


def test_a_query_of_a_tag_is_deleted(empty: str):
    """The tag's other entries and its pool stay."""
    for query in ("a horse", "a meadow"):
        tier(empty, "horse", query)

    ran = admin("delete", "--tag", "horse", "--query", "a horse", "--url", empty)

    assert "Deleted 1 entry and 0 pools here" in ran.stdout
    assert tier(empty, "horse", "a meadow") == "exact"


def test_all_is_not_deleted_unasked(empty: str):
    """Without a terminal there is nobody to ask, so --yes must be there."""
    tier(empty, "horse", "a horse")

    unasked = admin("delete", "--all", "--url", empty)
    before = tier(empty, "horse", "a horse")
    told = admin("delete", "--all", "--yes", "--url", empty)

    assert "add --yes" in fails(unasked)
    assert before == "exact"
    assert "Deleted 1 entry and 1 pool here" in told.stdout


def test_what_to_delete_must_be_said(url: str):
    """Neither nothing nor everything and something."""
    assert "Say what to delete" in fails(admin("delete", "--url", url))
    both = admin("delete", "--all", "--tag", "horse", "--yes", "--url", url)
    assert "Say what to delete" in fails(both)


Answer = Callable[[list[dict[str, str]]], Response | list[dict[str, Any]]]


@contextmanager
def scripted(*script: Answer) -> Iterator[tuple[str, list[list[str]]]]:
    """Serve the calls of a script, the last again and again; yield address and queries sent."""
    sent: list[list[str]] = []

    async def answer(request: Request) -> Response:
        searches = (await request.json())["searches"]
        sent.append([search["query"] for search in searches])
        answered = script[min(len(sent), len(script)) - 1](searches)
        if isinstance(answered, Response):
            return answered
        return JSONResponse({"searches": answered})

    with serve(Starlette(routes=[Route("/cache/warm", answer, methods=["POST"])])) as url:
        yield url, sent


def warmed(outcome: str, *, retry_after_s: float | None = None) -> dict[str, Any]:
    """Return what the service says of a search."""
    return {"outcome": outcome, "detail": "Odd [/b] \x1b[31m.", "retry_after_s": retry_after_s}


def all_are(outcome: str, *, retry_after_s: float | None = None) -> Answer:
    """Return an answer in which all searches fare alike."""
    return lambda searches: [warmed(outcome, retry_after_s=retry_after_s) for _ in searches]


def busy(_: list[dict[str, str]]) -> Response:
    """Answer that another warm-up is under way."""
    return JSONResponse({"detail": "Later."}, 503, {"Retry-After": "1"})


def test_a_busy_service_is_asked_again():
    """The same searches are sent once more after the wait it asks for."""
    with scripted(busy, all_are("stored")) as (url, sent):
        ran = admin("warm", "-", "--url", url, stdin=CSV)

    assert ran.returncode == 0, ran.stderr
    assert sent == [["a horse", "two horses", "a dog"]] * 2
    assert figures(ran)["stored now"] == 3


def test_waiting_searches_are_sent_again_before_others():
    """The order of the file is kept, and nothing is sent that has gone in."""

    def one_waits(searches: list[dict[str, str]]) -> list[dict[str, Any]]:
        return [warmed("stored"), *(warmed("waiting", retry_after_s=0.1) for _ in searches[1:])]

    with scripted(one_waits) as (url, sent):
        ran = admin("warm", "-", "--url", url, "--batch", "2", stdin=CSV)

    assert ran.returncode == 0, ran.stderr
    assert sent == [["a horse", "two horses"], ["two horses", "a dog"], ["a dog"]]


def test_a_failure_that_may_pass_is_tried_three_times():
    """After that the search has failed, and so has the command."""
    with scripted(all_are("failed", retry_after_s=0.1)) as (url, sent):
        ran = admin("warm", "-", "--url", url, stdin="tag,query\nhorse,a horse")

    assert "1 of 1 searches have failed" in fails(ran)
    assert len(sent) == 3
    assert "Failed: horse, “a horse”: Odd [/b]  [31m." in ran.stdout


def test_a_failure_that_stays_is_not_tried_again():
    """What waiting cannot help is told at once."""
    with scripted(all_are("failed")) as (url, sent):
        ran = admin("warm", "-", "--url", url, stdin=CSV)

    assert "3 of 3 searches have failed" in fails(ran)
    assert len(sent) == 1


def test_a_wait_beyond_the_bound_is_not_begun():
    """The command says what it would have waited for, and how far it got."""
    with scripted(all_are("stored"), all_are("waiting", retry_after_s=60)) as (url, _):
        ran = admin("warm", "-", "--url", url, "--batch", "1", "--timeout-s", "5", stdin=CSV)

    assert "--timeout-s (5)" in fails(ran)
    assert (figures(ran)["stored now"], figures(ran)["not done yet"]) == (1, 2)


def test_an_error_on_the_way_still_says_how_far_it_got():
    """A service that goes away does not take the table along."""
    gone = JSONResponse({"detail": "It has gone."}, 500)
    with scripted(all_are("stored"), lambda _: gone) as (url, _):
        ran = admin("warm", "-", "--url", url, "--batch", "1", stdin=CSV)

    assert "It has gone." in fails(ran)
    assert (figures(ran)["stored now"], figures(ran)["not done yet"]) == (1, 2)


@contextmanager
def in_terminal(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a command in a terminal of its own; yield it and what reads the screen."""
    screen, end = pty.openpty()
    ran = subprocess.Popen(
        [str(NEARHIT), *arguments],
        env={"PATH": "", "COLUMNS": "100", "TERM": "xterm", "NEARHIT_ADMIN_TOKEN": TOKEN},
        stdin=end,
        stdout=end,
        stderr=end,
    )
    os.close(end)
    try:
        yield ran, screen
    finally:
        ran.kill()
        ran.wait(10)
        os.close(screen)


def read_until(screen: int, text: str) -> str:
    """Return what is shown up to a text, or to the end."""
    shown = b""
    while text.encode() not in shown:
        try:
            part = os.read(screen, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    return shown.decode()


def test_a_terminal_gets_a_bar_with_a_countdown(tmp_path: Path):
    """How many are done, what became of them, and how long the wait is."""
    (tmp_path / "searches.csv").write_text(CSV)
    script = (all_are("stored"), all_are("waiting", retry_after_s=2), all_are("known"))
    with scripted(*script) as (url, _):
        arguments = ("warm", str(tmp_path / "searches.csv"), "--url", url, "--batch", "1")
        with in_terminal(*arguments) as (ran, screen):
            shown = read_until(screen, "never shown")
            status = ran.wait(10)

    assert status == 0
    assert "━" in shown
    assert "1 stored, waiting 2 s" in shown
    assert "3/3" in shown


def test_ctrl_c_ends_in_order(tmp_path: Path):
    """No traceback: how far it got, and that another run goes on from there."""
    (tmp_path / "searches.csv").write_text(CSV)
    with scripted(all_are("stored"), all_are("waiting", retry_after_s=60)) as (url, _):
        arguments = ("warm", str(tmp_path / "searches.csv"), "--url", url, "--batch", "1")
        with in_terminal(*arguments) as (ran, screen):
            read_until(screen, "waiting")
            ran.send_signal(signal.SIGINT)
            shown = read_until(screen, "never shown")
            status = ran.wait(10)

    assert status == 130
    assert "Traceback" not in shown
    assert "not done yet" in shown
    assert "Run it again" in shown
