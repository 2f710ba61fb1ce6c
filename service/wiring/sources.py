"""Which source photos come from."""

from cache.clock import Clock
from service.errors import SetupError
from service.settings import Settings
from service.sources.folder import FolderSource
from service.sources.pixabay import PixabaySource
from service.sources.protocol import ImageSource

__all__ = ["choose_source"]


def choose_source(settings: Settings, clock: Clock) -> ImageSource:
    """
    Return the source the settings name.

    Raises:
        SetupError: If there is none, or it lacks something.
    """
    chosen = settings.source
    if chosen == "auto":
        chosen = "pixabay" if settings.pixabay_api_key else "folder"
    if chosen == "pixabay":
        return PixabaySource.from_settings(settings, clock)
    if settings.folder is None:
        raise SetupError(
            "There is nothing to search yet: set NEARHIT_PIXABAY_API_KEY (a free key from "
            "https://pixabay.com/api/docs/), or NEARHIT_FOLDER to a folder of your own photos."
        )
    return FolderSource.from_settings(settings, clock)
