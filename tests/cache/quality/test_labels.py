"""Labels as they travel."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.errors import RecordInvalid
from cache.journal.records import Record
from cache.quality.labels import LABEL_LIFETIME_S, Label, Labels, Stratum
from cache.seal import seal
from tests.cache.spoiling import every_flip

STRATUM = Stratum("pixabay", "c1ip", "mini1m", "semantic", "same")
LABELS = st.builds(
    Label,
    similarity=st.floats(-1, 1),
    kept=st.none() | st.floats(0, 1),
    probability=st.floats(0.001, 1),
    place=st.integers(0, 15),
    served=st.booleans(),
    lost=st.booleans(),
)


@given(st.lists(LABELS, min_size=1, max_size=20), st.floats(0, 2e9))
def test_labels_read_back_as_they_were_written(labels, now):
    """To the last bit, and they expire when they no longer speak of the traffic."""
    record = Labels(STRATUM, tuple(labels), now).record()

    assert Labels.of(record) == Labels(STRATUM, tuple(labels), now)
    assert record.expires_at == now + LABEL_LIFETIME_S


def test_no_flipped_bit_is_misread():
    """What is spoilt is refused."""
    record = Labels(STRATUM, (Label(0.93, 0.8, 0.25),), 1.0).record()

    for body in every_flip(record.body):
        with pytest.raises(RecordInvalid):
            Labels.of(Record(record.kind, body, record.expires_at))


ROW = [0.9, 1.0, 1.0, 0, False, False]
NAMES = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    "fields",
    [
        [NAMES, [ROW]],
        [NAMES[:4], [ROW], 1.0],
        [[1, *NAMES[1:]], [ROW], 1.0],
        [NAMES, "rows", 1.0],
        [NAMES, [ROW[:5]], 1.0],
        [NAMES, [[2.0, *ROW[1:]]], 1.0],
        [NAMES, [[float("nan"), *ROW[1:]]], 1.0],
        [NAMES, [["0.9", *ROW[1:]]], 1.0],
        [NAMES, [[0.9, 1.5, *ROW[2:]]], 1.0],
        [NAMES, [[0.9, 1.0, 0.0, *ROW[3:]]], 1.0],
        [NAMES, [[0.9, 1.0, 1.0, -1, False, False]], 1.0],
        [NAMES, [[0.9, 1.0, 1.0, 0, 1, False]], 1.0],
        [NAMES, [ROW], "now"],
        [None, [ROW], 1.0],
    ],
)
def test_other_fields_are_refused(fields):
    """A sealed record of this version may still be nonsense."""
    body = seal(1, msgpack.packb(fields))

    with pytest.raises(RecordInvalid):
        Labels.of(Record("labels", body, 1.0))


@pytest.mark.parametrize(
    "values", [(1.1, 0.5, 1.0), (0.9, -0.1, 1.0), (0.9, 0.5, 0.0), (float("nan"), 0.5, 1.0)]
)
def test_a_label_out_of_range_is_none(values):
    """Not even in memory."""
    with pytest.raises(ValueError, match="out of range"):
        Label(*values)
