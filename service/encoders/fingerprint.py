"""What tells one model's vectors from another's."""

import hashlib
from pathlib import Path

from service.encoders.models import ModelFiles

__all__ = ["fingerprint"]

_HEX_DIGITS = 16


def fingerprint(files: ModelFiles, variant: str = "") -> str:
    """
    Return 16 hex digits that change with anything that changes a vector.

    Name, revision, the content of weights, configuration, tokenizer and
    processor, and the variant count; where the folder lies does not. Reads
    every file once (about a second a gigabyte), so call it off the event loop.

    Args:
        files: The model's files.
        variant: What runs it and how, such as `torch/float32`, where vectors that
            differ by rounding are not to be mixed.
    """
    whole = hashlib.sha256()
    parts = [files.name, files.revision, variant]
    for path in (*files.weights, *files.preprocessing):
        parts += [path.relative_to(files.folder).as_posix(), _content(path)]
    for part in parts:
        # Lengths keep two neighbours from running into one another
        whole.update(f"{len(part)}:{part};".encode())
    return whole.hexdigest()[:_HEX_DIGITS]


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
