"""Words for how a picture is drawn."""

from collections.abc import Mapping

__all__ = ["STYLE_OF", "STYLE_THINGS", "STYLE_WHERE"]

STYLE_OF: Mapping[str, str] = {
    "plain": """
        a plain drawing, a simple illustration, a flat illustration, a vector drawing,
        a clean drawing, a cartoon, digital art, a graphic, a modern illustration, clip art,
        a computer drawing""",
    "plain|watercolour": """
        a colour picture, a colourful picture, a colour photo, a colourful drawing, a vivid picture,
        a coloured illustration, a multicoloured picture""",
    "silhouette": """
        a silhouette, silhouettes, a silhouette picture, dark silhouettes, a black outline,
        dark outlines, a backlit photo, black shapes, a shadow picture, dark shapes, a cut-out,
        a paper cut, a backlight shot""",
    "monochrome": """
        a black-and-white picture, a black and white photo, a monochrome picture, a b&w photo,
        a greyscale image, a grayscale image, a monochrome photograph, a black and white image,
        a colourless picture, a bw shot, a noir picture, a charcoal drawing, a pencil drawing,
        an achromatic image""",
    "vintage": """
        a vintage picture, an old photo, an old photograph, a sepia photo, a retro picture,
        a faded photograph, an antique picture, a nostalgic picture, a yellowed postcard,
        an old postcard, an old-fashioned picture, a vintage photo, an aged print, a historic photo,
        an old picture, a photograph from grandfather's album""",
    "watercolour": """
        a watercolour, a watercolour painting, a watercolor, a painting, a painted picture,
        a brush painting, an aquarelle, a painterly picture, a watercolour sketch, a gouache,
        a soft painting, a handmade painting, an artist's rendering, a canvas,
        an impressionist picture""",
}
"""Noun phrases that `of` may follow."""

STYLE_WHERE: Mapping[str, str] = {
    "plain": """
        in flat colours, in a plain style, drawn digitally, in clean shapes, in a cartoon style""",
    "plain|watercolour": """
        in colour, in full colour, in bright colours, in vivid colours, in many colours""",
    "silhouette": """
        in silhouette, as silhouettes, against the light, as dark outlines, backlit,
        as black shapes, in shadow, in outline, as a shadow play""",
    "monochrome": """
        in black and white, black and white, in monochrome, in shades of grey, without colours, b&w,
        in greyscale, in grey tones, desaturated, in tones of gray""",
    "vintage": """
        in sepia, in vintage style, in retro style, from the old days, in faded colours, retro,
        from bygone times, in brownish tones, long ago, as in grandmother's album,
        in the old style""",
    "watercolour": """
        in watercolour, in watercolours, painted, painted in watercolour, as a painting, on canvas,
        in a painterly style, in soft washes, with brush strokes, in watercolor, on wet paper,
        with bleeding paint""",
}
"""Phrases that end a caption."""

STYLE_THINGS: Mapping[str, str] = {
    "plain": "flat design, vector art, simple shapes, comic style, poster art",
    "plain|watercolour": "vibrant colours, a riot of colour, rich colours, a full palette",
    "silhouette": """
        shadow shapes, shadow theatre, contours, high contrast, contre-jour, backlight,
        dark figures, a shadow play""",
    "monochrome": """
        monochrome, greyscale, black-and-white photography, noir, no colours, film noir,
        shades of gray, grey tones""",
    "vintage": """
        vintage, sepia, retro, nostalgia, the good old days, the nineteenth century, sepia tones,
        the past, yellowed paper, history, a memory of old times, an archive find, an heirloom,
        antiquity""",
    "watercolour": """
        watercolour, watercolour art, brushwork, paint on paper, artwork, a work of art, fine art,
        aquarelle, washes of paint, pigment, hand-painted art""",
}
"""Noun phrases of their own."""
