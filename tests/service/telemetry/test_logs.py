"""Logs as JSON."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.telemetry import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where logs go for one test; all is as before after it."""
    handlers, level = logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    logs.configure("INFO", stream)
    yield stream
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_our_events_and_the_libraries_lines_are_json(stream: io.StringIO):
    """Whoever logs, a line is one object with time, level and logger."""
    structlog.get_logger("ours").info("pool_fetched", photos=3)
    logging.getLogger("theirs").warning("something %s", "odd")

    ours, theirs = map(json.loads, stream.getvalue().splitlines())

    assert (ours["event"], ours["photos"], ours["level"]) == ("pool_fetched", 3, "info")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "something odd",
        "theirs",
        "warning",
    )
    assert ours["timestamp"].endswith("Z")


def test_a_bound_request_id_is_on_every_line(stream: io.StringIO):
    """What is bound to the context goes with every line, libraries' too."""
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger("ours").info("one")
        logging.getLogger("theirs").warning("two")

    assert [json.loads(line)["request_id"] for line in stream.getvalue().splitlines()] == ["r1"] * 2


def test_lines_of_a_worker_have_its_number(stream: io.StringIO):
    """Of several processes that log into one stream, a line says which."""
    logs.configure("INFO", stream, worker=3)
    structlog.get_logger("ours").info("one")
    logging.getLogger("theirs").warning("two")

    assert [json.loads(line)["worker"] for line in stream.getvalue().splitlines()] == [3, 3]


def test_an_exception_is_one_line(stream: io.StringIO):
    """A traceback is a field, so that one event stays one line."""
    structlog.get_logger("ours").error("failed", exc_info=ValueError("no"))

    (line,) = stream.getvalue().splitlines()
    assert "ValueError: no" in json.loads(line)["exception"]


def test_clients_that_log_whole_urls_are_silent_at_info(stream: io.StringIO):
    """Httpx logs every URL at INFO, and ours hold a key."""
    logging.getLogger("httpx").info("GET https://pixabay.com/api/?key=secret")

    assert stream.getvalue() == ""


def test_what_is_below_the_level_is_not_put_together(stream: io.StringIO):
    """A line nobody will see costs next to nothing."""

    class Costly:
        def __repr__(self) -> str:
            raise AssertionError("it was put together")

    structlog.get_logger("ours").debug("tried", what=Costly())

    assert stream.getvalue() == ""


def test_values_without_a_json_form_are_shown_as_python_shows_them(stream: io.StringIO):
    """No value of ours ends what was to be logged."""
    structlog.get_logger("ours").info("kept", where={1, 2}, name="naïve")

    line = json.loads(stream.getvalue())
    assert (line["where"], line["name"]) == ("{1, 2}", "naïve")


def test_a_stream_that_takes_nothing_ends_no_request(stream: io.StringIO):
    """Where logs cannot be written, the service goes on without."""
    stream.close()

    structlog.get_logger("ours").info("lost")
