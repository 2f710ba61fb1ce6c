"""The light of a scene: the sky's colours, and what it makes of a thing's own colour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from service.demo.scenes.attributes import Style, TimeOfDay, Weather
from service.demo.scenes.scene import Scene

__all__ = ["RGB", "Light", "light_of", "mix"]

RGB = tuple[int, int, int]

_GREY = (0.3, 0.59, 0.11)
_INK = (9, 10, 15)


@dataclass(frozen=True, slots=True)
class Light:
    """
    What colours look like in a scene.

    Args:
        sky: Colours of the sky from zenith to horizon.
        haze: What far things fade into.
        glow: Colour of the sun, the moon, or the brightest part of the clouds.
        key: Share of red, green and blue that things throw back.
        saturation: 1 leaves colours as they are, 0 makes them grey.
        veil: Share of haze in what is near.
        reach: Share of haze in what stands at the horizon.
        thick: How soon the haze grows on the way there.
        ink: Whether things are seen as silhouettes only.
    """

    sky: tuple[RGB, RGB, RGB]
    haze: RGB
    glow: RGB
    key: tuple[float, float, float]
    saturation: float
    veil: float
    reach: float
    thick: float = 1.0
    ink: bool = False

    def lit(self, colour: RGB, distance: float = 0.0) -> RGB:
        """Return how a thing's own colour looks; distance from 0, near, to 1, the horizon."""
        if self.ink:
            return mix(_INK, self.haze, min(0.6, self.veil / 2 + distance * 0.55))
        grey = sum(share * part for share, part in zip(_GREY, colour, strict=True))
        red, green, blue = (
            min(255, int((grey + (part - grey) * self.saturation) * key))
            for part, key in zip(colour, self.key, strict=True)
        )
        far = 1 - (1 - distance) ** self.thick
        return mix((red, green, blue), self.haze, self.veil + (self.reach - self.veil) * far)


@dataclass(frozen=True, slots=True)
class _Air:
    """Light of one weather at one time, in several skies."""

    skies: Sequence[tuple[RGB, RGB, RGB]]
    glow: RGB
    key: tuple[float, float, float]
    saturation: float
    veil: float
    reach: float
    thick: float = 1.0


_AIRS: Mapping[tuple[TimeOfDay, Weather], _Air] = {
    (TimeOfDay.DAY, Weather.CLEAR): _Air(
        (
            ((44, 112, 192), (104, 170, 226), (206, 231, 242)),
            ((32, 100, 176), (92, 164, 220), (222, 237, 236)),
            ((44, 132, 190), (124, 196, 222), (236, 241, 226)),
            ((66, 126, 206), (136, 184, 236), (220, 232, 246)),
        ),
        (255, 250, 226),
        (1.0, 1.0, 0.97),
        1.05,
        0.0,
        0.78,
    ),
    (TimeOfDay.DAY, Weather.GLOOMY): _Air(
        (
            ((70, 76, 84), (96, 102, 108), (134, 138, 139)),
            ((62, 70, 80), (90, 98, 106), (126, 133, 138)),
            ((76, 78, 80), (100, 102, 102), (138, 138, 133)),
        ),
        (168, 171, 170),
        (0.62, 0.64, 0.66),
        0.68,
        0.02,
        0.72,
    ),
    (TimeOfDay.DAY, Weather.STORMY): _Air(
        (
            ((34, 40, 54), (58, 68, 82), (128, 140, 144)),
            ((38, 42, 50), (64, 70, 76), (142, 145, 136)),
            ((30, 42, 54), (52, 72, 84), (118, 142, 146)),
        ),
        (196, 206, 204),
        (0.52, 0.55, 0.58),
        0.76,
        0.04,
        0.7,
    ),
    (TimeOfDay.DAY, Weather.FOGGY): _Air(
        (
            ((190, 198, 202), (208, 214, 216), (222, 226, 225)),
            ((196, 200, 198), (212, 215, 211), (226, 227, 221)),
            ((182, 196, 204), (202, 213, 218), (218, 226, 228)),
        ),
        (244, 244, 238),
        (0.88, 0.9, 0.9),
        0.62,
        0.10,
        1.0,
        2.0,
    ),
    (TimeOfDay.DAY, Weather.SNOWING): _Air(
        (
            ((158, 170, 184), (188, 198, 208), (218, 224, 230)),
            ((166, 174, 182), (194, 200, 206), (222, 226, 229)),
        ),
        (240, 243, 246),
        (0.9, 0.93, 0.97),
        0.85,
        0.04,
        0.9,
    ),
    (TimeOfDay.DAWN, Weather.CLEAR): _Air(
        (
            ((128, 144, 204), (224, 182, 212), (255, 220, 190)),
            ((150, 166, 216), (242, 194, 204), (255, 230, 202)),
            ((140, 134, 196), (232, 172, 196), (254, 208, 192)),
            ((132, 168, 208), (214, 190, 218), (255, 212, 204)),
        ),
        (255, 240, 210),
        (0.98, 0.87, 0.9),
        0.86,
        0.03,
        0.85,
    ),
    (TimeOfDay.DAWN, Weather.FOGGY): _Air(
        (
            ((186, 176, 206), (226, 202, 212), (248, 224, 208)),
            ((196, 188, 212), (236, 206, 210), (250, 222, 214)),
        ),
        (255, 238, 214),
        (0.92, 0.84, 0.86),
        0.62,
        0.10,
        1.0,
        2.0,
    ),
    (TimeOfDay.SUNSET, Weather.CLEAR): _Air(
        (
            ((66, 46, 110), (208, 74, 88), (255, 174, 82)),
            ((44, 46, 104), (184, 62, 100), (255, 146, 70)),
            ((108, 46, 92), (236, 98, 60), (255, 206, 104)),
            ((80, 40, 100), (224, 70, 70), (255, 158, 62)),
        ),
        (255, 226, 140),
        (0.9, 0.66, 0.58),
        0.95,
        0.03,
        0.72,
    ),
    (TimeOfDay.NIGHT, Weather.CLEAR): _Air(
        (
            ((7, 12, 38), (18, 32, 78), (50, 76, 124)),
            ((10, 9, 38), (28, 28, 82), (70, 70, 128)),
            ((5, 18, 38), (12, 42, 72), (46, 90, 112)),
        ),
        (246, 242, 216),
        (0.37, 0.42, 0.58),
        0.8,
        0.03,
        0.8,
    ),
    (TimeOfDay.NIGHT, Weather.SNOWING): _Air(
        (
            ((24, 30, 58), (42, 52, 86), (78, 90, 122)),
            ((28, 30, 56), (48, 52, 82), (84, 90, 116)),
        ),
        (150, 160, 190),
        (0.52, 0.58, 0.74),
        0.78,
        0.05,
        0.9,
    ),
    (TimeOfDay.NIGHT, Weather.STORMY): _Air(
        (
            ((9, 11, 23), (20, 25, 42), (50, 58, 76)),
            ((12, 10, 26), (26, 24, 48), (60, 56, 84)),
        ),
        (190, 190, 230),
        (0.29, 0.33, 0.43),
        0.75,
        0.04,
        0.75,
    ),
    (TimeOfDay.NIGHT, Weather.FOGGY): _Air(
        (
            ((32, 40, 60), (52, 63, 85), (82, 94, 112)),
            ((36, 40, 58), (58, 64, 82), (92, 98, 110)),
        ),
        (190, 196, 204),
        (0.36, 0.4, 0.5),
        0.62,
        0.10,
        1.0,
        2.0,
    ),
}

_DEPTHS = _Air(
    (
        ((116, 216, 216), (30, 142, 176), (10, 78, 124)),
        ((150, 226, 206), (42, 152, 164), (12, 84, 108)),
        ((112, 196, 226), (28, 118, 178), (10, 60, 118)),
    ),
    (226, 255, 246),
    (0.82, 0.97, 1.0),
    1.0,
    0.06,
    0.9,
)


def light_of(scene: Scene) -> Light:
    """Return a scene's light; its sky is one of several that fit weather and time."""
    ink = scene.style is Style.SILHOUETTE
    air = _DEPTHS
    if scene.time and scene.weather:
        air = _AIRS[scene.time, scene.weather]
    chance = Random(f"light {scene.id}")
    zenith, middle, horizon = chance.choice(air.skies)
    if ink:
        zenith, middle = _vivid(zenith), _vivid(middle)
        horizon = mix(_vivid(horizon), air.glow, 0.25)
    shift = tuple(chance.randint(-6, 6) for _ in range(3))
    sky = (_shifted(zenith, shift), _shifted(middle, shift), _shifted(horizon, shift))
    haze = mix(sky[2], sky[1], 0.45) if ink or scene.time is TimeOfDay.SUNSET else sky[2]
    return Light(
        sky,
        haze,
        air.glow,
        air.key,
        air.saturation,
        air.veil,
        air.reach,
        air.thick,
        ink,
    )


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """Return a colour between two: the first where the share is 0, the other where it is 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _vivid(colour: RGB) -> RGB:
    grey = sum(colour) / 3
    red, green, blue = (max(0, min(255, round(grey + (p - grey) * 1.35))) for p in colour)
    return red, green, blue


def _shifted(colour: RGB, shift: Sequence[int]) -> RGB:
    red, green, blue = (max(0, min(255, p + s)) for p, s in zip(colour, shift, strict=True))
    return red, green, blue
