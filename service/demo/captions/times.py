"""Words for the time of day and its light."""

from collections.abc import Mapping

from service.demo.scenes.attributes import TimeOfDay

__all__ = ["HOURS", "TIME_ADJECTIVES", "TIME_THINGS", "TIME_WHERE"]

HOURS: Mapping[TimeOfDay, str] = {
    TimeOfDay.DAWN: "morning, dawn, sunrise",
    TimeOfDay.DAY: "day, afternoon, midday",
    TimeOfDay.SUNSET: "evening, sunset, dusk",
    TimeOfDay.NIGHT: "night, midnight hour",
}
"""Nouns that a weather may stand before."""

TIME_THINGS: Mapping[str, str] = {
    "dawn": """
        dawn, sunrise, daybreak, the early morning, the rising sun, first light, morning,
        morning light, the break of day, the crack of dawn, the first rays of the sun, sunup,
        a new day, a new morning, the beginning of the day, the morning sun, early light,
        a morning sky, the first light of the day, cockcrow, the start of a new day, an early hour,
        aurora, morning glow, the awakening day, a pale morning, breakfast time, a fresh morning,
        the sun coming up, an early riser's reward""",
    "dawn|sunset": """
        a low sun, golden hour, warm light, the sun on the horizon, the sun near the horizon,
        soft light, a glowing sky, long shadows, a glow on the horizon, mellow light""",
    "day": """
        day, daytime, daylight, a day out, midday, noon, full daylight, broad daylight,
        the middle of the day, the light of day, the afternoon, lunchtime, noonday, natural light,
        early afternoon, ordinary daylight, high noon, noontime, a daytime scene, a daylight scene,
        diurnal light, siesta time, teatime, daylight hours""",
    "sunset": """
        sunset, a sunset, the setting sun, evening, dusk, twilight, sundown, evening light,
        the evening sun, the last light of the day, the end of the day, an evening sky, afterglow,
        a romantic evening, the evening glow, the last rays of the sun, a sunset sky, gloaming,
        the sun going down, a beautiful sunset, a burning sky, a fiery sky, the close of day,
        a romantic mood, a glowing evening, the sinking sun, eventide, romance in the air,
        a sky on fire, the dying light, late light, a farewell to the day, blazing heavens""",
    "sunset & plain|watercolour": "an orange sky, a golden sky, red evening light, crimson skies",
    "sunset|night": "nightfall, late in the day, the late hours",
    "night": """
        night, the night, night-time, a night sky, midnight, darkness, nighttime, the dark,
        the dead of night, a dark night, the small hours, a night scene, the middle of the night,
        nocturnal light, bedtime, the witching hour, a nocturne, late night, a sleepless night,
        sleeping time, pitch darkness, the hours of darkness, a night owl's hour""",
    "night & clear|foggy": """
        moonlight, the moon, a moonlit night, lunar light, a crescent moon, a moonlit scene,
        the man in the moon, moonbeams, the moon in the sky""",
    "night|foggy": "a mysterious mood, a spooky mood",
    "sunset|stormy": "a dramatic sky, a dramatic mood",
    "night & clear": """
        stars, a starry sky, a sky full of stars, a starry night, starlight, twinkling stars,
        a clear night, constellations, the milky way, a silent night, the firmament, astronomy,
        a stargazer's sky, shining stars, outer space above, galaxies""",
}
"""Noun phrases."""

TIME_WHERE: Mapping[str, str] = {
    "dawn": """
        at dawn, at sunrise, at daybreak, in the early morning, in the morning,
        in the morning light, at first light, early in the day, at the break of day,
        in the first light of the day, before breakfast, as the sun rises, at the crack of dawn,
        against the rising sun, as the day begins, in early light, when the sun comes up""",
    "dawn|sunset": """
        in warm light, at golden hour, with the sun on the horizon, under a glowing sky,
        in soft light, with a low sun""",
    "day": """
        by day, in daylight, during the day, at noon, at midday, in broad daylight, in the daytime,
        in full daylight, in the afternoon, around lunchtime, in the light of day, at high noon,
        by daylight, in the early afternoon, at teatime""",
    "sunset": """
        at sunset, in the evening, at dusk, at sundown, in the evening light,
        against the setting sun, in the evening sun, at twilight, in the last light of the day,
        at eventide, at the end of the day, under an evening sky, as the sun goes down,
        with a sunset, in the afterglow, as the sun sets, under a fiery sky, in the gloaming,
        as evening falls""",
    "sunset & plain|watercolour": "under an orange sky, against a golden sky, in red evening light",
    "sunset|night": "at nightfall, late in the day",
    "night": """
        at night, by night, in the night, at midnight, in the dark, in darkness, at night-time,
        under a night sky, after dark, late at night, in the dead of night, during the night,
        against the night sky, in the small hours, while the world sleeps""",
    "night & clear|foggy": """
        in the moonlight, under the moon, by moonlight, bathed in moonlight, beneath the moon""",
    "night & clear": """
        under the stars, under a starry sky, with stars, by starlight, under a sky full of stars,
        beneath twinkling stars, on a clear night, against the stars""",
}
"""Phrases that follow what is there."""

TIME_ADJECTIVES: Mapping[str, str] = {
    "dawn": "early-morning, morning, dawn-lit, waking",
    "day": "daytime, daylit, midday, noonday, afternoon",
    "sunset": "evening, dusky, sunset, romantic, twilit, glowing",
    "night": "night-time, nocturnal, shadowy, sleeping, nightly, unlit",
    "night & clear|foggy": "moonlit, moon-bright",
    "night|gloomy|stormy": "dark",
    "sunset|stormy": "dramatic",
    "night & clear": "starlit, starry",
}
"""Words before a place."""
