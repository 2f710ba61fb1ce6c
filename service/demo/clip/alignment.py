"""Second step of the training: texts and pictures in one space."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from service.demo.clip.architecture import (
    DIMENSION,
    TEXT_FEEDFORWARD,
    TEXT_HEADS,
    TEXT_WIDTH,
)
from service.demo.clip.progress import Tell
from service.demo.clip.texts import Tokens
from service.demo.scenes.wanted import Wanted

__all__ = ["Alignment", "AlignmentRecipe", "Conditions", "Explanations", "Lesson", "align"]

# How steeply the second loss prefers pictures that meet more of the conditions
_GRADING = 10.0
_GRADIENT_NORM = 1.0
_BEFORE_EXPLAINING = 0.25  # of the steps: explanations must be understood before they teach


@dataclass(frozen=True, slots=True)
class AlignmentRecipe:
    """
    How texts and pictures are brought together.

    Args:
        steps: Of AdamW.
        texts: Texts a step.
        pictures: Pictures a step.
        rate: Largest learning rate.
        decay: Weight decay.
        token_noise: Standard deviation of the noise on MiniLM's tokens, and
        noise: on what is gathered from them, whose own is 1: words near a known one should
            mean nearly the same.
        graded: Weight of the second loss, which ranks pictures by how many conditions they meet.
        explained: Weight of the third, which takes words to mean what a dictionary says.
        explanations: Pairs of a text and its explanation a step.
        seed: Of the draws.
    """

    steps: int = 1400
    texts: int = 192
    pictures: int = 768
    rate: float = 1e-3
    decay: float = 0.05
    token_noise: float = 0.2
    noise: float = 0.45
    graded: float = 0.5
    explained: float = 1.0
    explanations: int = 256
    seed: int = 0


class Alignment(nn.Module):
    """
    The trained part of both towers above what is frozen.

    Of the text tower its last layer, the pooler and the projection, computed for
    the first token alone; of the vision tower the projection.

    Args:
        vision_width: Length of the vision tower's features.
    """

    def __init__(self, vision_width: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.gathered, self.pooler = (
            nn.Linear(TEXT_WIDTH, TEXT_WIDTH) for _ in range(5)
        )
        self.widened = nn.Linear(TEXT_WIDTH, TEXT_FEEDFORWARD)
        self.narrowed = nn.Linear(TEXT_FEEDFORWARD, TEXT_WIDTH)
        self.text_projection = nn.Linear(TEXT_WIDTH, DIMENSION, bias=False)
        self.visual_projection = nn.Linear(vision_width, DIMENSION, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(2.7))
        self._start_as_mean()

    def _start_as_mean(self) -> None:
        """Attend to all tokens nearly alike, keep their mean, and pool it nearly linearly."""
        for layer in (self.query, self.key):
            nn.init.normal_(layer.weight, std=0.02)
        nn.init.normal_(self.query.bias, std=0.5)
        nn.init.zeros_(self.narrowed.weight)
        for layer in (self.key, self.value, self.gathered, self.pooler, self.narrowed):
            nn.init.zeros_(layer.bias)
        for layer, scale in ((self.value, 1.0), (self.gathered, 3.0), (self.pooler, 0.3)):
            layer.weight.data = torch.eye(TEXT_WIDTH) * scale

    def gather(self, tokens: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """
        Return what the last layer makes of the first token, shape (n, TEXT_WIDTH).

        Args:
            tokens: As MiniLM leaves them, shape (n, longest, TEXT_WIDTH).
            there: Which of them are there, shape (n, longest).
        """
        heads = (TEXT_HEADS, TEXT_WIDTH // TEXT_HEADS)
        query = self.query(tokens[:, :1]).unflatten(-1, heads).transpose(1, 2)
        key, value = (
            layer(tokens).unflatten(-1, heads).transpose(1, 2) for layer in (self.key, self.value)
        )
        seen = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=there[:, None, None, :]
        )
        gathered = _norm(tokens[:, 0] + self.gathered(seen.transpose(1, 2).flatten(2)[:, 0]))
        return _norm(gathered + self.narrowed(nn.functional.gelu(self.widened(gathered))))

    def texts(self, gathered: torch.Tensor) -> torch.Tensor:
        """Return unit vectors of what was gathered, shape (n, DIMENSION)."""
        return nn.functional.normalize(
            self.text_projection(torch.tanh(self.pooler(gathered))), dim=-1
        )

    def pictures(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return unit vectors of pooled vision features, shape (n, DIMENSION)."""
        return nn.functional.normalize(self.visual_projection(pooled), dim=-1)


def _norm(rows: torch.Tensor) -> torch.Tensor:
    return nn.functional.layer_norm(rows, (TEXT_WIDTH,), eps=1e-12)


class Conditions:
    """
    What texts ask for, as arrays, so that many texts are held against many scenes at once.

    Args:
        wanted: What each text asks for.
        facts: All facts there are.
    """

    def __init__(self, wanted: Sequence[Wanted], facts: Sequence[str]) -> None:
        number = {fact: place for place, fact in enumerate(facts)}
        most = max(len(one.clauses) for one in wanted)
        self._clauses = torch.zeros(len(wanted), most, len(facts), dtype=torch.bool)
        self._without = torch.zeros(len(wanted), len(facts), dtype=torch.bool)
        for row, one in enumerate(wanted):
            for place, clause in enumerate(one.clauses):
                self._clauses[row, place, [number[fact] for fact in clause]] = True
            self._without[row, [number[fact] for fact in one.without]] = True

    def met(self, texts: torch.Tensor, scenes: torch.Tensor) -> torch.Tensor:
        """
        Return the share of conditions met, shape (texts, scenes); 1 where the scene fits.

        Args:
            texts: Numbers of the texts.
            scenes: Facts of the scenes, 0 or 1, float, shape (scenes, facts).
        """
        clauses, without = self._clauses[texts], self._without[texts]
        asked = clauses.any(-1)
        held = ((clauses.float() @ scenes.T > 0) & asked[..., None]).sum(1)
        barred = without.any(-1)
        spared = (without.float() @ scenes.T == 0) & barred[:, None]
        return (held + spared) / (asked.sum(1) + barred)[:, None]


@dataclass(frozen=True, slots=True)
class Explanations:
    """
    Texts in the words of a dictionary, and what these words mean.

    Args:
        tokens: What MiniLM makes of texts and explanations.
        pairs: Numbers of a text and of its explanation, shape (pairs, 2).
    """

    tokens: Tokens
    pairs: torch.Tensor


@dataclass(frozen=True, slots=True)
class Lesson:
    """
    What the alignment learns from.

    Args:
        tokens: What MiniLM makes of the captions.
        conditions: What the captions ask for.
        pooled: Vision features of the scenes, shape (n, width).
        facts: What is true of the scenes, float, shape (n, facts).
        explanations: Of words that no caption has.
    """

    tokens: Tokens
    conditions: Conditions
    pooled: torch.Tensor
    facts: torch.Tensor
    explanations: Explanations | None = None


def align(lesson: Lesson, recipe: AlignmentRecipe, tell: Tell) -> Alignment:
    """
    Return the trained last layer, pooler and projections.

    Three losses, each over the pictures of a step. InfoNCE (van den Oord et al.
    2018) for every caption with all pictures that fit as positives, from captions
    to pictures and back; the divergence from a distribution that grows with the
    share of conditions met, so that what fits half goes before what does not fit;
    and, once captions are known a little, that of the likely pictures of a text
    from those of its explanation, which teaches (distillation, Hinton et al. 2015).

    Args:
        lesson: Texts and scenes.
        recipe: How.
        tell: Told of steps done and of the loss.
    """
    torch.manual_seed(recipe.seed)
    model = Alignment(lesson.pooled.shape[1])
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=recipe.steps, pct_start=0.1
    )
    for step in range(recipe.steps):
        texts = torch.randint(len(lesson.tokens), (recipe.texts,))
        scenes = torch.randint(len(lesson.pooled), (recipe.pictures,))
        pictures = model.pictures(lesson.pooled[scenes]) * model.logit_scale.exp()
        scores = _noisy(model, lesson.tokens, texts, recipe) @ pictures.T
        met = lesson.conditions.met(texts, lesson.facts[scenes])
        loss = _loss(scores, met, recipe.graded)
        if lesson.explanations and step >= recipe.steps * _BEFORE_EXPLAINING:
            explained = _explained(model, lesson.explanations, pictures.detach(), recipe)
            loss = loss + recipe.explained * explained
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), _GRADIENT_NORM)
        optimiser.step()
        schedule.step()
        tell(1, loss.item())
    return model.eval()


def _noisy(
    model: Alignment, tokens: Tokens, texts: torch.Tensor, recipe: AlignmentRecipe
) -> torch.Tensor:
    vectors, there = tokens.batch(texts)
    gathered = model.gather(vectors + torch.randn_like(vectors) * recipe.token_noise, there)
    return model.texts(gathered + torch.randn_like(gathered) * recipe.noise)


def _explained(
    model: Alignment, known: Explanations, pictures: torch.Tensor, recipe: AlignmentRecipe
) -> torch.Tensor:
    """How far the likely pictures of some texts are from those of their explanations."""
    texts, meanings = known.pairs[torch.randint(len(known.pairs), (recipe.explanations,))].T
    with torch.no_grad():
        taught = model.texts(model.gather(*known.tokens.batch(meanings))) @ pictures.T
    scores = _noisy(model, known.tokens, texts, recipe) @ pictures.T
    return nn.functional.kl_div(
        torch.log_softmax(scores, 1), torch.softmax(taught, 1), reduction="batchmean"
    )


def _loss(scores: torch.Tensor, met: torch.Tensor, graded: float) -> torch.Tensor:
    fits = met == 1
    rank = torch.log_softmax(scores, 1)
    aim = torch.softmax(_GRADING * met, 1)
    both = _contrast(scores, fits) + _contrast(scores.T, fits.T)
    return both / 2 + graded * nn.functional.kl_div(rank, aim, reduction="batchmean")


def _contrast(scores: torch.Tensor, fits: torch.Tensor) -> torch.Tensor:
    """InfoNCE with several positives a row, each as likely as the others; rows without are out."""
    known = fits.any(1)
    likely = torch.log_softmax(scores[known], 1)
    positives = fits[known].float()
    return -(likely * positives).sum(1).div(positives.sum(1)).mean()
