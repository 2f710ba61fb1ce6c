"""Words for how many there are, and for where one of them is."""

from collections.abc import Mapping

from service.demo.scenes.attributes import Position

__all__ = ["COUNT_WORDS", "POSITION_WORDS", "SEVERAL_WORDS"]

COUNT_WORDS: Mapping[int, str] = {
    1: "one, a single, a lone, a solitary, just one, only one, an isolated, exactly one, 1",
    2: "two, a pair of, a couple of, 2, a duo of, exactly two, a twosome of, twin",
    3: "three, a trio of, 3, a group of three, exactly three, a threesome of, a triad of",
    4: "four, a quartet of, 4, a group of four, two pairs of, a foursome of, exactly four",
    5: "five, a quintet of, 5, a group of five, exactly five, a fivesome of",
    6: "six, half a dozen, 6, a sextet of, a group of six, three pairs of, exactly six",
}
"""Words before a noun, which is a plural except after one."""

SEVERAL_WORDS = """
    several, many, a few, a number of, lots of, a group of, numerous, a bunch of, multiple, various,
    plenty of, a lot of, a cluster of, a gathering of, three or more, quite a few, a crowd of,
    a whole group of, more than two, a collection of"""
"""Words before a plural, for three or more."""

POSITION_WORDS: Mapping[Position, str] = {
    Position.LEFT: """
        on the left, at the left, on the left side, to the left, on the left-hand side, at left,
        left of centre, in the left half""",
    Position.CENTRE: """
        in the middle, in the centre, at the centre, in the center, centred,
        in the middle of the picture, halfway across, centrally placed, right in the middle""",
    Position.RIGHT: """
        on the right, at the right, on the right side, to the right, on the right-hand side,
        at right, right of centre, in the right half""",
}
"""Phrases after a single figure."""
