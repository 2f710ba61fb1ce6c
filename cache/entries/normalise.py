"""One spelling for texts that differ only in form, so that equal questions are equal keys."""

import unicodedata

__all__ = ["normalise"]

_FLAG_LETTERS = {chr(code) for code in range(0xE0020, 0xE0080)}
"""Invisible themselves, they tell the flag of one region from another's."""


def normalise(text: str) -> str:
    """
    Fold compatibility forms, case and spaces, and drop invisible format characters.

    Invisible characters go first, since they keep what stands around them from
    composing. Then Unicode NFKC, full case folding, and NFKC again, since folding
    can leave a form that is not composed (Unicode 16, section 3.13, D145).
    """
    if text.isascii():
        # Nothing of it is invisible or composed, and folding it is lower case.
        return " ".join(text.lower().split())
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf" or c in _FLAG_LETTERS)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    return " ".join(folded.split())
