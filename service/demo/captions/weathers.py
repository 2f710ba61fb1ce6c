"""Words for weather and mood."""

from collections.abc import Mapping

__all__ = ["WEATHER_ADJECTIVES", "WEATHER_THINGS", "WEATHER_WHERE"]

WEATHER_THINGS: Mapping[str, str] = {
    "clear": """
        a clear sky, clear skies, fine weather, good weather, clear weather, fair weather,
        beautiful weather, nice weather, clear air, pleasant weather, perfect weather,
        lovely weather, settled weather, crisp clear air, excellent visibility, calm weather,
        a tranquil mood, serenity, a peaceful mood, high pressure, dry weather, an open sky,
        ideal conditions for an outing""",
    "clear & day": """
        sunshine, a sunny day, bright sunshine, a sunny sky, the sun, a bright day, a beautiful day,
        sunlight, glorious sunshine, a happy mood, a cheerful atmosphere, blazing sun,
        summer weather, sun rays, a picnic day""",
    "clear & day & plain|watercolour": "a blue sky, blue skies, an azure sky, a bright blue sky",
    "gloomy|stormy": """
        a cloudy sky, clouds, dark skies, a dark sky, darkened skies, dark clouds, heavy clouds,
        a gloomy sky, gloom, a gloomy mood, an overcast sky, a grey sky, grey skies, grey clouds,
        a sombre mood, leaden skies, dull weather, bad weather, thick clouds, a menacing sky,
        threatening clouds, ominous clouds, a bleak atmosphere, a brooding sky, a sunless sky,
        low clouds, a blanket of cloud, gathering clouds, a depressing mood, an oppressive sky,
        a sullen sky, cloud cover, forbidding weather, foreboding, a dark mood""",
    "gloomy": "a dull grey day, grey monotony, a drab sky, a cheerless day, an overcast day",
    "gloomy|stormy|night": "little light, dim light",
    "gloomy|foggy": "melancholy, a sad mood, a wistful mood, muted light",
    "stormy": """
        a storm, rain, a rainstorm, stormy weather, heavy rain, a thunderstorm, pouring rain,
        a downpour, a tempest, thunder, raindrops, a rain shower, wet weather, wild weather,
        storm clouds, a stormy sky, a cloudburst, a gale, a squall, strong wind, torrential rain,
        rough weather, a deluge, drizzle, rainfall, showers, a hurricane, precipitation,
        turbulent skies, a brewing storm, monsoon, thunderclouds, a raging storm, umbrella weather,
        nasty weather, a typhoon""",
    "stormy & night": "a stormy night, a rainy night, a storm in the night, a night of thunder",
    "stormy|sunset": "a dramatic sky, drama in the sky, a spectacular sky",
    "stormy|snowing": "foul weather, harsh weather, weather to stay indoors",
    "foggy": """
        fog, mist, haze, thick fog, morning mist, dense fog, a veil of mist, a misty atmosphere,
        a hazy view, low visibility, drifting mist, a blanket of fog, a white veil, fog banks,
        swirling mist, vapour, a foggy mood, murk, wafts of mist, poor visibility,
        faint outlines in the haze, a pea-souper, smog, clouds on the ground, a mystical mood,
        a blurred background, hidden distance, moist air, a soft veil, a ghostly atmosphere,
        shrouds of fog, steam""",
    "foggy|night": """
        a mysterious mood, mystery, an eerie mood, a spooky atmosphere, a haunted feeling""",
    "snowing": """
        snow, snowfall, falling snow, winter, a winter scene, snowflakes, a blizzard, a snowstorm,
        fresh snow, deep snow, winter weather, ice and snow, cold weather, frost, a white winter,
        a winter wonderland, a snow cover, a blanket of snow, freezing weather, flurries,
        powder snow, wintertime, a flurry of flakes, white christmas, december, january,
        the cold season, an arctic chill, a snowdrift, icy cold, freezing cold, holiday season,
        a frozen landscape, wintry weather, glistening snow, sledging weather,
        sub-zero temperatures""",
    "snowing & night": "a winter night, a snowy night, snow at night, a freezing night",
    "snowing & day": "a winter day, a snowy day, a cold winter's day, a cold day",
    "gloomy|stormy & day": "a gloomy day, a cloudy day, a dreary day, a dismal day",
    "stormy & day": "a rainy day, a stormy day, a wet day",
    "foggy & dawn|day": """
        a foggy day, a misty morning, a foggy morning, a misty day, a hazy morning""",
}
"""Noun phrases."""

WEATHER_WHERE: Mapping[str, str] = {
    "clear": """
        under a clear sky, under clear skies, in fine weather, in good weather, in clear weather,
        beneath an open sky, in nice weather, in fair weather, in perfect weather""",
    "clear & day": """
        in the sunshine, in the sun, on a sunny day, under the sun, on a bright day,
        on a beautiful day, in bright sunlight, on a fine day, in summery light""",
    "clear & day & plain|watercolour": "under a blue sky, against a blue sky, beneath blue skies",
    "gloomy|stormy": """
        under a gloomy sky, under clouds, under dark skies, with dark skies, under a dark sky,
        against a dark sky, under a cloudy sky, under dark clouds, with clouds, under grey skies,
        beneath heavy clouds, under an overcast sky, in gloomy weather, in bad weather,
        below leaden clouds, under threatening skies, against a grey sky, in the gloom,
        under ominous skies, beneath a brooding sky, with a gloomy mood""",
    "gloomy": "on a grey day, on an overcast day, on a cheerless day",
    "stormy": """
        in the rain, in a storm, during a storm, in heavy rain, in a thunderstorm,
        in stormy weather, in pouring rain, in the wet, in a downpour, before a storm, in the wind,
        under stormy skies, under storm clouds, in rough weather, caught in a tempest,
        lashed by rain, battered by a gale, drenched by showers""",
    "stormy & night": "on a stormy night, on a rainy night",
    "foggy": """
        in the fog, in the mist, in fog, in mist, in thick fog, in the haze, shrouded in mist,
        covered in fog, veiled in mist, wrapped in fog, through the mist, fading into the haze,
        half hidden by fog, in misty weather, lost in the fog, emerging from the mist,
        surrounded by fog""",
    "snowing": """
        in the snow, in winter, in falling snow, under snow, in the cold, covered in snow,
        in a snowstorm, in a blizzard, during snowfall, in wintertime, in the frost,
        amid snowflakes, among the flakes, in freezing weather, in a winter landscape,
        blanketed in snow, in wintry weather, when it snows, in icy weather""",
    "snowing & night": "on a winter night, on a snowy night",
    "snowing & day": "on a winter day, on a snowy day, on a cold winter's day",
    "gloomy|stormy & day": "on a gloomy day, on a cloudy day, on a dull day, on a dreary day",
    "stormy & day": "on a rainy day, on a stormy day, on a wet day",
    "foggy & dawn|day": "on a foggy day, on a misty morning, on a foggy morning, on a hazy day",
}
"""Phrases that follow what is there."""

WEATHER_ADJECTIVES: Mapping[str, str] = {
    "clear": "serene, peaceful, tranquil, idyllic, pleasant, calm",
    "clear & day": "sunny, sunlit, bright, cheerful, sun-drenched, radiant, sunshiny, summery",
    "gloomy|stormy": """
        cloudy, gloomy, overcast, dreary, bleak, dismal, sombre, sullen, moody, brooding, ominous,
        menacing, threatening, sunless, clouded, inhospitable, depressing, sinister""",
    "gloomy": "dull, drab, cheerless, grey and gloomy",
    "gloomy|stormy|night": "dark, dim, murky",
    "stormy": """
        stormy, rainy, wet, rain-swept, windswept, windy, tempestuous, thundery, drenched,
        rain-soaked, blustery, turbulent, dripping, soggy, storm-lashed, showery""",
    "foggy": """
        foggy, misty, hazy, mist-covered, fog-bound, fog-shrouded, veiled, blurry, mystical,
        ghostly, dreamlike, vaporous, mist-wrapped, nebulous""",
    "snowing": """
        snowy, snow-covered, wintry, frozen, frosty, icy, snow-clad, snowbound, freezing, cold,
        chilly, frosted, ice-cold, snow-blanketed, polar, nordic, snow-laden""",
}
"""Words before a place."""
