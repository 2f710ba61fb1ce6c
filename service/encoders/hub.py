"""
The model hub and its cache, behind time-outs that end.

The hub's client waits without limit by default and shows its own progress
bars; here one short probe decides whether it can be reached, and bars become
calls of a hook.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from huggingface_hub.hf_api import ModelInfo

# The HTTP library of the hub's client is httpx in its version 1, httpx2 since: this is whichever
from huggingface_hub.utils import httpx  # type: ignore[attr-defined]
from huggingface_hub.utils.tqdm import tqdm

from service.encoders import daemon

__all__ = [
    "HUB",
    "Hub",
    "HubCopy",
    "HubError",
    "HubRefusalError",
    "HubSilentError",
    "Progress",
    "unseen",
]

Progress = Callable[[int, int], None]

# Names and sizes in bytes
Files = dict[str, int]

_MAIN = "main"
_SAFE_WEIGHTS = ".safetensors"


class HubError(Exception):
    """The hub gave nothing."""


class HubSilentError(HubError):
    """The hub does not answer."""


class HubRefusalError(HubError):
    """The hub answers, but not with this model."""


@dataclass(frozen=True, slots=True)
class HubCopy:
    """A snapshot in the cache and the commit it is of."""

    folder: Path
    revision: str


@dataclass(frozen=True, slots=True)
class Hub:
    """
    Where models are downloaded from and kept.

    Args:
        endpoint: Address of the hub; None for the client's own default.
        cache: Folder of the cache; None for the client's own default.
        patience_s: Longest wait for the hub's first answer.
    """

    endpoint: str | None = None
    cache: Path | None = None
    patience_s: float = 5.0

    def cached(self, name: str, wanted: Sequence[str]) -> HubCopy | None:
        """
        Return the snapshot on this machine, None where there is none.

        Args:
            name: The hub name.
            wanted: Patterns of the files that must be there where the hub had them.
        """
        try:
            folder = snapshot_download(
                name, cache_dir=self.cache, local_files_only=True, allow_patterns=[*wanted]
            )
        except (LocalEntryNotFoundError, HFValidationError):
            return None
        return HubCopy(Path(folder), Path(folder).name)

    def download(
        self, name: str, patterns: Sequence[str], fallback: Sequence[str], progress: Progress
    ) -> HubCopy:
        """
        Bring a model into the cache.

        Args:
            name: The hub name.
            patterns: The files wanted, safetensors among them.
            fallback: Weight files to take where there are no safetensors.
            progress: Called with bytes done and bytes in all.

        Raises:
            HubSilentError: If the hub does not answer.
            HubRefusalError: If it has no such model for us.
        """
        # A name server's silence counts too, unlike in a socket's time-out
        probe = daemon.start(lambda: self._info(name), "nearhit-hub-probe")
        try:
            info = probe.result(self.patience_s)
            files = _chosen(info, patterns, fallback)
            if not files:
                raise HubRefusalError(name)
            return self._download(name, info, files, progress)
        except (HfHubHTTPError, HFValidationError) as exc:
            raise HubRefusalError(name) from exc
        except (httpx.HTTPError, OSError) as exc:
            raise HubSilentError(name) from exc

    def _info(self, name: str) -> ModelInfo:
        return HfApi(endpoint=self.endpoint).model_info(
            name, timeout=self.patience_s, files_metadata=True
        )

    def _download(self, name: str, info: ModelInfo, files: Files, progress: Progress) -> HubCopy:
        """Take files one by one in this thread: a snapshot's pool of threads is joined at exit."""
        done, total = 0, sum(files.values())
        for file, size in files.items():
            self._fetch(name, file, info.sha, _bars(done, total, progress))
            done += size
            progress(done, total)
        # Now that all is there, the cache may know it by name: a cut short download is no model
        last = self._fetch(name, file, _MAIN, _bars(total, total, progress))
        folder = last.parents[len(Path(file).parts) - 1]
        return HubCopy(folder, folder.name)

    def _fetch(self, name: str, file: str, revision: str | None, bars: type[tqdm]) -> Path:
        return Path(
            hf_hub_download(
                name,
                file,
                revision=revision,
                cache_dir=self.cache,
                endpoint=self.endpoint,
                tqdm_class=bars,
            )
        )


HUB = Hub()


def unseen(_done: int, _total: int) -> None:
    """Take no notice of progress."""


def _chosen(info: ModelInfo, patterns: Sequence[str], fallback: Sequence[str]) -> Files:
    """Return the files to take, those of `fallback` too where no weights are safe."""
    files = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    chosen = _matching(files, patterns)
    if any(name.endswith(_SAFE_WEIGHTS) for name in chosen):
        return chosen
    return chosen | _matching(files, fallback)


def _matching(files: Files, patterns: Sequence[str]) -> Files:
    return {
        name: size
        for name, size in files.items()
        if any(fnmatch(name, pattern) for pattern in patterns)
    }


def _bars(before: int, total: int, progress: Progress) -> type[tqdm]:
    """Make a progress bar class that draws nothing and reports bytes to the hook."""
    done = before

    class Bar(tqdm):
        monitor_interval = 0

        def __init__(self, *args: object, **kwargs: object) -> None:
            # Disabled, for a bar that is enabled may keep the process from ending
            super().__init__(*args, **kwargs | {"disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            # Two bars may count the same bytes, as received and as written: the further one holds
            nonlocal done
            self.n += n or 0
            reached = min(before + int(self.n), total)
            if reached > done:
                done = reached
                progress(done, total)

    return Bar
