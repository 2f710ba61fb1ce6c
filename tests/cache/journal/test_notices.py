"""Deletions and evictions as records."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.errors import RecordInvalid
from cache.journal.notices import Deletion, Eviction
from cache.journal.records import Record
from cache.pools.pool import POOL_LIFETIME_S
from cache.seal import seal_fields
from tests.cache.examples import NOW
from tests.cache.spoiling import ANYTHING, every_flip

TEXTS = st.none() | st.text()


@given(TEXTS, TEXTS)
def test_deletion_reads_back_as_written(tag, query):
    """Any tag and query survive, and that none was given."""
    deletion = Deletion(tag, query)

    assert Deletion.of(deletion.record(NOW)) == deletion


@given(st.lists(st.integers(1, 2**63 - 1)), st.lists(st.text()))
def test_eviction_reads_back_as_written(positions, pools):
    """Any positions and pools survive."""
    read = Eviction.of(Eviction(positions, pools).record(NOW))

    assert (list(read.positions), list(read.pools)) == (positions, pools)


@pytest.mark.parametrize("notice", [Deletion("tiger"), Eviction([1], ["pool"])])
def test_notices_outlive_all_that_they_may_concern(notice):
    """What was in flight when a notice was written has ended before the notice does."""
    assert notice.record(NOW).expires_at >= NOW + POOL_LIFETIME_S + 600


@pytest.mark.parametrize(
    ("deletion", "covered"),
    [
        (Deletion(), ["tiger a", "tiger b", "horse a"]),
        (Deletion(tag="tiger"), ["tiger a", "tiger b"]),
        (Deletion(query="a"), ["tiger a", "horse a"]),
        (Deletion("tiger", "a"), ["tiger a"]),
        (Deletion(tag=""), []),
    ],
)
def test_deletion_covers_what_it_names(deletion, covered):
    """Tag and query narrow a deletion; what is not given covers all."""
    entries = [("tiger", "a"), ("tiger", "b"), ("horse", "a")]

    assert [f"{tag} {query}" for tag, query in entries if deletion.covers(tag, query)] == covered


@pytest.mark.parametrize(
    ("deletion", "covers"),
    [
        (Deletion(), True),
        (Deletion(tag="tiger"), True),
        (Deletion(tag="horse"), False),
        (Deletion(query="a"), False),
        (Deletion("tiger", "a"), False),
    ],
)
def test_deletion_of_a_query_leaves_pools(deletion, covers):
    """A pool belongs to a tag; that one query was wrong is no fault of its photos."""
    assert deletion.covers_pool("tiger") == covers


@pytest.mark.parametrize("kind", [Deletion, Eviction])
def test_a_wrong_bit_is_refused(kind):
    """Whichever byte is wrong, no notice is misread."""
    record = kind().record(NOW)

    for wrong in every_flip(record.body):
        with pytest.raises(RecordInvalid):
            kind.of(Record(record.kind, wrong, record.expires_at))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Deletion, [1, None]),
        (Deletion, ["tiger", b"a"]),
        (Deletion, ["tiger"]),
        (Eviction, [[1], None]),
        (Eviction, [["1"], []]),
        (Eviction, [[1], [1]]),
        (Eviction, ["12", []]),
        (Eviction, [[], [], []]),
    ],
)
def test_other_fields_are_refused(kind, fields):
    """What is no notice of this version is none."""
    with pytest.raises(RecordInvalid):
        kind.of(Record("any", seal_fields(1, fields), NOW))


@given(st.lists(ANYTHING, min_size=2, max_size=2))
def test_reading_raises_nothing_else(fields):
    """Whatever somebody sealed is a notice or `RecordInvalid`."""
    for kind in (Deletion, Eviction):
        with suppress(RecordInvalid):
            kind.of(Record("any", seal_fields(1, fields), NOW))
