"""Settings of a service under test."""

from pathlib import Path
from typing import Any

from service.settings import Settings

__all__ = ["make_settings"]


def make_settings(url: str, models: dict[str, Path], folder: Path, **rest: Any) -> Settings:
    """Return settings that read nothing from outside."""
    values: dict[str, Any] = {
        "pixabay_api_key": "demo-key",
        "pixabay_url": f"{url}/api/",
        "photo_hosts": ["127.0.0.1"],
        "clip_model": str(models["clip"]),
        "query_model": str(models["query"]),
        # The others make a graph first, which takes seconds
        "query_backend": "torch",
        "device": "cpu",
        "store": f"sqlite:///{folder / 'nearhit.db'}",
        "photo_folder": folder / "photos",
        "photo_timeout_s": 2.0,
    }
    return Settings(_env_file=None, **(values | rest))
