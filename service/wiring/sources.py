"""Which source photos come from."""

from cache.clock import Clock
from service.settings import Settings
from service.sources.folder import FolderSource
from service.sources.pixabay import PixabaySource
from service.sources.protocol import ImageSource
from service.wiring.demo import DEMO, demo_settings

__all__ = ["choose_source"]


def choose_source(settings: Settings, clock: Clock, demo_url: str | None) -> ImageSource:
    """
    Return the source the settings name.

    Args:
        settings: Name it.
        clock: Measures its quota.
        demo_url: Address of the demo's own photo source, where that is what is searched.

    Raises:
        SetupError: If it lacks something.
    """
    if demo_url is not None:
        return PixabaySource.from_settings(demo_settings(settings, demo_url), clock, DEMO)
    if settings.chosen_source == "pixabay":
        return PixabaySource.from_settings(settings, clock)
    return FolderSource.from_settings(settings, clock)
