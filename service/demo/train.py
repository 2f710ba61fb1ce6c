"""
Training the demo's CLIP: `python -m service.demo.train --help`.

Two steps. A ConvNeXt learns, from scratch, to tell every fact of drawn scenes;
then, with it and MiniLM frozen, a layer of attention, a pooler and two
projections learn to bring captions and the pictures that fit them together.
The scenes are none of those the demo serves, and words of `--held-out` tables
are in no caption.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Annotated

import torch
import typer
from rich.progress import Progress, TextColumn
from safetensors.torch import load_model, save_file, save_model
from torch import nn

from service.demo.captions import Caption, Vocabulary
from service.demo.captions.held_out import digest, read_held_out
from service.demo.clip.alignment import Alignment, AlignmentRecipe, Conditions, Lesson, align
from service.demo.clip.architecture import LAST_LAYER
from service.demo.clip.assembly import WEIGHTS
from service.demo.clip.pictures import draw_pictures
from service.demo.clip.progress import Tell
from service.demo.clip.texts import encode_tokens
from service.demo.clip.vision import (
    Sight,
    VisionRecipe,
    fact_matrix,
    fact_weights,
    features,
    train_vision,
)
from service.demo.scenes.scene import Scene

__all__ = ["TRAINING", "captions_of", "save"]

TRAINING = 1_000_000
"""The first number of the scenes that are trained on; those served are far below it."""

_TEXT_LAYERS = {
    "query": f"{LAST_LAYER}attention.self.query",
    "key": f"{LAST_LAYER}attention.self.key",
    "value": f"{LAST_LAYER}attention.self.value",
    "gathered": f"{LAST_LAYER}attention.output.dense",
    "pooler": "text_model.pooler.dense",
}
"""Names of an alignment's layers in the whole model."""

cli = typer.Typer(add_completion=False)


@cli.command()
def main(
    *,
    scenes: Annotated[int, typer.Option(min=1000, help="Scenes to draw and learn from.")] = 32_000,
    epochs: Annotated[int, typer.Option(min=0, help="Times each picture is seen.")] = 7,
    captions: Annotated[int, typer.Option(min=1000, help="Captions to learn from.")] = 40_000,
    steps: Annotated[int, typer.Option(min=1, help="Steps of the alignment.")] = 1500,
    held_out: Annotated[
        list[Path] | None,
        typer.Option(help="Table whose column `query` has words not to learn from; repeatable."),
    ] = None,
    work: Annotated[Path, typer.Option(help="Keeps pictures and tower.")] = Path(".cache/train"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the vision tower that is in --work.")
    ] = False,
    rate: Annotated[
        float, typer.Option(help="Largest learning rate of the vision tower.")
    ] = 1.5e-3,
    output: Annotated[Path, typer.Option(help="Gets the weights.")] = WEIGHTS,
    device: Annotated[str, typer.Option(help="Where the vision tower learns.")] = "cpu",
    seed: Annotated[int, typer.Option(help="Of weights, order and words.")] = 0,
) -> None:
    """Train the demo's CLIP from nothing but its scenes and captions, and write its weights."""
    torch.manual_seed(seed)
    banned = read_held_out(held_out or ())
    ids = range(TRAINING, TRAINING + scenes)
    facts = sorted({fact for id_ in ids for fact in Scene.of(id_).facts})
    truth = fact_matrix(ids, facts)
    sight, learnt_before = Sight(len(facts)), work / "sight.safetensors"
    if resume:
        load_model(sight, learnt_before)
    sight.to(device)
    with Progress(*Progress.get_default_columns(), TextColumn("{task.fields[told]}")) as bar:
        with _task(bar, "pictures", scenes) as tell:
            pictures = draw_pictures(ids, work, processes=os.cpu_count() or 1, tell=tell)
        if epochs:
            with _task(bar, "vision tower", epochs * scenes) as tell:
                recipe = VisionRecipe(epochs, rate, seed)
                train_vision(sight, pictures, truth, fact_weights(facts), recipe, tell)
            save_model(sight, str(learnt_before))
        with _task(bar, "what it sees", scenes) as tell:
            pooled = features(sight, pictures, tell)
        learnt = captions_of(ids, captions, banned, seed)
        with _task(bar, "text vectors", len(learnt)) as tell:
            tokens = encode_tokens([caption.text for caption in learnt], tell)
        conditions = Conditions([caption.wanted for caption in learnt], facts)
        lesson = Lesson(tokens, conditions, pooled, torch.from_numpy(truth).float())
        with _task(bar, "alignment", steps) as tell:
            aligned = align(lesson, AlignmentRecipe(steps=steps, seed=seed), tell)
    save(sight.tower, aligned, banned, output)
    typer.echo(f"Wrote {output}, {output.stat().st_size / 1e6:.1f} MB.")


def captions_of(ids: Sequence[int], count: int, banned: frozenset[str], seed: int) -> list[Caption]:
    """Return captions of scenes taken in turn, and every wording alone; no text twice."""
    vocabulary = Vocabulary(banned)
    chance = Random(seed)
    said = [vocabulary.caption(Scene.of(ids[n % len(ids)]), chance) for n in range(count)]
    said += [Caption(text, wanted) for text, wanted in vocabulary.phrases()]
    return list({caption.text: caption for caption in said}.values())


def save(tower: nn.Module, aligned: Alignment, banned: frozenset[str], file: Path) -> None:
    """Write our part of the model as fp16, under the names the whole model gives its tensors."""
    tensors = {f"vision_model.{name}": value for name, value in tower.state_dict().items()}
    parts = aligned.state_dict()
    for ours, theirs in _TEXT_LAYERS.items():
        for name in ("weight", "bias"):
            tensors[f"{theirs}.{name}"] = parts[f"{ours}.{name}"]
    for name in ("text_projection.weight", "visual_projection.weight", "logit_scale"):
        tensors[name] = parts[name]
    half = {name: value.cpu().half().contiguous() for name, value in tensors.items()}
    save_file(half, file, metadata={"format": "pt", "held_out": digest(banned)})


@contextmanager
def _task(bar: Progress, name: str, total: int) -> Iterator[Tell]:
    task = bar.add_task(name, total=total, told="")

    def tell(done: int, loss: float | None = None) -> None:
        bar.update(task, advance=done, told="" if loss is None else f"loss {loss:.3f}")

    yield tell


if __name__ == "__main__":
    cli()
