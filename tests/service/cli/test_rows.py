"""Searches in a file."""

import pytest

from service.cli.rows import Row, read_rows
from service.errors import ServiceError

HORSE = Row("horse", "horses amidst flowers")
BOAT = Row("boat", "boats at sunset")
AS_JSON = '{"tag": "horse", "query": "horses amidst flowers"}'
BOAT_AS_JSON = '{"query": "Boats at sunset", "tag": "boat"}'


@pytest.mark.parametrize(
    "text",
    [
        f"{AS_JSON}\n{BOAT_AS_JSON}",
        f'{{"t": "Horse", "s_query": "Horses  amidst flowers", "k": 3}}\r\n\r\n{BOAT_AS_JSON}\r\n',
        "tag,query\nhorse,horses amidst flowers\nboat,boats at sunset\n",
        'Query;TAG;note\r\n"Horses amidst flowers";horse;x\r\nboats at sunset;boat\r\n',
        '\n"t"\t"s_query"\nhorse\thorses amidst flowers\n\n\t\nboat\tboats at sunset',
        "\ufefftag, query\nhorse, horses amidst flowers\nboat, boats at sunset",
    ],
    ids=["jsonl", "published names", "csv", "semicolons", "tabs", "byte-order mark"],
)
def test_searches_are_read_however_they_are_written(text: str):
    """JSONL and CSV, with either pair of names, in any order, normalised."""
    rows = read_rows(text.encode())

    assert (list(rows.searches), list(rows.bad), rows.repeated) == ([HORSE, BOAT], [], 0)


def test_a_search_is_taken_once():
    """Lines that mean the same search are counted and not sent."""
    rows = read_rows(b"tag,query\nhorse,a horse\nHORSE, A  horse\ndog,a dog\nhorse,a horse")

    assert [row.tag for row in rows.searches] == ["horse", "dog"]
    assert rows.repeated == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"tag": "horse"}', "It has no query."),
        (b'{"tag": 5, "query": "a"}', "It has no tag."),
        (b'{"tag": "horse", "query": null}', "It has no query."),
        (b'{"tag": "", "query": "a"}', "is empty"),
        (b'{"tag": "a\\u0007", "query": "a"}', "control characters"),
        (b'{"tag": "a", "query": "caf\xe9"}', "not UTF-8"),
        (b'{"tag": "horse", "query": ', "It cannot be read."),
        (b'["horse", "a horse"]', "It cannot be read."),
        (b"[" * 100_000, "It cannot be read."),
    ],
)
def test_a_bad_json_line_is_passed_over_with_its_number(line: bytes, reason: str):
    """The lines around it are read."""
    good = AS_JSON.encode()

    rows = read_rows(b"\n".join([good, b"", line, good.replace(b"horse", b"dog")]))

    assert len(rows.searches) == 2
    assert [bad.number for bad in rows.bad] == [3]
    assert reason in rows.bad[0].reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("horse", "It has no query."),
        (",a horse", "is empty"),
        ('"hor"se,a horse', "It cannot be read."),
        ("horse," + "q" * 2000, "2000 characters"),
        ("horse," + "q" * 200_000, "It cannot be read."),
    ],
)
def test_a_bad_csv_line_is_passed_over_with_its_number(line: str, reason: str):
    """The lines around it are read."""
    rows = read_rows(f"\ntag,query\nhorse,a horse\n\n{line}\ndog,a dog\n".encode())

    assert [row.tag for row in rows.searches] == ["horse", "dog"]
    assert [bad.number for bad in rows.bad] == [5]
    assert reason in rows.bad[0].reason


def test_a_quote_that_is_not_closed_spoils_its_own_line_first():
    """What comes after it cannot be told from it; what came before is read."""
    rows = read_rows(b'tag,query\nhorse,a horse\ndog,"a dog\ncat,a cat\n')

    assert [row.tag for row in rows.searches] == ["horse"]
    assert [bad.number for bad in rows.bad] == [3]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"horse,a horse\n", b"\x00\xff\x89PNG", b"[1, 2]"])
def test_a_file_of_another_kind_is_one_sentence(data: bytes):
    """The sentence says what a file must look like."""
    with pytest.raises(ServiceError, match="neither JSONL"):
        read_rows(data)
