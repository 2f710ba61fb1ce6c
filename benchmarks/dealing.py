"""Photos dealt out to tags that share none: what is known from another tag is not cold."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path

from benchmarks.inputs import Inputs

__all__ = ["dealt"]

_EDGE = 640


def dealt(inputs: Inputs, folder: Path, tags: Mapping[str, int]) -> Inputs:
    """
    Return inputs in which each tag has so many photos of its own.

    Photos stand under several names where there are too few of them: to the
    service these are others, with other bytes to fetch and to encode.

    Args:
        inputs: Where photos and captions come from; the demo's scenes are drawn.
        folder: Made, and filled with links to the photos; a sidecar file comes beside it.
        tags: Photos by tag.
    """
    folder.mkdir()
    photos = cycle(_photos(inputs, folder))
    lines: list[str] = []
    captions: dict[str, list[str]] = {}
    for tag, count in tags.items():
        captions[tag] = []
        for number, (file, texts) in enumerate(islice(photos, count)):
            name = f"{tag}-{number}.jpg"
            _link(file, folder / name)
            lines.append(json.dumps({"file": f"{folder.name}/{name}", "tags": [tag]}))
            captions[tag] += texts
    folder.with_suffix(".jsonl").write_text("\n".join(lines) + "\n")
    return Inputs(folder, inputs.clip_model, captions)


def _photos(inputs: Inputs, folder: Path) -> list[tuple[Path, list[str]]]:
    """Return photo files, each with what is said of it."""
    if inputs.photos is None:
        return list(_drawn(folder.with_name("drawn"), inputs))
    lines = inputs.photos.with_suffix(".jsonl").read_text().splitlines()
    described = [json.loads(line) for line in lines]
    root = inputs.photos
    files = [root / Path(photo["file"]).name for photo in described]
    return [(f, photo["captions"]) for f, photo in zip(files, described, strict=True)]


def _drawn(folder: Path, inputs: Inputs) -> Iterator[tuple[Path, list[str]]]:
    """Draw scenes ahead, since drawing them while they are asked for would be measured too."""
    from service.demo.scenes.draw import draw  # noqa: PLC0415 - imports NumPy
    from service.demo.scenes.scene import Scene  # noqa: PLC0415

    folder.mkdir()
    texts = [text for some in inputs.captions.values() for text in some]
    for number, text in enumerate(texts[:300]):
        file = folder / f"{number}.jpg"
        draw(Scene.of(number), _EDGE).save(file, quality=85)
        yield file, [text]


def _link(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError:  # another disk
        shutil.copyfile(file, name)
