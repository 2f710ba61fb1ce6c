"""Landscapes: what weather, time and flowers look like, at every size."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from service.demo.scenes.attributes import (
    FLOWER_COLOURS,
    WEATHERS,
    Colour,
    Landscape,
    Style,
    TimeOfDay,
    Weather,
)
from service.demo.scenes.backdrop import STAGES, paint_backdrop, paint_weather
from service.demo.scenes.light import light_of
from service.demo.scenes.scene import Scene

SMALL = (240, 160)
COMBINATIONS = [
    (landscape, weather, time)
    for landscape, weathers in WEATHERS.items()
    for weather in weathers or (None,)
    for time in (tuple(TimeOfDay) if weathers else (None,))
    if (time, weather) != (TimeOfDay.NIGHT, Weather.GLOOMY)
    and (time is not TimeOfDay.SUNSET or weather is Weather.CLEAR)
    and (time is not TimeOfDay.DAWN or weather in {Weather.CLEAR, Weather.FOGGY})
]


def scene(
    landscape: Landscape,
    weather: Weather | None = Weather.CLEAR,
    time: TimeOfDay | None = TimeOfDay.DAY,
    *,
    number: int = 1,
    style: Style = Style.PLAIN,
    flowers: Colour | None = None,
) -> Scene:
    return replace(
        Scene.of(1),
        id=number,
        landscape=landscape,
        weather=weather,
        time=time,
        style=style,
        groups=(),
        flowers=flowers or (Colour.RED if landscape is Landscape.FLOWERS else None),
    )


def painted(shown: Scene, size: tuple[int, int] = SMALL) -> Image.Image:
    return paint_weather(paint_backdrop(shown, size), shown)


def mean(image: Image.Image, top: float = 0.0, low: float = 1.0) -> np.ndarray:
    rows = np.asarray(image, float)[int(top * image.height) : int(low * image.height)]
    return rows.mean(axis=(0, 1))


@pytest.mark.parametrize(("landscape", "weather", "time"), COMBINATIONS)
def test_every_landscape_is_painted_in_every_light(landscape, weather, time):
    """Whatever the world allows is painted, and in full: no part of it is left blank."""
    shown = scene(landscape, weather, time)

    image = painted(shown, (120, 80))

    assert (image.mode, image.size) == ("RGB", (120, 80))
    assert np.asarray(image).max(axis=2).min() > 0


@pytest.mark.parametrize("size", [(640, 427), (160, 107), (427, 640), (33, 90)])
@pytest.mark.parametrize("landscape", list(Landscape))
def test_a_picture_has_the_size_asked_for(landscape, size):
    """Any size and format can be asked for."""
    shown = scene(landscape, *((None, None) if landscape is Landscape.UNDERWATER else ()))

    assert painted(shown, size).size == size


@pytest.mark.parametrize("landscape", list(Landscape))
def test_a_number_is_always_the_same_picture(landscape):
    """Nothing but the scene decides what is painted."""
    shown = scene(landscape, Weather.CLEAR, TimeOfDay.DAWN, number=77)

    assert painted(shown).tobytes() == painted(shown).tobytes()


@pytest.mark.parametrize("landscape", list(Landscape))
def test_other_numbers_are_other_pictures(landscape):
    """Two scenes that show the same are not the same picture."""
    one, other = (painted(scene(landscape, number=number)) for number in (5, 6))

    assert np.abs(np.asarray(one, float) - np.asarray(other, float)).mean() > 4


@pytest.mark.parametrize("size", [(1280, 854), (320, 213)])
@pytest.mark.parametrize("landscape", list(Landscape))
def test_a_picture_is_the_same_at_every_size(landscape, size):
    """A larger drawing shows more detail, and nothing else."""
    shown = scene(landscape, number=12)
    coarse = (60, 40)

    one = paint_backdrop(shown, (640, 427)).resize(coarse, Image.Resampling.BOX)
    other = paint_backdrop(shown, size).resize(coarse, Image.Resampling.BOX)

    assert np.abs(np.asarray(one, float) - np.asarray(other, float)).mean() < 5


@pytest.mark.parametrize("landscape", [Landscape.HILLS, Landscape.SEA, Landscape.CITY])
def test_night_is_dark_and_blue(landscape):
    """Night is far darker than day, and bluer than grey."""
    day = mean(painted(scene(landscape)))
    night = mean(painted(scene(landscape, time=TimeOfDay.NIGHT)))

    assert night.mean() < 0.5 * day.mean()
    assert night[2] > night[0]


def test_a_sunset_glows_red():
    """The sky at sunset is warm; by day it is blue."""
    sunset = mean(painted(scene(Landscape.HILLS, time=TimeOfDay.SUNSET)), 0.2, 0.5)
    day = mean(painted(scene(Landscape.HILLS)), 0.0, 0.4)

    assert sunset[0] > sunset[2] + 50
    assert day[2] > day[0] + 20


def test_dawn_is_pale():
    """At dawn the sky is light and rosy, not as strong as at sunset."""
    dawn = mean(painted(scene(Landscape.SEA, time=TimeOfDay.DAWN)), 0.2, 0.5)
    sunset = mean(painted(scene(Landscape.SEA, time=TimeOfDay.SUNSET)), 0.2, 0.5)

    assert dawn.mean() > sunset.mean() + 30
    assert dawn[0] > dawn[1]


@pytest.mark.parametrize("weather", [Weather.GLOOMY, Weather.STORMY])
def test_heavy_clouds_are_dark_and_grey(weather):
    """Bad weather takes light and colour from the sky."""
    clear = mean(painted(scene(Landscape.HILLS)), 0.0, 0.4)
    heavy = mean(painted(scene(Landscape.HILLS, weather)), 0.0, 0.4)

    assert heavy.mean() < 0.7 * clear.mean()
    assert np.ptp(heavy) < 45


@pytest.mark.parametrize("landscape", [Landscape.MOUNTAINS, Landscape.FOREST, Landscape.CITY])
def test_snow_lies_on_the_ground(landscape):
    """Where it snows the ground is white."""
    bare = mean(painted(scene(landscape)), 0.8, 1.0)
    snowy = mean(painted(scene(landscape, Weather.SNOWING)), 0.8, 1.0)

    assert snowy.min() > 170
    assert snowy.mean() > bare.mean() + 40


def test_fog_hides_what_is_far():
    """In fog far hills stand out far less than in clear air."""
    contrasts = []
    for weather in (Weather.CLEAR, Weather.FOGGY):
        image = painted(scene(Landscape.MOUNTAINS, weather))
        band = np.asarray(image.convert("L"), float)[int(0.3 * image.height) : image.height // 2]
        contrasts.append(band.std())

    assert contrasts[1] < 0.5 * contrasts[0]


@pytest.mark.parametrize("weather", [Weather.STORMY, Weather.SNOWING, Weather.FOGGY])
def test_weather_is_in_front_of_everything(weather):
    """Rain, snow and fog change what was painted before."""
    shown = scene(Landscape.HILLS, weather)
    behind = Image.new("RGB", SMALL, (20, 20, 20))

    front = paint_weather(behind.copy(), shown)

    assert front.tobytes() != behind.tobytes()


@pytest.mark.parametrize("weather", [Weather.CLEAR, Weather.GLOOMY, None])
def test_dry_and_clear_weather_is_nowhere_in_front(weather):
    """Without rain, snow or fog the picture stays as it is."""
    behind = Image.new("RGB", SMALL, (20, 20, 20))

    assert paint_weather(behind.copy(), scene(Landscape.SEA, weather)).tobytes() == (
        behind.tobytes()
    )


@pytest.mark.parametrize("flowers", FLOWER_COLOURS)
def test_the_field_has_the_flowers_colour(flowers):
    """Of all colours that flowers have, the field is nearest to the one they should have."""
    fields = {
        colour: mean(painted(scene(Landscape.FLOWERS, flowers=colour)), 0.6)
        for colour in FLOWER_COLOURS
    }
    other = mean(painted(scene(Landscape.FLOWERS, flowers=flowers, number=31)), 0.6)

    assert min(fields, key=lambda colour: np.abs(fields[colour] - other).sum()) is flowers


@pytest.mark.parametrize(("landscape", "weather", "time"), COMBINATIONS)
def test_primary_colours_stay_apart_in_every_light(landscape, weather, time):
    """Red, blue and yellow are told apart whatever the light."""
    light = light_of(scene(landscape, weather, time))
    red, blue, yellow = (light.lit(it) for it in ((220, 40, 40), (50, 90, 220), (250, 210, 40)))

    assert red[0] > red[2]
    assert blue[2] > blue[0]
    assert min(yellow[0], yellow[1]) > yellow[2]


def test_far_things_fade_into_the_haze():
    """At the horizon things are nearer to the haze than close by."""
    light = light_of(scene(Landscape.HILLS))
    near, far = (np.array(light.lit((200, 30, 30), distance)) for distance in (0.0, 1.0))

    assert np.abs(far - light.haze).sum() < 0.5 * np.abs(near - light.haze).sum()


def test_silhouettes_have_no_colour_of_their_own():
    """In a silhouette's light everything is nearly black."""
    light = light_of(scene(Landscape.HILLS, style=Style.SILHOUETTE))

    assert light.lit((250, 20, 20)) == light.lit((20, 20, 250))
    assert max(light.lit((255, 255, 255))) < 40


def test_there_is_a_stage_for_every_landscape():
    """Figures find a place in every landscape, far places above near ones."""
    assert set(STAGES) == set(Landscape)
    for stage in STAGES.values():
        for far, near in filter(None, (stage.ground, stage.water, stage.sky)):
            assert 0 < far < near < 1
