"""The words that hold a caption together."""

__all__ = ["ALSO", "BACKDROPS", "HOLDS", "LACKS", "LIGHTS", "MARKS", "OPENINGS"]

OPENINGS = """
    a photo of, a picture of, a photograph of, an image of, a view of, a scene with, photo of,
    picture of, image of, a shot of, a picture showing, an illustration of, a drawing of,
    a landscape with, looking at, here we see, a snapshot of, a picture that shows,
    find pictures of, show me, i am looking for, pictures with, a scene of, something with,
    a depiction of, a glimpse of, an impression of, a panorama with, search for"""
"""Before a caption."""

ALSO = (
    "and, with, next to, beside, near, by, plus, alongside, together with, close to, not far from"
)
"""Between two kinds of figures."""

BACKDROPS = "against, near, by, and, in front of, before, amid, beside, with, in a picture with"
"""Between figures and the place where they are."""

HOLDS = "with, and, featuring, showing, containing, including"
"""Between a place and what is in it."""

LIGHTS = "with"
"""Between what is there and its light, weather or style."""

LACKS = "without, with no, but no, without any, lacking, free of, but without, minus, devoid of"
"""Between what is there and what is not."""

MARKS = (", ", " ", " and ", ", ", " ", " with ", " + ", " / ", " & ", "; ")
"""Between the words of a list."""
