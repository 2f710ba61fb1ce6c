"""The demo's own small CLIP: how it is built, trained and put together."""
