"""Words for colours, of figures and of flowers."""

from collections.abc import Mapping

from service.demo.scenes.attributes import Colour

__all__ = ["COLOUR_WORDS", "FLOWER_NOUNS", "FLOWER_THINGS"]

COLOUR_WORDS: Mapping[Colour, str] = {
    Colour.BLACK: """
        black, jet-black, coal-black, ebony, inky, pitch-black, raven-black, sable, sooty, onyx,
        charcoal-coloured""",
    Colour.BLUE: """
        blue, azure, navy, sky-blue, cobalt, sapphire, cerulean, ultramarine, indigo, royal-blue,
        bluish, navy-blue, denim-coloured, cyan""",
    Colour.BROWN: """
        brown, chocolate-coloured, tan, hazel, coffee-coloured, caramel, auburn, tawny, brownish,
        nut-brown, earth-coloured, mahogany, cinnamon""",
    Colour.GREEN: """
        green, emerald, olive, lime-green, mint-coloured, jade, leaf-green, verdant, moss-coloured,
        bottle-green, greenish, viridian""",
    Colour.ORANGE: """
        orange, tangerine, amber, apricot, pumpkin-coloured, orange-coloured, rust-coloured,
        carrot-coloured, mandarin-coloured, flame-coloured, copper-coloured""",
    Colour.PINK: """
        pink, rosy, rose-coloured, fuchsia, magenta, salmon-coloured, bubblegum-coloured, pinkish,
        hot-pink, candy-coloured, flamingo-coloured, blush""",
    Colour.PURPLE: """
        purple, violet, lilac, mauve, lavender-coloured, plum-coloured, amethyst,
        aubergine-coloured, grape-coloured, purplish, mulberry, heather-coloured""",
    Colour.RED: """
        red, crimson, scarlet, ruby, cherry-red, vermilion, bright red, reddish, carmine,
        tomato-coloured, brick-red, strawberry-coloured, blood-coloured""",
    Colour.WHITE: """
        white, snow-white, ivory, pale, milky, pearly, chalk-white, cream-coloured, whitish,
        alabaster, light-coloured, bone-coloured, lily-white""",
    Colour.YELLOW: """
        yellow, golden, lemon-coloured, bright yellow, mustard-coloured, gold, buttery, saffron,
        straw-coloured, yellowish, canary-coloured, banana-coloured, honey-coloured""",
}
"""Words before a noun, the plain one first."""

FLOWER_NOUNS = """
    flowers, blossoms, blooms, wildflowers, petals, meadow flowers, spring flowers, flower field,
    tulips, flower meadow, blossoming plants"""
"""What a colour may stand before: all plurals, or fields of them."""

FLOWER_THINGS: Mapping[str, str] = {
    "red flowers": "poppies, red poppies, a poppy field, a field of poppies, geraniums",
    "yellow flowers": """
        sunflowers, daffodils, buttercups, a rapeseed field, dandelions, a sunflower field,
        canola""",
    "purple flowers": "lavender, a lavender field, violets, heather, crocuses, lupins, provence",
    "pink flowers": "pink roses, peonies, carnations, cosmos, pink tulips, foxgloves",
    "white flowers": "daisies, white lilies, a daisy meadow, camomile, snowdrops, lilies",
    "orange flowers": "marigolds, californian poppies, nasturtiums, calendula",
    "blue flowers": "cornflowers, bluebells, forget-me-nots, gentians, hyacinths, flax",
    "red flowers|pink flowers|white flowers": "roses, a rose garden",
}
"""Flowers that are known by their colour."""
