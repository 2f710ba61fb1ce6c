"""Ways in which stored bytes can be other than they were written."""

from collections.abc import Iterator

from hypothesis import strategies as st

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)
"""Whatever msgpack can say."""


def flipped(body: bytes, at: int, bit: int) -> bytes:
    """Return bytes with one bit of them the other way."""
    wrong = bytearray(body)
    wrong[at] ^= 1 << bit
    return bytes(wrong)


def every_flip(body: bytes) -> Iterator[bytes]:
    """Return bytes in every way in which one bit of them can be wrong."""
    return (flipped(body, at, bit) for at in range(len(body)) for bit in range(8))


def spoilt(body: bytes) -> dict[str, bytes]:
    """Return ways in which a disk, or a version of another day, leaves bytes, by name."""
    return {
        "cut short": body[:-1],
        "empty": b"",
        "flipped": flipped(body, len(body) // 2, 3),
        "another version": bytes([body[0] + 1]) + body[1:],
        "of something else": b"no record of ours",
    }
