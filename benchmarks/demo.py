"""Whether the demo's model understands: queries against scenes that know what they show."""

import csv
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from benchmarks.harness import Report, Samples
from service.demo.captions import Vocabulary
from service.demo.captions.held_out import digest, read_held_out
from service.demo.clip.assembly import WEIGHTS, assemble
from service.demo.scenes.draw import draw
from service.demo.scenes.scene import STOCK, Scene
from service.demo.scenes.wanted import Wanted
from service.encoders import models, threads
from service.sources.photos import decode_photo, thumbnail

__all__ = ["HELD_OUT", "measure"]

_QUERIES = Path(__file__).parent / "queries"

HELD_OUT = _QUERIES / "paraphrases.tsv"
"""The table of words that no caption of the training may hold."""

_SCENES = 200
_CAPTIONS = 100
_LEAST = 3  # pictures that fit, for every query
_RAREST = 100  # a caption query fits at least one scene in so many
_TOP = 3
_DRAWS = 21
_DRAWN = 300
_EDGE = 640
_BATCH = 8
_MAX_PIXELS = 10_000_000
_TARGETS = {
    "demo_paraphrase_p3": "≥ 0.8",
    "demo_caption_p3": "≥ 0.95",
    "demo_draw_ms": "≤ 30 ms",
}

Rows = NDArray[np.float32]
Fits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Query:
    text: str
    wanted: Wanted


def measure() -> Report:
    """Measure how many of the first three pictures fit, for queries of several kinds."""
    threads.apply(threads.ThreadPolicy.of(threads.usable_cores()))
    _check_training()
    stock = [Scene.of(id_) for id_ in STOCK]
    groups = {
        "paraphrase": _read("paraphrases.tsv"),
        "caption": _caption_queries(stock),
        **{name: _read("apart.tsv", name) for name in ("colour", "count", "negation")},
    }
    report = Report("How many of the first three pictures fit", targets=_TARGETS)
    with tempfile.TemporaryDirectory() as folder:
        eyes = _Eyes(Path(folder), stock)
        for name, queries in groups.items():
            _fill(report, name, queries, stock, eyes)
    report.add("demo_draw_ms", _drawing(), scale=1000)
    report.notes += _notes(groups)
    return report


class _Eyes:
    """The model as the service loads it; every picture is looked at once."""

    def __init__(self, folder: Path, stock: Sequence[Scene]) -> None:
        from service.encoders.towers import Towers  # noqa: PLC0415 - imports torch

        minilm = models.resolve(models.MINILM, kind="query")
        self._towers = Towers.load(assemble(minilm, folder), "cpu")
        self._stock = stock
        self._images = np.zeros((len(stock), self._towers.dimension), np.float32)
        self._seen = np.zeros(len(stock), np.bool_)

    def texts(self, texts: Iterable[str]) -> Rows:
        """Return vectors of texts, each encoded alone, as searches come."""
        return np.concatenate([self._towers.texts([text]) for text in texts])

    def images(self, places: NDArray[np.intp]) -> Rows:
        """Return vectors of the scenes at these places of the stock."""
        fresh = places[~self._seen[places]]
        for start in range(0, len(fresh), _BATCH):
            some = fresh[start : start + _BATCH]
            # By way of a JPEG file, as the service gets them
            files = [thumbnail(draw(self._stock[place], _EDGE), _EDGE) for place in some]
            decoded = [decode_photo(file, max_pixels=_MAX_PIXELS) for file in files]
            self._images[some] = self._towers.images([*map(self._towers.prepare, decoded)])
        self._seen[fresh] = True
        return self._images[places]


def _fill(
    report: Report, name: str, queries: Sequence[_Query], stock: Sequence[Scene], eyes: _Eyes
) -> None:
    fits = np.array([[query.wanted.fits(scene) for scene in stock] for query in queries])
    texts = eyes.texts(query.text for query in queries)
    chance = np.random.default_rng(0)
    found, by_chance = [], []
    for _ in range(_DRAWS):
        places = _draw_scenes(fits, chance)
        shown = fits[:, places]
        top = np.argsort(-(texts @ eyes.images(places).T), axis=1)[:, :_TOP]
        found.append(float(np.take_along_axis(shown, top, axis=1).mean()))
        by_chance.append(float(shown.mean()))
    report.add(f"demo_{name}_p3", Samples(found))
    report.figures[f"demo_{name}_by_chance"] = round(statistics.median(by_chance), 4)


def _draw_scenes(fits: Fits, chance: np.random.Generator) -> NDArray[np.intp]:
    """Draw scenes by chance, but so that some of them fit every query; return their places."""
    order = chance.permutation(fits.shape[1])
    chosen: dict[int, None] = {}
    for row in sorted(fits, key=np.count_nonzero):
        fitting = [int(place) for place in order if row[place]]
        missing = _LEAST - sum(place in chosen for place in fitting)
        fresh = [place for place in fitting if place not in chosen]
        chosen |= dict.fromkeys(fresh[: max(0, missing)])
    if len(chosen) > _SCENES:
        raise RuntimeError(f"the queries need more than {_SCENES} scenes")
    rest = (int(place) for place in order if int(place) not in chosen)
    while len(chosen) < _SCENES:
        chosen[next(rest)] = None
    return np.array(list(chosen), np.intp)


def _read(name: str, group: str | None = None) -> list[_Query]:
    with (_QUERIES / name).open(newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return [
            _Query(row["query"], Wanted.parse(row["wanted"]))
            for row in rows
            if row.get("group") == group
        ]


def _caption_queries(stock: Sequence[Scene]) -> list[_Query]:
    """Return captions as the model was trained on, but of scenes it was not."""
    vocabulary, chance = Vocabulary(read_held_out([HELD_OUT])), Random("caption queries")
    queries: dict[str, _Query] = {}
    while len(queries) < _CAPTIONS:
        caption = vocabulary.caption(chance.choice(stock), chance)
        if caption.wanted.particular:
            continue  # these are reported apart
        fitting = sum(caption.wanted.fits(scene) for scene in stock)
        if fitting * _RAREST >= len(stock):
            queries[caption.text] = _Query(caption.text, caption.wanted)
    return list(queries.values())


def _check_training() -> None:
    """End where captions of the training may have had the words that are now asked about."""
    with safe_open(WEIGHTS, "numpy") as file:
        if file.metadata().get("held_out") != digest(read_held_out([HELD_OUT])):
            raise SystemExit(
                "The demo's model was trained with other held-out words than these queries have: "
                f"python -m service.demo.train --held-out {HELD_OUT}"
            )


def _drawing() -> Samples:
    """Return how long a picture takes from the scene to the JPEG file."""
    seconds = []
    for id_ in range(1, _DRAWN + 1):
        began = time.perf_counter()
        thumbnail(draw(Scene.of(id_), _EDGE), _EDGE)
        seconds.append(time.perf_counter() - began)
    return Samples(seconds)


def _notes(groups: Mapping[str, Sequence[_Query]]) -> list[str]:
    counts = ", ".join(f"{len(queries)} {name}" for name, queries in groups.items())
    return [
        (
            f"{counts} queries. Each is ranked against {_SCENES} scenes that no model was trained "
            f"on, drawn so that at least {_LEAST} fit every query of its group; `by_chance` is the "
            f"share that fits. Median and spread are over {_DRAWS} such draws of scenes."
        ),
        (
            "No word of a paraphrase query, but for those that only join others, is in any caption "
            "of the training, by stem. Relatives that the stemmer keeps apart may be: winter for "
            "wintry, fog and night for what is called misty and midnight. The model knows these "
            "words from MiniLM and, where the dictionary has them, from their definitions; "
            "docs/demo.md has the figure of a model that was kept from those, too."
        ),
        (
            "Caption queries are worded like the training, of other scenes, with up to four "
            f"conditions; they fit at least one scene in {_RAREST}. Colours, counts, positions and "
            "negations are not in them but apart, in plain words."
        ),
        f"`demo_draw_ms`: {_DRAWN} scenes at {_EDGE} pixels, from the scene to the JPEG file.",
    ]
