"""What a parent and its workers say to each other: lines of JSON, through standard streams."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr

from service.settings import Settings

__all__ = ["News", "Order", "Tidings"]


@dataclass(frozen=True, slots=True)
class Order:
    """
    What a worker is told when it starts, on its standard input.

    Settings travel with it, for a file `.env` may have changed since the parent
    read it; not as arguments, which everybody on the machine can read.

    Args:
        number: The worker's own, from 1.
        listeners: File descriptors of the sockets that listen.
        at_once: Whether to serve before the models are loaded, as nobody else does.
        board: Folder in which workers share their figures.
        demo_url: Address of the demo's photo source, where that is searched.
        grace_s: Seconds it may take to end, once the parent has gone.
        settings: The parent's.
    """

    number: int
    listeners: tuple[int, ...]
    at_once: bool
    board: Path
    demo_url: str | None
    grace_s: float
    settings: Settings

    def line(self) -> bytes:
        """Return the order as a line."""
        body = {
            "number": self.number,
            "listeners": self.listeners,
            "at_once": self.at_once,
            "board": str(self.board),
            "demo_url": self.demo_url,
            "grace_s": self.grace_s,
            "settings": _plain(self.settings),
        }
        return json.dumps(body).encode() + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Self:
        """Return the order a line holds."""
        body = json.loads(line)
        return cls(
            number=body["number"],
            listeners=tuple(body["listeners"]),
            at_once=body["at_once"],
            board=Path(body["board"]),
            demo_url=body["demo_url"],
            grace_s=body["grace_s"],
            settings=Settings(_env_file=None, **body["settings"]),
        )


class News(StrEnum):
    """What a worker has to tell."""

    LISTENING = "listening"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Tidings:
    """
    One thing a worker tells its parent, on its standard output.

    Args:
        news: What.
        sentence: Why, where it has failed.
    """

    news: News
    sentence: str = ""

    def line(self) -> bytes:
        """Return it as a line."""
        return json.dumps({"news": self.news, "sentence": self.sentence}).encode() + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Self | None:
        """Return what a line tells; None where a library has printed it."""
        try:
            body = json.loads(line)
            return cls(News(body["news"]), str(body["sentence"]))
        except (ValueError, KeyError, TypeError):
            return None


def _plain(settings: Settings) -> dict[str, Any]:
    """Return what was set, secrets readable; what was not set must not look as if it were."""
    values = settings.model_dump(mode="json", exclude_unset=True)
    secrets = {name: value for name, value in settings if isinstance(value, SecretStr)}
    return values | {name: value.get_secret_value() for name, value in secrets.items()}
