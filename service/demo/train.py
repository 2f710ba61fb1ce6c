"""
Training the demo's CLIP: `python -m service.demo.train --help`.

Two steps. A ConvNeXt learns, from scratch, to tell every fact of drawn scenes;
then, with it and MiniLM frozen, one more layer, a pooler and two projections
learn to bring captions and the pictures that fit them together, and to take the
words of a dictionary for what their definitions say. The scenes are none of those
the demo serves, and words of `--held-out` tables are in no caption.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from random import Random
from typing import Annotated

import torch
import typer
from rich.progress import Progress, TextColumn
from safetensors.torch import load_model, save_file, save_model
from torch import nn

from service.demo.captions import Caption, Vocabulary
from service.demo.captions.dictionary import Sense, read_dictionary
from service.demo.captions.explained import Explained, explain
from service.demo.captions.held_out import content_stems, digest, read_held_out
from service.demo.captions.words import stems
from service.demo.clip.alignment import (
    Alignment,
    AlignmentRecipe,
    Conditions,
    Explanations,
    Lesson,
    align,
)
from service.demo.clip.architecture import LAST_LAYER
from service.demo.clip.assembly import WEIGHTS
from service.demo.clip.pictures import draw_pictures
from service.demo.clip.progress import Tell
from service.demo.clip.senses import choose
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

__all__ = ["TRAINING", "captions_of", "explanations_of", "save", "senses_of"]

TRAINING = 1_000_000
"""The first number of the scenes that are trained on; those served are far below it."""

_TEXT_LAYERS = {
    "query": f"{LAST_LAYER}attention.self.query",
    "key": f"{LAST_LAYER}attention.self.key",
    "value": f"{LAST_LAYER}attention.self.value",
    "gathered": f"{LAST_LAYER}attention.output.dense",
    "widened": f"{LAST_LAYER}intermediate.dense",
    "narrowed": f"{LAST_LAYER}output.dense",
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
    steps: Annotated[int, typer.Option(min=1, help="Steps of the alignment.")] = 1400,
    held_out: Annotated[
        list[Path] | None,
        typer.Option(help="Table whose column `query` has words for no caption; repeatable."),
    ] = None,
    dictionary: Annotated[
        Path, typer.Option(help="WordNet's files; Debian's package wordnet-base has them.")
    ] = Path("/usr/share/wordnet"),
    strict: Annotated[
        bool, typer.Option("--strict", help="Explain no held-out word, either.")
    ] = False,
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
    """Train the demo's CLIP on its scenes and captions and a dictionary, and write its weights."""
    torch.manual_seed(seed)
    banned = read_held_out(held_out or ())
    vocabulary = Vocabulary(banned)
    senses = senses_of(dictionary, vocabulary, banned if strict else frozenset())
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
        # Few scenes do not show everything that there are words for
        shown, said = frozenset(facts), captions_of(ids, captions, vocabulary, seed)
        learnt = [caption for caption in said if caption.wanted.facts <= shown]
        with _task(bar, "text vectors", len(learnt)) as tell:
            tokens = encode_tokens([caption.text for caption in learnt], tell)
        conditions = Conditions([caption.wanted for caption in learnt], facts)
        explanations = _explanations(bar, senses, vocabulary, seed)
        truths = torch.from_numpy(truth).float()
        lesson = Lesson(tokens, conditions, pooled, truths, explanations)
        with _task(bar, "alignment", steps) as tell:
            aligned = align(lesson, AlignmentRecipe(steps=steps, seed=seed), tell)
    save(sight.tower, aligned, output, {"held_out": digest(banned), "strict": str(strict)})
    typer.echo(f"Wrote {output}, {output.stat().st_size / 1e6:.1f} MB.")


def captions_of(ids: Sequence[int], count: int, vocabulary: Vocabulary, seed: int) -> list[Caption]:
    """Return captions of scenes taken in turn, and every wording alone; no text twice."""
    chance = Random(seed)
    said = [vocabulary.caption(Scene.of(ids[n % len(ids)]), chance) for n in range(count)]
    said += [Caption(text, wanted) for text, wanted in vocabulary.phrases()]
    return list({caption.text: caption for caption in said}.values())


def senses_of(dictionary: Path, vocabulary: Vocabulary, banned: frozenset[str]) -> list[Sense]:
    """
    Return the senses of words that captions do not have, and that are not banned.

    Raises:
        typer.BadParameter: If the folder does not hold WordNet's files.
    """
    try:
        senses = read_dictionary(dictionary)
    except (OSError, ValueError) as exc:
        raise typer.BadParameter(
            f"{dictionary} does not hold WordNet's files ({exc}).", param_hint="--dictionary"
        ) from exc
    known = content_stems(text for text, _ in vocabulary.phrases())
    return [
        sense
        for sense in senses
        if not content_stems([sense.word]) <= known and not stems(sense.word) & banned
    ]


def _explanations(
    bar: Progress, senses: Sequence[Sense], vocabulary: Vocabulary, seed: int
) -> Explanations:
    wordings = [text for text, wanted in vocabulary.phrases() if not wanted.particular]
    definitions = len({sense.definition for sense in senses})
    with _task(bar, "dictionary", len(wordings) + definitions) as tell:
        chosen = choose(senses, wordings, tell)
    explained = explain(chosen, vocabulary, Random(seed))
    with _task(bar, "words explained", len({*chain.from_iterable(explained)})) as tell:
        return explanations_of(explained, tell)


def explanations_of(pairs: Sequence[Explained], tell: Tell) -> Explanations:
    """Run MiniLM over texts and their explanations, once over each."""
    number = {text: n for n, text in enumerate(dict.fromkeys(chain.from_iterable(pairs)))}
    tokens = encode_tokens([*number], tell)
    return Explanations(tokens, torch.tensor([[number[text] for text in pair] for pair in pairs]))


def save(tower: nn.Module, aligned: Alignment, file: Path, training: Mapping[str, str]) -> None:
    """
    Write our part of the model as fp16, under the names the whole model gives its tensors.

    Args:
        tower: Of vision.
        aligned: The rest.
        file: Gets them.
        training: What to know of it, for the file's metadata.
    """
    tensors = {f"vision_model.{name}": value for name, value in tower.state_dict().items()}
    parts = aligned.state_dict()
    for ours, theirs in _TEXT_LAYERS.items():
        for name in ("weight", "bias"):
            tensors[f"{theirs}.{name}"] = parts[f"{ours}.{name}"]
    for name in ("text_projection.weight", "visual_projection.weight", "logit_scale"):
        tensors[name] = parts[name]
    half = {name: value.cpu().half().contiguous() for name, value in tensors.items()}
    save_file(half, file, metadata={"format": "pt", **training})


@contextmanager
def _task(bar: Progress, name: str, total: int) -> Iterator[Tell]:
    task = bar.add_task(name, total=total, told="")

    def tell(done: int, loss: float | None = None) -> None:
        bar.update(task, advance=done, told="" if loss is None else f"loss {loss:.3f}")

    yield tell


if __name__ == "__main__":
    cli()
