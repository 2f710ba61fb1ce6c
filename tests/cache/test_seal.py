"""Version and checksum around everything that is stored."""

from contextlib import suppress

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.errors import RecordInvalid
from cache.seal import seal, seal_fields, unseal, unseal_fields
from tests.cache.spoiling import every_flip

BODY = seal(3, b"some payload")
FIELDS = [["nested", 1], None, True, -(2**63), 2**64 - 1, 0.5, "text", b"bytes"]


@given(st.integers(0, 255), st.binary())
def test_a_payload_reads_back_as_sealed(version, payload):
    """Any bytes survive under any version."""
    assert unseal(version, seal(version, payload), "thing") == payload


@given(st.binary(), st.integers(0, 255), st.integers(0, 255))
def test_another_version_is_never_read(payload, written, asked):
    """What another version wrote is refused, however sound it is."""
    if written != asked:
        with pytest.raises(RecordInvalid, match=f"thing of version {written}"):
            unseal(asked, seal(written, payload), "thing")


def test_a_wrong_bit_is_refused_wherever_it_is():
    """Version, checksum or payload: no byte can be wrong unnoticed."""
    for wrong in every_flip(BODY):
        with pytest.raises(RecordInvalid):
            unseal(3, wrong, "thing")


def test_what_is_cut_short_is_refused():
    """No beginning is the whole."""
    for length in range(len(BODY)):
        with pytest.raises(RecordInvalid):
            unseal(3, BODY[:length], "thing")


def test_an_empty_payload_is_one():
    """Nothing can be sealed, and is not the same as nothing there."""
    assert unseal(1, seal(1, b""), "thing") == b""


def test_fields_read_back_as_sealed():
    """Every kind of field survives, and its order."""
    assert unseal_fields(1, seal_fields(1, FIELDS), "thing", len(FIELDS)) == FIELDS


@pytest.mark.parametrize("count", [len(FIELDS) - 1, len(FIELDS) + 1])
def test_another_number_of_fields_is_refused(count):
    """Fields are known by their place, so there must be as many as are meant."""
    with pytest.raises(RecordInvalid, match="other fields"):
        unseal_fields(1, seal_fields(1, FIELDS), "thing", count)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xc1", id="no msgpack"),
        pytest.param(msgpack.packb([1, 2]) + b"\0", id="one byte more"),
        pytest.param(msgpack.packb({1: 2}), id="a map"),
        pytest.param(msgpack.packb("ab"), id="a text of as many letters"),
        pytest.param(b"\x92\xa1\xff\x01", id="a text in no encoding"),
        pytest.param(b"\x81\x90\x01", id="a list as a key"),
        pytest.param(b"\x91" * 2000, id="deeper than anybody nests"),
        pytest.param(b"\xdd\xff\xff\xff\xff", id="four billion fields"),
    ],
)
def test_a_payload_that_is_no_list_of_fields_is_refused(payload):
    """Sealed or not, what cannot be read as fields is not."""
    with pytest.raises(RecordInvalid):
        unseal_fields(1, seal(1, payload), "thing", 2)


@given(st.binary(max_size=64), st.integers(0, 9))
def test_reading_raises_nothing_else(payload, count):
    """Whatever the bytes, reading them is a value or `RecordInvalid`."""
    with suppress(RecordInvalid):
        unseal_fields(1, seal(1, payload), "thing", count)
    with suppress(RecordInvalid):
        unseal_fields(1, payload, "thing", count)
