"""Searches in a file: JSONL or CSV."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.errors import BadRequest, ServiceError
from service.requests import SearchRequest

__all__ = ["BadLine", "Row", "Rows", "read_rows"]

_TAG = ("tag", "t")
_QUERY = ("query", "s_query")
_DELIMITERS = ",;\t"
_NOT_UTF8 = "\N{REPLACEMENT CHARACTER}"

_Fields = Mapping[str, object]


class Row(NamedTuple):
    """A normalised tag and query."""

    tag: str
    query: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """
    A line that cannot be used.

    Args:
        number: Counted from 1.
        reason: Why not, in a sentence.
    """

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rows:
    """
    What stands in a file.

    Args:
        searches: In the file's order, each once.
        bad: Lines that cannot be used.
        repeated: Lines whose search stands in an earlier one.
    """

    searches: Sequence[Row]
    bad: Sequence[BadLine]
    repeated: int


def read_rows(data: bytes) -> Rows:
    """
    Read searches, one a line: JSON objects, or CSV under a line that names the columns.

    Columns are `tag` and `query`, or `t` and `s_query`; others are passed over.

    Raises:
        ServiceError: If it is neither.
    """
    text = data.decode("utf-8-sig", "replace")
    lines = _json_lines(text) if text.lstrip().startswith("{") else _csv_lines(text)
    searches: dict[Row, None] = {}
    bad: list[BadLine] = []
    good = 0
    for number, fields in lines:
        try:
            searches[_row(fields)] = None
            good += 1
        except BadRequest as exc:
            bad.append(BadLine(number, str(exc)))
    return Rows(list(searches), bad, good - len(searches))


def _json_lines(text: str) -> Iterator[tuple[int, _Fields | None]]:
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if line.strip():
            yield number, _json_object(line)


def _json_object(line: str) -> _Fields | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _csv_lines(text: str) -> Iterator[tuple[int, _Fields | None]]:
    body = text.lstrip("\r\n")
    above = text[: len(text) - len(body)].count("\n")
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=_delimiter(body), strict=True)
    names = [name.strip().lower() for name in next(reader)]
    while True:
        number = above + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, None
            continue
        if any(cell.strip() for cell in cells):
            yield number, dict(zip(names, cells, strict=False))


def _delimiter(text: str) -> str:
    """Return what stands between the columns that the first line names."""
    header = text.partition("\n")[0].strip().lower()
    for delimiter in _DELIMITERS:
        names = {name.strip().strip('"') for name in header.split(delimiter)}
        if names & {*_TAG} and names & {*_QUERY}:
            return delimiter
    raise ServiceError(
        'This is neither JSONL, a line being {"tag": "horse", "query": "horses amidst flowers"}, '
        "nor CSV whose first line names the columns tag and query."
    )


def _row(fields: _Fields | None) -> Row:
    if fields is None:
        raise BadRequest("It cannot be read.")
    tag, query = _text(fields, _TAG), _text(fields, _QUERY)
    request = SearchRequest.checked(tag, query, 1)
    return Row(request.tag, request.query)


def _text(fields: _Fields, names: Sequence[str]) -> str:
    text = next((fields[name] for name in names if name in fields), None)
    if not isinstance(text, str):
        raise BadRequest(f"It has no {names[0]}.")
    if _NOT_UTF8 in text:
        raise BadRequest(f"Its {names[0]} is not UTF-8.")
    return text
