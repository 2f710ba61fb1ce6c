"""The drawn scenes as the stock of a look-alike: a picture is drawn when it is asked for."""

import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PIL import Image

from cache.pools.filters import Filters
from service.demo.lookalike.authors import invented
from service.demo.lookalike.scene_filters import passes
from service.demo.lookalike.stock import StockPhoto, chance
from service.demo.scenes import draw as drawing
from service.demo.scenes import tags as tagging
from service.demo.scenes.scene import STOCK, Scene
from service.sources.keywords import Keywords, stems
from service.sources.photos import thumbnail
from service.sources.rules import fits

__all__ = ["SceneStock"]

_LEAST_VIEWS = 500
_MOST_VIEWS = 1_500_000


@dataclass(frozen=True, slots=True)
class _Shown:
    photo: StockPhoto
    scene: Scene
    keywords: Keywords


class SceneStock:
    """
    Scenes as photos, each of its scene's number; they are looked through at the first call.

    Args:
        numbers: Of the scenes.
        tags: What a scene is found under.
        draw: Draws a scene, its longest side of so many pixels.
    """

    def __init__(
        self,
        numbers: Iterable[int] = STOCK,
        *,
        tags: Callable[[Scene], tuple[str, ...]] = tagging.tags,
        draw: Callable[[Scene, int], Image.Image] = drawing.draw,
    ) -> None:
        self._numbers = numbers
        self._tags = tags
        self._draw = draw
        self._popular: dict[int, _Shown] | None = None
        self._reading = threading.Lock()

    def search(self, tag: str, filters: Filters) -> list[StockPhoto]:
        """
        Return the photos that have every word of a tag, by stem, and pass the checked filters.

        Those that have the tag itself come before those that have its words in
        several of theirs (`yellow flowers`), and of these the most popular first.
        The latest are those of the highest numbers. Of an empty tag all photos.
        """
        words = stems(tag)
        if tag.strip() and not words:
            return []
        found = [
            shown for shown in self._shown().values() if shown.keywords.words.issuperset(words)
        ]
        if filters.get("order") == "latest":
            found.sort(key=lambda shown: -shown.photo.id)
        else:
            found.sort(key=lambda shown: words not in shown.keywords.tags)
        return [
            shown.photo
            for shown in found
            if fits(shown.photo.size, filters) and passes(shown.scene, filters)
        ]

    def by_id(self, id_: int) -> StockPhoto | None:
        """Return the photo of a scene's number, or None where there is none."""
        shown = self._shown().get(id_)
        return shown.photo if shown else None

    def picture(self, photo: StockPhoto, edge: int) -> bytes:
        """Return a scene's picture as JPEG, at most `edge` pixels wide and high."""
        picture = self._draw(Scene.of(photo.id), min(edge, max(photo.size)))
        return thumbnail(picture, edge)

    def _shown(self) -> dict[int, _Shown]:
        with self._reading:
            if self._popular is None:
                shown = [self._show(Scene.of(number)) for number in self._numbers]
                shown.sort(key=lambda one: -one.photo.views)
                self._popular = {one.photo.id: one for one in shown}
            return self._popular

    def _show(self, scene: Scene) -> _Shown:
        tags = self._tags(scene)
        photo = StockPhoto(
            id=scene.id,
            size=scene.size,
            tags=tags,
            author=invented(scene.id),
            bytes=_file_bytes(scene),
            views=_views(scene),
        )
        return _Shown(photo, scene, Keywords.of(tags))


def _views(scene: Scene) -> int:
    """Few photos are seen by very many, most by few: evenly spread logarithms."""
    least, most = math.log(_LEAST_VIEWS), math.log(_MOST_VIEWS)
    return round(math.exp(least + (most - least) * chance(f"views {scene.id}")))


def _file_bytes(scene: Scene) -> int:
    """A likely size of the largest JPEG: to know it, it would have to be drawn."""
    width, height = scene.size
    return round(width * height * (0.08 + 0.12 * chance(f"bytes {scene.id}")))
