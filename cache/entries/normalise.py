"""One spelling for texts that differ only in form, so that equal questions are equal keys."""

import unicodedata

__all__ = ["normalise"]


def normalise(text: str) -> str:
    """
    Fold compatibility forms, case and spaces, and drop invisible format characters.

    Unicode NFKC first, then full case folding, then NFKC again, since folding
    can leave a form that is not composed (Unicode 16, section 3.13, D145).
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    visible = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return " ".join(visible.split())
