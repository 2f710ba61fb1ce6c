"""JSON logs, one line an event, each with the id of its request."""

import logging
import sys
from typing import TextIO

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
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        )
    )
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _numbered(worker: int) -> structlog.typing.Processor:
    def add(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["worker"] = worker
        return event

    return add
