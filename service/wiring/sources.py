"""Which source photos come from."""

from cache.clock import Clock
from cache.digest import digest
from cache.sharing.quota import SharedQuota
from cache.stores.protocol import Store
from service.settings import Settings
from service.sources.folder import FolderSource
from service.sources.pixabay import PixabaySource
from service.sources.protocol import ImageSource
from service.wiring.demo import DEMO, demo_settings

__all__ = ["choose_source"]


def choose_source(
    settings: Settings, store: Store, clock: Clock, demo_url: str | None
) -> ImageSource:
    """
    Return the source the settings name.

    Args:
        settings: Name it.
        store: Holds the quota that all replicas share.
        clock: Measures it.
        demo_url: Address of the demo's own photo source, where that is what is searched.

    Raises:
        SetupError: If it lacks something.
    """
    if demo_url is not None:
        quota = SharedQuota(store, DEMO.identity, clock)
        return PixabaySource.from_settings(demo_settings(settings, demo_url), quota, DEMO)
    if settings.chosen_source == "pixabay":
        quota = SharedQuota(store, _account(settings), clock)
        return PixabaySource.from_settings(settings, quota)
    return FolderSource.from_settings(settings, clock)


def _account(settings: Settings) -> str:
    """Return a name for who calls which API; the key itself is not to be had from it."""
    key = settings.pixabay_api_key
    return digest(settings.pixabay_url, key.get_secret_value() if key else "")
