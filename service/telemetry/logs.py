"""JSON logs, one line an event, each with the id of its request."""

import json
import logging
import sys
from collections.abc import Mapping
from typing import TextIO

import stamina.instrumentation
import structlog

__all__ = ["configure"]

_QUIET = (
    "faiss",
    "httpcore",
    "httpx",
    "huggingface_hub",
    "PIL",
    "sentence_transformers",
    "transformers",
    "uvicorn",
)
"""Libraries that log at INFO what is ours to say, or URLs that hold a key."""


_log = structlog.get_logger(__name__)


def configure(level: str, stream: TextIO | None = None, *, worker: int | None = None) -> None:
    """
    Send all logs, ours and the libraries', to one stream as JSON.

    Args:
        level: Least level shown, as `logging` names it.
        stream: Where lines go; standard error unless told otherwise.
        worker: Number that stands on every line, for one of several processes.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        *([] if worker is None else [_numbered(worker)]),
    ]
    render = structlog.processors.JSONRenderer(serializer=_as_json)
    handler = logging.StreamHandler(stream or sys.stderr)
    # Not through `logging`, whose record of who logged costs as much as all the rest.
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda name: _Lines(name, handler),
        cache_logger_on_first_use=False,
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        )
    )
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    stamina.instrumentation.set_on_retry_hooks([_tell_retry])


def _tell_retry(details: stamina.instrumentation.RetryDetails) -> None:
    """Say that a call is repeated; stamina's own line names our functions."""
    reason = type(details.caused_by).__name__
    _log.info("call_repeated", reason=reason, wait_s=round(details.wait_for, 2))


class _Lines:
    """
    Writes lines where a handler of `logging` writes its own, in turn with it.

    Args:
        name: Of the logger, for the line.
        handler: Owns the stream and its lock.
    """

    def __init__(self, name: str, handler: "logging.StreamHandler[TextIO]") -> None:
        self.name = name
        self._handler = handler

    def _write(self, line: str) -> None:
        self._handler.acquire()
        try:
            self._handler.stream.write(f"{line}\n")
            self._handler.flush()
        except (OSError, ValueError):
            pass  # the stream is full or closed, which must not end what was to be logged
        finally:
            self._handler.release()

    debug = info = warning = error = critical = _write


_ENCODER = json.JSONEncoder(default=repr)


def _as_json(event: Mapping[str, object], **_: object) -> str:
    return _ENCODER.encode(event)


def _numbered(worker: int) -> structlog.typing.Processor:
    def add(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["worker"] = worker
        return event

    return add
