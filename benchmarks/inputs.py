"""What benchmarks run on: photos with captions, and a model that ranks them."""

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from random import Random

from service.demo.captions import Vocabulary
from service.demo.scenes.scene import STOCK, Scene
from service.encoders import models

__all__ = ["Inputs", "Pair", "find_inputs", "find_pairs"]

Pair = tuple[str, str]

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Inputs:
    """
    What to search, with what, for what.

    Args:
        photos: Folder of photos, with a sidecar file of tags and captions beside it; None for
            the demo's scenes.
        clip_model: Folder or hub name of the model that ranks.
        captions: Sentences about the photos, all different, by tag.
    """

    photos: Path | None
    clip_model: str
    captions: dict[str, list[str]]

    def largest(self) -> str:
        """Return the tag with the most captions."""
        return max(self.captions, key=lambda tag: len(self.captions[tag]))


def find_inputs() -> Inputs:
    """
    Return the inputs of this machine.

    NEARHIT_FOLDER and NEARHIT_CLIP_MODEL name them; without these, the
    evaluation data beside the checkout (or where NEARHIT_EVALUATION says);
    where that is absent, the demo's scenes and model.
    """
    evaluation = _evaluation()
    photos = Path(os.environ.get("NEARHIT_FOLDER", evaluation / "data" / "photos"))
    clip = os.environ.get("NEARHIT_CLIP_MODEL", str(evaluation / "models" / "photo-clip"))
    sidecar = photos.with_suffix(".jsonl")
    if sidecar.is_file():
        return Inputs(photos, clip, _captions(sidecar))
    if "NEARHIT_FOLDER" in os.environ:
        raise SystemExit(f"Benchmarks need photos with captions, and {sidecar} is not there.")
    return _demo_inputs()


def find_pairs(most: int) -> list[Pair]:
    """Return pairs of captions from alike to unlike: graded ones, or any of the demo's."""
    path = _evaluation() / "data" / "pairs" / "graded_captions.tsv"
    if path.is_file():
        with path.open(newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            return [(row["caption1"], row["caption2"]) for row in rows][:most]
    chance = Random("pairs of captions")
    texts = [text for some in find_inputs().captions.values() for text in some]
    return [(chance.choice(texts), chance.choice(texts)) for _ in range(most)]


def _evaluation() -> Path:
    return Path(os.environ.get("NEARHIT_EVALUATION", _ROOT.parent / "shared"))


def _demo_inputs() -> Inputs:
    from service.demo.clip.assembly import assemble  # noqa: PLC0415 - imports NumPy

    minilm = models.resolve(models.MINILM, kind="query")
    files = assemble(minilm, _ROOT / ".cache" / "models")
    vocabulary, chance = Vocabulary(), Random("benchmark captions")
    captions: dict[str, list[str]] = {}
    for scene in map(Scene.of, STOCK):
        texts = captions.setdefault(scene.landscape, [])
        texts.append(vocabulary.caption(scene, chance).text)
    return Inputs(None, str(files.folder), {k: list(dict.fromkeys(v)) for k, v in captions.items()})


def _captions(sidecar: Path) -> dict[str, list[str]]:
    by_tag: dict[str, dict[str, None]] = {}
    for line in sidecar.read_text().splitlines():
        photo = json.loads(line)
        for tag in photo["tags"]:
            known = by_tag.setdefault(tag, {})
            known.update(dict.fromkeys(text.strip(" .").lower() for text in photo["captions"]))
    return {tag: list(texts) for tag, texts in by_tag.items()}
