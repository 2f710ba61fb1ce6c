"""
The model hub and its cache, behind time-outs that end.

The hub's client waits without limit by default and shows its own progress
bars; here one short probe decides whether it can be reached, and bars become
calls of a hook.
"""

import io
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeVar

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from huggingface_hub.hf_api import ModelInfo

# The HTTP library the hub's client uses, whichever that is in its version
from huggingface_hub.utils import httpx  # type: ignore[attr-defined]
from huggingface_hub.utils.tqdm import tqdm

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

# Opened by the hub's own bot; anyone may open a request, so title and author are both checked
_CONVERSION_TITLE = "Adding `safetensors` variant of this model"
_CONVERSION_AUTHOR = "SFconvertbot"
_MAIN = "main"
_SAFE_WEIGHTS = ".safetensors"

T = TypeVar("T")


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

    def cached(self, name: str, wanted: Sequence[str]) -> list[HubCopy]:
        """
        Return the snapshots on this machine, the main revision first.

        Args:
            name: The hub name.
            wanted: Patterns of the files that must be there where the hub had them.
        """
        revisions = (_MAIN, *self._conversions(name))
        copies = (self._cached(name, revision, [*wanted]) for revision in revisions)
        return [copy for copy in copies if copy]

    def download(
        self, name: str, patterns: Sequence[str], fallback: Sequence[str], progress: Progress
    ) -> HubCopy:
        """
        Bring a model into the cache.

        A repository without safetensors is taken from the bot's conversion of
        it, as transformers does, else with the `fallback` files.

        Args:
            name: The hub name.
            patterns: The files wanted, safetensors among them.
            fallback: Weight files to take where there are no safetensors.
            progress: Called with bytes done and bytes in all, from any thread.

        Raises:
            HubSilentError: If the hub does not answer.
            HubRefusalError: If it has no such model for us.
        """
        try:
            info = _within(self.patience_s, lambda: self._info(name, _MAIN))
            return self._download(name, info, [*patterns], [*fallback], progress)
        except (HfHubHTTPError, HFValidationError) as exc:
            raise HubRefusalError(name) from exc
        except (httpx.HTTPError, OSError) as exc:
            raise HubSilentError(name) from exc

    def _download(
        self,
        name: str,
        info: ModelInfo,
        patterns: list[str],
        fallback: list[str],
        progress: Progress,
    ) -> HubCopy:
        revision = _MAIN
        if not any(file.endswith(_SAFE_WEIGHTS) for file in _chosen(info, patterns)):
            if conversion := self._conversion(name, info):
                revision, info = conversion, self._info(name, conversion)
            else:
                patterns = patterns + fallback
        sizes = _chosen(info, patterns)
        folder = snapshot_download(
            name,
            revision=revision,
            cache_dir=self.cache,
            endpoint=self.endpoint,
            allow_patterns=patterns,
            tqdm_class=_bars(sum(sizes.values()), progress),
        )
        progress(sum(sizes.values()), sum(sizes.values()))
        return HubCopy(Path(folder), info.sha or "")

    def _info(self, name: str, revision: str) -> ModelInfo:
        return HfApi(endpoint=self.endpoint).model_info(
            name, revision=revision, timeout=self.patience_s, files_metadata=True
        )

    def _conversion(self, name: str, info: ModelInfo) -> str | None:
        """The bot's open request that adds safetensors to the present main revision, if any."""
        api = HfApi(endpoint=self.endpoint)
        for request in api.get_repo_discussions(name, discussion_type="pull_request"):
            if (request.title, request.author) != (_CONVERSION_TITLE, _CONVERSION_AUTHOR):
                continue
            reference = request.git_reference
            if request.status == "open" and reference:
                commits = api.list_repo_commits(name, revision=reference)
                if len(commits) > 1 and commits[1].commit_id == info.sha:
                    return reference
        return None

    def _cached(self, name: str, revision: str, wanted: list[str]) -> HubCopy | None:
        try:
            folder = snapshot_download(
                name,
                revision=revision,
                cache_dir=self.cache,
                local_files_only=True,
                allow_patterns=wanted,
            )
        except (LocalEntryNotFoundError, HFValidationError):
            return None
        return HubCopy(Path(folder), Path(folder).name)

    def _conversions(self, name: str) -> list[str]:
        """Revisions of pull requests that were downloaded."""
        repository = Path(self.cache or HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
        requests = sorted((repository / "refs" / "refs" / "pr").glob("*"))
        return [f"refs/pr/{request.name}" for request in requests]


HUB = Hub()


def unseen(_done: int, _total: int) -> None:
    """Take no notice of progress."""


def _chosen(info: ModelInfo, patterns: list[str]) -> dict[str, int]:
    """Names and sizes of the files a download would take."""
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    return {
        name: size
        for name, size in sizes.items()
        if any(fnmatch(name, pattern) for pattern in patterns)
    }


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns; a name server's silence counts, unlike in a socket's time-out."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as exc:  # noqa: BLE001 - handed to the waiting thread, whatever it is
            future.set_exception(exc)

    threading.Thread(target=run, name="nearhit-hub-probe", daemon=True).start()
    return future.result(seconds)


def _bars(total: int, progress: Progress) -> type[tqdm]:
    """Make a progress bar class that draws nothing and reports bytes to the hook."""
    done = 0

    class Bar(tqdm):
        monitor_interval = 0

        def __init__(self, *args: object, **kwargs: object) -> None:
            kwargs.update(disable=False, file=io.StringIO())
            kwargs.pop("name", None)
            super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

        def display(self, *_args: object, **_kwargs: object) -> None:
            # Two bars count the same bytes, as received and as written: the further one holds
            nonlocal done
            if self.unit == "B" and self.n > done:
                done = min(int(self.n), total)
                progress(done, total)

    return Bar
