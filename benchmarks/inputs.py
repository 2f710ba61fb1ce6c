"""What benchmarks run on: photos with captions, and a model that ranks them."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Inputs", "find_inputs"]

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Inputs:
    """
    What to search, with what, for what.

    Args:
        photos: Folder of photos, with a sidecar file of tags and captions beside it.
        clip_model: Folder or hub name of the model that ranks.
        captions: Sentences about the photos, all different, by tag.
    """

    photos: Path
    clip_model: str
    captions: dict[str, list[str]]

    def largest(self) -> str:
        """Return the tag with the most captions."""
        return max(self.captions, key=lambda tag: len(self.captions[tag]))


def find_inputs() -> Inputs:
    """
    Return the inputs of this machine.

    NEARHIT_FOLDER and NEARHIT_CLIP_MODEL name them; without these, the
    evaluation data beside the checkout (or where NEARHIT_EVALUATION says).
    """
    evaluation = Path(os.environ.get("NEARHIT_EVALUATION", _ROOT.parent / "shared"))
    photos = Path(os.environ.get("NEARHIT_FOLDER", evaluation / "data" / "photos"))
    clip = os.environ.get("NEARHIT_CLIP_MODEL", str(evaluation / "models" / "photo-clip"))
    sidecar = photos.with_suffix(".jsonl")
    if not sidecar.is_file():
        raise SystemExit(
            f"Benchmarks need photos with captions, and {sidecar} is not there: set "
            "NEARHIT_FOLDER to a folder of photos with a sidecar file beside it, and "
            "NEARHIT_CLIP_MODEL to a model."
        )
    return Inputs(photos, clip, _captions(sidecar))


def _captions(sidecar: Path) -> dict[str, list[str]]:
    by_tag: dict[str, dict[str, None]] = {}
    for line in sidecar.read_text().splitlines():
        photo = json.loads(line)
        for tag in photo["tags"]:
            known = by_tag.setdefault(tag, {})
            known.update(dict.fromkeys(text.strip(" .").lower() for text in photo["captions"]))
    return {tag: list(texts) for tag, texts in by_tag.items()}
