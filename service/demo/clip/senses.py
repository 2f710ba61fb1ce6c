"""Which meanings of a dictionary's words have to do with what captions tell of."""

from collections import defaultdict
from collections.abc import Sequence

import torch

from service.demo.captions.dictionary import Sense
from service.demo.clip.progress import Tell
from service.demo.clip.texts import encode_tokens

__all__ = ["choose"]

# About five thousand senses are that near (cosine), which is what one layer can keep
_NEAR = 0.6
# Of one word, meanings this much further off than its nearest are left out
_RIVAL = 0.1


def choose(senses: Sequence[Sense], wordings: Sequence[str], tell: Tell) -> list[Sense]:
    """
    Return the senses whose definitions are near to some wording in MiniLM's space.

    Args:
        senses: All that are known.
        wordings: What the captions say.
        tell: Told of definitions and wordings done.
    """
    definitions = list(dict.fromkeys(sense.definition for sense in senses))
    known = encode_tokens(wordings, tell).means()
    found = encode_tokens(definitions, tell).means()
    likeness = torch.cat([(rows @ known.T).amax(1) for rows in torch.split(found, 1000)])
    nearness = dict(zip(definitions, likeness.tolist(), strict=True))
    best = defaultdict[str, float](float)
    for sense in senses:
        best[sense.word] = max(best[sense.word], nearness[sense.definition])
    return [
        sense
        for sense in senses
        if nearness[sense.definition] >= max(_NEAR, best[sense.word] - _RIVAL)
    ]
